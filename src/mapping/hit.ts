/** What one resolution has come to so far, and what it knows of each account found. */
import type { Directory, DirectoryAccount } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import type { CertificateWithIdentity } from './sssd/certificate-values.ts';
import type { Classification } from './strength.ts';

export interface Hit extends Classification {
  readonly account: DirectoryAccount;
  readonly directory: Directory;
  /** Name of the rule that found it last. */
  readonly rule: string;
}

export interface RuleSearch {
  readonly validated: ValidatedCertificate;
  readonly facts: CertificateWithIdentity;
  readonly claimedName: string | undefined;
  readonly steps: StepRecorder;
  /** Every distinct account found by any rule, by its key. */
  readonly found: Map<string, Hit>;
}

/** Equal for one account only. With the name beside the id, two entries never pass for one, whatever the directory gives as id. */
export function keyOfHit({ directory, account }: Pick<Hit, 'directory' | 'account'>): string {
  return JSON.stringify([directory.name, account.id, account.distinguishedName]);
}
