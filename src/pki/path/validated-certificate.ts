/** The proof that a certificate was validated: it can be made only in this folder, and login takes nothing less. */
import type { Certificate } from '../certificate/certificate.ts';

export interface RevocationEvidence {
  /** SHA-256 of the certificate whose status it is. */
  readonly certificateSha256: string;
  /** `good-within-grace`: good by evidence that ended at `endedAt`, which the site puts up with for a while. */
  readonly status: 'good' | 'good-within-grace' | 'not-checked';
  readonly method: 'crl' | 'ocsp' | 'none';
  /** File or URL it came from. */
  readonly source: string;
  /** OCSP only: RFC 4514 subject of the certificate whose key signed the response. */
  readonly responder?: string;
  /** OCSP only. */
  readonly producedAt?: Date;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | undefined;
  readonly endedAt?: Date;
}

declare const validated: unique symbol;

export interface ValidatedCertificate {
  readonly [validated]: true;
  readonly certificate: Certificate;
  /** End entity first, the certificate issued by the trust anchor last; the anchor itself is not in it. */
  readonly path: readonly Certificate[];
  readonly trustAnchor: {
    readonly name: string;
    readonly sha256: string;
    /** DER; a rule that pins the key of the issuer is not met without it. */
    readonly subjectPublicKeyInfo?: Buffer;
  };
  /** The user-constrained-policy-set of RFC 5280 6.1.6. */
  readonly policies: 'any-policy' | readonly string[];
  readonly evidence: readonly RevocationEvidence[];
  readonly validatedAt: Date;
}

/** Brands the result of a validation. Only the validator may call it: any other caller lets strangers in. */
export function markValidated(facts: Omit<ValidatedCertificate, typeof validated>): ValidatedCertificate {
  // The brand exists for the compiler only; this is the one place that grants it.
  return facts as ValidatedCertificate;
}
