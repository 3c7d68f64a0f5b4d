/** The certificate whose revocation status is asked for, together with its place on a certification path. */
import type { Certificate } from '../certificate/certificate.ts';
import type { CertificationPath } from '../path/path-validator.ts';

/** A certificate whose status is asked for, with what already vouches for it. */
export interface Subject {
  readonly certificate: Certificate;
  /** The certificate with whose key it was verified. */
  readonly issuer: Certificate;
  /** The certificates above it on its path, the issuer first and the trust anchor last. */
  readonly above: readonly Certificate[];
  readonly trustAnchor: Certificate;
}

/** The subject at an index of a path that begins with the end entity. */
export function subjectAt({ certificates, trustAnchor }: CertificationPath, index: number): Subject | undefined {
  const certificate = certificates[index];
  const above = [...certificates.slice(index + 1), trustAnchor];
  return certificate && { certificate, issuer: above[0] ?? trustAnchor, above, trustAnchor };
}
