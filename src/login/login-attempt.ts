/**
 * One login attempt around whatever decides it: a reference, exactly one audit record, faults turned into refusals.
 */
import { type Clock, millisecondsSince, type Timer } from '../clock.ts';
import { type Denial, denial } from '../denial.ts';
import type { DirectoryAccount, Group } from '../directory/directory.ts';
import { type StepRecorder, unrecorded } from '../explanation.ts';
import type { AuditTrail, LoginAttempt } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { printable } from '../operations/printable.ts';
import { createReference } from '../operations/reference.ts';
import type { AuthenticatedLogin, Authenticator, LoginRequest, Verdict } from './authenticator.ts';
import { decisionForFault } from './fault-decision.ts';
import { type Recheck, recheckBy, recheckOf, standingRequest } from './login-recheck.ts';

export interface AttemptParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timer: Timer;
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
 * A reference in the decision is that of somebody else’s record of it, and becomes that of ours. `prior` says that the login was
 * granted before, and nobody is there to give a password.
 * @throws DirectoryUnavailableError | DirectoryAnswerError; whatever else it throws is a fault, and nobody is let in
 */
export type Decide = (
  request: ExplainedRequest,
  steps: StepRecorder,
  found: Finder,
  prior?: PriorLogin,
) => Promise<Decision>;

/** A login that was granted and runs; a password that was right then is not kept, and not asked for again. */
export type PriorLogin = Pick<AuthenticatedLogin, 'passwordProven'>;

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
  readonly recheck: Recheck;
}

export function authenticatorBy(decide: Decide, attemptParts: AttemptParts): ExplainingAuthenticator {
  const recheck = recheckBy(decide, attemptParts.logger);
  const parts = { ...attemptParts, recheck };
  return {
    authenticate: async (request) =>
      (await attempt(decide, parts, request, unrecorded))?.verdict ?? { outcome: 'password-required' },
    explain: async (request, steps) => (await attempt(decidedAtOnce(decide), parts, request, steps)).verdict,
    resolve: (request, steps) => attempt(decidedAtOnce(decide), parts, request, steps),
    recheck,
  };
}

type RecheckingParts = AttemptParts & { readonly recheck: Recheck };

type Taken = Exclude<Decision, { outcome: 'password-required' }>;
type DecideAtOnce = (...args: Parameters<Decide>) => Promise<Taken>;

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
  parts: RecheckingParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution>;
async function attempt(
  decide: Decide,
  parts: RecheckingParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution | undefined>;
async function attempt(
  decide: Decide,
  parts: RecheckingParts,
  request: ExplainedRequest,
  steps: StepRecorder,
): Promise<Resolution | undefined> {
  const { audit, logger, timer } = parts;
  const startedAt = timer();
  let findings: Findings = {};
  let mapped: MappedAccount | undefined;
  const found: Finder = (more, account) => {
    findings = { ...findings, ...more };
    mapped = account ?? mapped;
  };
  let decision: Decision;
  let fault: unknown;
  try {
    decision =
      audit.loginObstacle === undefined ? await decide(request, steps, found) : unrecordable(audit.loginObstacle);
  } catch (error) {
    decision = decisionForFault(error);
    fault = error;
  }
  if (decision.outcome === 'password-required') return undefined;
  const write = (taken: Taken): LoginAttempt => {
    const record: LoginAttempt = {
      event: 'login',
      outcome: taken.outcome,
      reference: taken.reference ?? createReference(),
      ...(request.binding !== undefined && { binding: request.binding }),
      connectionId: request.connectionId,
      remoteAddress: request.remoteAddress,
      claimedName: printable(request.claimedName ?? ''),
      ...(request.caller !== undefined && { caller: printable(request.caller) }),
      tls: request.tls,
      ...findings,
      ...(taken.outcome === 'granted' ? {} : { denial: taken.denial }),
      durationMilliseconds: millisecondsSince(startedAt, timer),
    };
    audit.write(record);
    return record;
  };
  let record = write(decision);
  if (decision.outcome === 'granted' && !(await audit.arrived())) {
    decision = unrecordable(`the login ${record.reference} was granted, and its record did not arrive in time`);
    record = write(decision);
  }
  const { reference } = record;
  if (fault !== undefined) logger.error('login-fault', { reference, connectionId: request.connectionId, error: fault });
  const verdict: Resolution['verdict'] =
    decision.outcome === 'granted'
      ? { ...decision, login: rechecked(decision.login, parts.recheck, request), reference }
      : { ...decision, reference };
  return { verdict, record, ...(mapped && { mapped }) };
}

/** Whoever logs in must be found in the audit trail. */
function unrecordable(obstacle: string): Taken {
  return { outcome: 'unavailable', denial: denial('audit-unwritable', `No record can be written: ${obstacle}.`) };
}

function rechecked(
  login: Omit<AuthenticatedLogin, 'recheck'>,
  recheck: Recheck,
  request: ExplainedRequest,
): AuthenticatedLogin {
  return { ...login, recheck: recheckOf(recheck, standingRequest(request), login) };
}
