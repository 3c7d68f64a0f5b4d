/** Chains of BoringSSL whose trust anchor limits the policies below it (RFC 5937), and one with an unknown critical qualifier. */

import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { readCertificateBlocks, readCertificates } from '../../src/pki/encoding/pem.ts';
import { createCertificateValidator } from '../../src/pki/path/certificate-validator.ts';
import { pathSettingsOf, revocationBy } from '../support/validation-settings.ts';
import { readVector, skipReason } from './vectors.ts';

async function verdictOf(name: string): Promise<string> {
  const validator = createCertificateValidator({
    trustAnchors: readCertificates(readVector(`anchor-policies/${name}-root.pem`)),
    intermediates: [],
    crls: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [], acceptedPolicies: [] }),
    algorithms: defaultAlgorithmPolicy,
    revocation: revocationBy({ mode: 'none', freshness: 0 }),
    clock: { now: () => new Date('2021-10-05T12:00:00Z') },
    logger: silentLogger,
  });
  const chain = readCertificateBlocks(readVector(`anchor-policies/${name}-chain.pem`));
  const result = await validator.validate(chain, unrecorded);
  return result.outcome === 'valid' ? 'valid' : result.denial.code;
}

describe.skipIf(skipReason)(`Constraints of trust anchors${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  it.each([
    ['policies-inhibit-anypolicy-by-root-fail', 'certificate-policy-not-acceptable'],
    ['policies-inhibit-mapping-by-root-fail', 'certificate-policy-not-acceptable'],
    ['policies-on-root-wrong', 'certificate-policy-not-acceptable'],
    ['policies-required-by-root-fail', 'certificate-policy-not-acceptable'],
    ['policy-mappings-on-root-fail', 'certificate-policy-not-acceptable'],
    ['unknown-critical-policy-qualifier', 'critical-extension-unknown'],
  ])('%s', async (name, code) => {
    expect(await verdictOf(name)).toBe(code);
  });
});
