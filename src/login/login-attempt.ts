/**
 * One login attempt around whatever decides it: a reference, exactly one audit record, faults turned into refusals, and the same
 * decision again while a session runs.
 */
import type { Clock } from '../clock.ts';
import { type Denial, type DenialCode, denial } from '../denial.ts';
import {
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
  type Group,
} from '../directory/directory.ts';
import { type StepRecorder, unrecorded } from '../explanation.ts';
import type { AuditTrail, LoginAttempt } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { createReference } from '../operations/reference.ts';
import type { AuthenticatedLogin, Authenticator, LoginRequest, Verdict } from './authenticator.ts';

export interface AttemptParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What a login has found out so far; it grows stage by stage and becomes the audit record. */
type Findings = Pick<
  LoginAttempt,
  'certificate' | 'path' | 'trustAnchor' | 'policies' | 'evidence' | 'rule' | 'mappingReason' | 'account'
>;

export type Finder = (more: Findings, mapped?: MappedAccount) => void;

export type Decision =
  | { readonly outcome: 'granted'; readonly login: Omit<AuthenticatedLogin, 'recheck'>; readonly reference?: string }
  | { readonly outcome: 'denied' | 'unavailable'; readonly denial: Denial; readonly reference?: string }
  /** Nothing speaks against the login so far, and a password is needed to decide it. */
  | { readonly outcome: 'password-required' };

/**
 * Decides one login. `found` takes what belongs into the record as soon as it is known.
 * A reference in the decision is that of somebody else’s record of it, and becomes that of ours. `again` says that the login was
 * granted before, and nobody is there to give a password.
 * @throws DirectoryUnavailableError | DirectoryAnswerError; whatever else it throws is a fault, and nobody is let in
 */
export type Decide = (
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
  again?: boolean,
) => Promise<Decision>;

/** A login that may leave open whom it claims to be: only `cardgate explain` makes such a one, and it lets nobody in. */
export type ExplainedRequest = Omit<LoginRequest, 'claimedName'> & { readonly claimedName: string | undefined };

/** The account a login was mapped to, for those who hand it on; `groups` is absent when the login ended before they were read. */
export interface MappedAccount {
  readonly account: Pick<
    DirectoryAccount,
    'directory' | 'accountName' | 'distinguishedName' | 'sid' | 'userPrincipalName' | 'dnsDomain' | 'homeDirectory'
  >;
  readonly groups?: readonly Group[];
}

/** A verdict with what led to it. */
export interface Resolution {
  readonly verdict: Exclude<Verdict, { readonly outcome: 'password-required' }>;
  /** As it went into the audit trail. */
  readonly record: LoginAttempt;
  readonly mapped?: MappedAccount;
}

/** An authenticator that can also show its steps, for `cardgate explain`, and all it found, for the mapping service. */
export interface ExplainingAuthenticator extends Authenticator {
  explain(request: ExplainedRequest, steps: StepRecorder): Promise<Verdict>;
  resolve(request: ExplainedRequest, steps: StepRecorder): Promise<Resolution>;
  /** What `AuthenticatedLogin.recheck` does, also for a login that was granted by an authenticator that this one replaced. */
  recheck(request: ExplainedRequest, granted: GrantedAccount): Promise<Denial | undefined>;
}

/** Whom a running session works for. */
export type GrantedAccount = Pick<AuthenticatedLogin, 'accountName' | 'directory'>;

export function authenticatorBy(decide: Decide, parts: AttemptParts): ExplainingAuthenticator {
  return {
    authenticate: async (request) =>
      (await attempt(decide, parts, request, unrecorded))?.verdict ?? { outcome: 'password-required' },
    explain: async (request, steps) => (await attempt(decidedAtOnce(decide), parts, request, steps)).verdict,
    resolve: (request, steps) => attempt(decidedAtOnce(decide), parts, request, steps),
    recheck: (request, granted) => recheck(decide, parts, request, granted),
  };
}

type DecideAtOnce = (...args: Parameters<Decide>) => Promise<Exclude<Decision, { outcome: 'password-required' }>>;

/** For callers that nobody can ask for a password. */
function decidedAtOnce(decide: Decide): DecideAtOnce {
  return async (...args) => {
    const decision = await decide(...args);
    if (decision.outcome !== 'password-required') return decision;
    const detail = 'The certificate leads to an account, and the site wants its password as well.';
    return { outcome: 'denied', denial: denial('password-missing', detail) };
  };
}

