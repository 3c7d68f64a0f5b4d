/**
 * How far one login has come. A stage is given the proof of the stage before it and returns its own, so that none can be left
 * out; what was found on the way is handed on for the record, however the login ends.
 */
import type { Denial } from '../denial.ts';
import type { DirectoryAccount, Group } from '../directory/directory.ts';
import type { LoginAttempt } from '../operations/audit.ts';
import { decisionForFault } from './fault-decision.ts';

/** The account a login was mapped to, for those who hand it on; `groups` is absent when the login ended before they were read. */
export interface MappedAccount {
  readonly account: Pick<
    DirectoryAccount,
    'directory' | 'accountName' | 'distinguishedName' | 'sid' | 'userPrincipalName' | 'dnsDomain' | 'homeDirectory'
  >;
  readonly groups?: readonly Group[];
}

/** What one stage found out, or all of them so far. */
interface Findings
  extends Pick<
    LoginAttempt,
    | 'certificate'
    | 'path'
    | 'trustAnchor'
    | 'policies'
    | 'evidence'
    | 'rule'
    | 'mappingReason'
    | 'account'
    | 'authenticationMethod'
  > {
  readonly mapped?: MappedAccount;
  /** Of another service’s record of the same decision; ours takes it over. */
  readonly reference?: string;
}

/** Why a login ends without being granted. */
type Ending =
  | { readonly outcome: 'denied' | 'unavailable'; readonly denial: Denial }
  /** Nothing speaks against the login so far, and a password is needed to decide it. */
  | { readonly outcome: 'password-required' };

/** What a stage comes to. */
export type StageResult<Proof> = { readonly findings?: Findings } & (
  | { readonly outcome: 'passed'; readonly proof: Proof }
  | Ending
);

export type Progress<Proof> = {
  readonly findings: Findings;
  /** What a stage threw, where that ended the login. */
  readonly fault?: unknown;
} & ({ readonly outcome: 'passed'; readonly proof: Proof } | Ending);

/** Where every login begins: nothing is proved. */
export const begun: Progress<undefined> = { outcome: 'passed', proof: undefined, findings: {} };

/**
 * Runs the next stage, unless the login has ended. Never rejects.
 * @param stage what it throws ends the login: DirectoryUnavailableError and DirectoryAnswerError are foreseen, the rest are faults
 */
export async function next<Before, Proof>(
  before: Progress<Before>,
  stage: (proof: Before) => StageResult<Proof> | Promise<StageResult<Proof>>,
): Promise<Progress<Proof>> {
  if (before.outcome !== 'passed') return before;
  const { findings } = before;
  try {
    const result = await stage(before.proof);
    return { ...result, findings: { ...findings, ...result.findings } };
  } catch (fault) {
    return { ...decisionForFault(fault), findings, fault };
  }
}
