/** OCSP answers that responders really send, one deviation each: read, verified over the octets as received, and believed. */

import { describe, expect, it } from 'vitest';
import { unrecorded } from '../../src/explanation/steps.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../src/pki/certificate/certificate.ts';
import { readCertificateBlocks } from '../../src/pki/encoding/pem.ts';
import { createCertificateValidator } from '../../src/pki/path/certificate-validator.ts';
import { pathSettingsOf, revocationBy } from '../support/validation-settings.ts';
import { readVector, skipReason } from './vectors.ts';

/** Within the life of all of these answers. */
const time = new Date('2026-11-28T12:00:00Z');

async function verdictWith(answer: Buffer): Promise<string> {
  const [anchor, holder] = ['ocsp-ca', 'ocsp-ee'].map((name) =>
    readCertificateBlocks(readVector(`odd-encodings/${name}.pem`)),
  );
  const validator = createCertificateValidator({
    trustAnchors: (anchor ?? []).map((der) => parseCertificate(der)),
    intermediates: [],
    crls: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [], acceptedPolicies: [] }),
    algorithms: defaultAlgorithmPolicy,
    revocation: revocationBy({
      mode: 'check',
      methods: ['ocsp'],
      freshness: 0,
      ocsp: { files: [{ file: 'answer', der: answer }] },
    }),
    clock: { now: () => time },
    logger: silentLogger,
  });
  const result = await validator.validate(holder ?? [], unrecorded);
  return result.outcome === 'valid' ? 'valid' : `${result.denial.code}: ${JSON.stringify(result.denial.facts)}`;
}

describe.skipIf(skipReason)('an OCSP answer', () => {
  const names = ['plain', 'version', 'empty-extensions', 'raw-nonce'];
  it.each(names)('%s is believed', async (name) => {
    expect(await verdictWith(readVector(`odd-encodings/ocsp-${name}.der`))).toBe('valid');
  });

  it.each(names)('%s is not believed when an octet that is signed differs', async (name) => {
    const altered = Buffer.from(readVector(`odd-encodings/ocsp-${name}.der`));
    const producedAt = altered.indexOf('20261128003120Z');
    altered.write('20261128003121Z', producedAt, 'latin1');
    expect(producedAt).toBeGreaterThan(0);
    expect(await verdictWith(altered)).toMatch(/^revocation-unknown/);
  });
});
