/** The entry to certificate validation: a peer's certificates in, a ValidatedCertificate or the most telling denial out. */
import type { Denial } from '../denial.ts';
import type { StepRecorder } from '../explanation.ts';
import type { Certificate } from './certificate.ts';
import type { ValidatedCertificate } from './validated-certificate.ts';

export type ValidationResult =
  | { readonly outcome: 'valid'; readonly certificate: ValidatedCertificate }
  /** `certificate` is there when the end entity could at least be parsed, so that the record can name it. */
  | { readonly outcome: 'invalid'; readonly denial: Denial; readonly certificate?: Certificate };

export interface CertificateValidator {
  /** `peerCertificates`: DER, end entity first; the rest is untrusted material for path building. Never rejects for anything a peer sent. */
  validate(peerCertificates: readonly Buffer[], steps: StepRecorder): Promise<ValidationResult>;
}
