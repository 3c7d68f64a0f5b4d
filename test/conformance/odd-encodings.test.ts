/** Certificates with one deviation from DER or RFC 5280 each, and real CA certificates with one odd octet. */

import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../src/pki/certificate/certificate.ts';
import { MalformedError } from '../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../src/pki/encoding/oids.ts';
import { readCertificateBlocks, readCertificates } from '../../src/pki/encoding/pem.ts';
import { createCertificateValidator } from '../../src/pki/path/certificate-validator.ts';
import { pathSettingsOf, revocationBy } from '../support/validation-settings.ts';
import { readVector, skipReason } from './vectors.ts';

async function verdictOf(name: string): Promise<string> {
  const validator = createCertificateValidator({
    trustAnchors: readCertificates(readVector('odd-encodings/old-ca.pem')),
    intermediates: [],
    crls: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [oids.clientAuth], acceptedPolicies: [] }),
    algorithms: defaultAlgorithmPolicy,
    revocation: revocationBy({ mode: 'none', freshness: 0 }),
    clock: { now: () => new Date('2026-12-01T00:00:00Z') },
    logger: silentLogger,
  });
  const result = await validator.validate(readCertificateBlocks(readVector(`odd-encodings/${name}.pem`)), unrecorded);
  return result.outcome === 'valid' ? 'valid' : result.denial.code;
}

describe.skipIf(skipReason)(`Odd encodings${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  it.each(['aki-serial-only', 'app-policies-critical', 'critical-false', 'ku-trailing', 'policy-twice'])(
    '%s is valid',
    async (name) => {
      expect(await verdictOf(name)).toBe('valid');
    },
  );

  it.each(['mod-root', 'police-issuing'])('the CA %s is read', (name) => {
    expect(parseCertificate(readVector(`odd-encodings/ca/${name}.der`)).basicConstraints?.ca).toBe(true);
  });

  it('of the CA police-issuing two of three URLs are left', () => {
    const { crlDistributionPoints } = parseCertificate(readVector('odd-encodings/ca/police-issuing.der'));
    expect(crlDistributionPoints.flatMap(({ name }) => (name?.kind === 'fullName' ? name.names : []))).toHaveLength(2);
  });

  it('cA TRUE as 01 stays refused: strict readers and others do not agree whether it is a CA', () => {
    expect(() => parseCertificate(readVector('odd-encodings/ca/utility-issuing.der'))).toThrow(MalformedError);
  });
});
