/** A validator over the authorities of a test, and what it says of a chain. */
import { unrecorded } from '../../../src/explanation/steps.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import {
  type CertificateValidatorOptions,
  createCertificateValidator,
  type ValidationResult,
} from '../../../src/pki/path/certificate-validator.ts';
import { type Issued, now } from './authority.ts';

export interface Setting extends Partial<Omit<CertificateValidatorOptions, 'trustAnchors' | 'intermediates'>> {
  readonly anchors: readonly Issued[];
  readonly intermediates?: readonly Issued[];
}

export function validatorFor({ anchors, intermediates = [], ...options }: Setting) {
  return createCertificateValidator({
    trustAnchors: anchors.map(({ der }) => parseCertificate(der)),
    intermediates: intermediates.map(({ der }) => parseCertificate(der)),
    crls: [],
    requiredExtendedKeyUsage: [oids.clientAuth],
    acceptedPolicies: [],
    revocation: { mode: 'none', freshnessSeconds: 0 },
    clock: { now: () => now },
    logger: silentLogger,
    ...options,
  });
}

/** `valid`, or the code of the refusal. */
export async function verdictOf(setting: Setting, peer: readonly (Issued | Buffer)[]): Promise<string> {
  const certificates = peer.map((sent) => (Buffer.isBuffer(sent) ? sent : sent.der));
  return codeOf(await validatorFor(setting).validate(certificates, unrecorded));
}

export function codeOf(result: ValidationResult): string {
  return result.outcome === 'valid' ? 'valid' : result.denial.code;
}
