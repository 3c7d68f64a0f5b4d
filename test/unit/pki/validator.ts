/** A validator over the authorities of a test, and what it says of a chain. */

import { unrecorded } from '../../../src/explanation/steps.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import {
  type CertificateValidatorOptions,
  createCertificateValidator,
  type ValidationResult,
} from '../../../src/pki/path/certificate-validator.ts';
import type { PathSettings } from '../../../src/pki/path/path-settings.ts';
import { type Issued, now } from '../../support/handmade-certificates.ts';
import { pathSettingsOf, type RevocationChanges, revocationBy } from '../../support/validation-settings.ts';

type Options = Omit<CertificateValidatorOptions, 'trustAnchors' | 'intermediates' | 'settings' | 'revocation'>;

export interface Setting extends Partial<Options>, Partial<PathSettings> {
  readonly anchors: readonly Issued[];
  readonly intermediates?: readonly Issued[];
  readonly revocation?: RevocationChanges;
}

export function validatorFor({ anchors, intermediates = [], revocation = { mode: 'none' }, ...changes }: Setting) {
  return createCertificateValidator({
    trustAnchors: anchors.map(({ der }) => parseCertificate(der)),
    intermediates: intermediates.map(({ der }) => parseCertificate(der)),
    crls: [],
    settings: pathSettingsOf({ requiredExtendedKeyUsage: [oids.clientAuth], ...changes }),
    algorithms: defaultAlgorithmPolicy,
    revocation: revocationBy(revocation),
    clock: { now: () => now },
    logger: silentLogger,
    ...changes,
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