/** @returns undefined when a password is needed first: nothing is decided then, and nothing recorded */
async function attempt(
  decide: DecideAtOnce,
  parts: AttemptParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution>;
async function attempt(
  decide: Decide,
  parts: AttemptParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution | undefined>;
async function attempt(
  decide: Decide,
  parts: AttemptParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution | undefined> {
  const { audit, clock, logger } = parts;
  const startedAt = clock.now().getTime();
  let findings: Findings = {};
  let mapped: MappedAccount | undefined;
  const found: Finder = (more, account) => {
    findings = { ...findings, ...more };
    mapped = account ?? mapped;
  };
  let decision: Decision;
  let fault: unknown;
  try {
    decision = await decide(request, steps, found);
  } catch (error) {
    decision = decisionForFault(error);
    fault = error;
  }
  if (decision.outcome === 'password-required') return undefined;
  const reference = decision.reference ?? createReference();
  if (fault !== undefined) logger.error('login-fault', { reference, connectionId: request.connectionId, error: fault });
  const record: LoginAttempt = {
    event: 'login',
    outcome: decision.outcome,
    reference,
    connectionId: request.connectionId,
    remoteAddress: request.remoteAddress,
    claimedName: printable(request.claimedName ?? ''),
    ...(request.caller !== undefined && { caller: printable(request.caller) }),
    tls: request.tls,
    ...findings,
    ...(decision.outcome === 'granted' ? {} : { denial: decision.denial }),
    durationMilliseconds: clock.now().getTime() - startedAt,
  };
  audit.write(record);
  // a session that lasts keeps no password
  const { password: _, ...later } = request;
  const verdict: Resolution['verdict'] =
    decision.outcome === 'granted'
      ? {
          ...decision,
          login: { ...decision.login, recheck: () => recheck(decide, parts, later, decision.login) },
          reference,
        }
      : { ...decision, reference };
  return { verdict, record, ...(mapped && { mapped }) };
}

/** Without an answer a running session goes on: an outage is no reason to cut everybody off, and nothing new is allowed by it. */
const undecided: ReadonlySet<DenialCode> = new Set([
  'directory-unavailable',
  'mapping-service-unavailable',
  'revocation-unknown',
]);

async function recheck(
  decide: Decide,
  { logger }: AttemptParts,
  request: ExplainedRequest,
  granted: GrantedAccount,
): Promise<Denial | undefined> {
  const { connectionId } = request;
  let decision: Decision;
  try {
    decision = await decide(request, unrecorded, () => undefined, true);
  } catch (error) {
    decision = decisionForFault(error);
    logger.warn('login-recheck-failed', { connectionId, error });
  }
  if (decision.outcome === 'granted') return anotherAccount(decision.login, granted);
  if (decision.outcome === 'password-required') return denial('password-missing', 'The login wants a password again.');
  if (!undecided.has(decision.denial.code)) return decision.denial;
  logger.warn('login-recheck-undecided', { connectionId, code: decision.denial.code });
  return undefined;
}

/** A session works with the files of the account it began with, so it must not live on the right of another. */
function anotherAccount(now: GrantedAccount, granted: GrantedAccount): Denial | undefined {
  if (now.accountName === granted.accountName && now.directory === granted.directory) return undefined;
  const accounts = [granted, now].map(({ accountName, directory }) => `${accountName} in ${directory}`);
  return denial('mapping-ambiguous', 'The login leads to another account than when it was granted.', { accounts });
}

/** A directory that does not answer, or answers nonsense, is foreseen; everything else is a fault of our own. Neither lets anybody in. */
function decisionForFault(error: unknown): Decision {
  if (error instanceof DirectoryUnavailableError) {
    return { outcome: 'unavailable', denial: denial('directory-unavailable', error.message, error.facts) };
  }
  if (error instanceof DirectoryAnswerError) {
    return { outcome: 'denied', denial: denial('directory-answer-invalid', error.message, error.facts) };
  }
  return {
    outcome: 'unavailable',
    denial: denial('internal-fault', 'The login ended in a fault; the log has its description.'),
  };
}
