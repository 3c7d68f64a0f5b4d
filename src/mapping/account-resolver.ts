/** The mapping port: a validated certificate in, exactly one account or a denial out. */
import type { Denial } from '../denial.ts';
import type { Directory, DirectoryAccount } from '../directory/directory.ts';
import type { StepRecorder } from '../explanation/steps.ts';
import type { ValidatedCertificate } from '../pki/path/validated-certificate.ts';

export type Strength = 'strong' | 'weak';

export type MappingResult =
  | {
      readonly outcome: 'mapped';
      readonly account: DirectoryAccount;
      /** The directory that holds the account. */
      readonly directory: Directory;
      readonly rule: string;
      /**
       * Why the mapping counts: the form or kind it was found by (`sid`, `issuerSerial`, `certificate`, `search` …),
       * `sid-confirms-name`, `pinned-issuer-and-policy`, or for a weak one `compatibility` or `binding-off`.
       */
      readonly reason: string;
    }
  | { readonly outcome: 'denied'; readonly denial: Denial };

export interface AccountResolver {
  /**
   * @param claimedName the argument of USER; it must name the mapped account. Undefined, for explanations only: any account
   * @throws DirectoryUnavailableError when a directory that had to be asked did not answer
   */
  resolve(
    certificate: ValidatedCertificate,
    claimedName: string | undefined,
    steps: StepRecorder,
  ): Promise<MappingResult>;
}
