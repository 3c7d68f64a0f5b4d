/** What is computed from a certificate when it is first needed, kept beside the certificate itself. */
import type { Facts } from '../../explanation/steps.ts';

export interface DerivedFacts {
  /** What steps and denials say of it; see certificate-facts.ts. */
  facts?: Facts;
  /** The hash by which OCSP names its key; see key-hash.ts. */
  keyHash?: Buffer | 'unreadable';
  /** Its name together with its key; see path-builder.ts. */
  identity?: string;
}
