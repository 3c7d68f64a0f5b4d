/** What CRLs say of one certificate. */
import type { CertificateRevocationList } from './crl.ts';
import type { RevokedEntry } from './crl-entries.ts';

export type CrlStatus =
  /** `crl`: the oldest of those that were needed to say so. */
  | { readonly status: 'good'; readonly crl: CertificateRevocationList }
  | {
      readonly status: 'revoked';
      readonly crl: CertificateRevocationList;
      readonly entry: RevokedEntry;
      /** When it was so: the time of the CRL, or of a newer delta CRL that lifts nothing. */
      readonly asOf: Date;
      /** Why the CRL says nothing of the present; absent: it is current. */
      readonly outOfDate?: string | undefined;
      /** What in the CRL cannot be understood; absent: nothing. */
      readonly notUnderstood?: string | undefined;
    }
  /** `problems`: why the CRLs looked at did not tell. */
  | { readonly status: 'unknown'; readonly problems: readonly string[] };
