/**
 * The decision about a login once more, while its session runs. It takes over new rights, ends what leads to another account or
 * home, and keeps what cannot be decided; it holds no password and writes no record.
 */
import { type Denial, type DenialCode, denial } from '../denial.ts';
import { unrecorded } from '../explanation.ts';
import type { Logger } from '../operations/log.ts';
import type { AuthenticatedLogin, Standing } from './authenticator.ts';
import { decisionForFault } from './fault-decision.ts';
import type { Decide, Decision, ExplainedRequest } from './login-attempt.ts';

/** A request as a running session keeps it: without the password. */
export type StandingRequest = Omit<ExplainedRequest, 'password'> & { readonly password?: never };

/** What a running session was granted, and works with. */
export type GrantedLogin = Omit<AuthenticatedLogin, 'accessRights' | 'certificateSha256' | 'validUntil' | 'recheck'>;

export type Recheck = (request: StandingRequest, granted: GrantedLogin) => Promise<Standing | undefined>;

/** Without an answer a running session goes on: an outage is no reason to cut everybody off, and nothing new is allowed by it. */
const undecided: ReadonlySet<DenialCode> = new Set([
  'directory-unavailable',
  'mapping-service-unavailable',
  'revocation-unknown',
]);

/**
 * Copies what a session may keep. The copy is made here, away from every closure: a closure would keep the whole request of the
 * login alive beside it, and the password in it.
 * @param request of a login that was granted
 */
export function standingRequest({ password: _, ...request }: ExplainedRequest): StandingRequest {
  return request;
}

/** `AuthenticatedLogin.recheck` for one login. */
export function recheckOf(recheck: Recheck, request: StandingRequest, granted: GrantedLogin) {
  const { accountName, directory, accountId, homeDirectory, passwordProven = false } = granted;
  const kept = { accountName, directory, homeDirectory, passwordProven, ...(accountId !== undefined && { accountId }) };
  return () => recheck(request, kept);
}

/** @returns a function that never rejects; see `AuthenticatedLogin.recheck` */
export function recheckBy(decide: Decide, logger: Logger): Recheck {
  return async (request, granted) => {
    const { connectionId } = request;
    let decision: Decision;
    try {
      decision = await decide(request, unrecorded, () => undefined, granted);
    } catch (error) {
      decision = decisionForFault(error);
      logger.warn('login-recheck-failed', { connectionId, error });
    }
    switch (decision.outcome) {
      case 'granted': {
        const { accessRights, validUntil } = decision.login;
        const change = anotherAccount(decision.login, granted) ?? anotherHome(decision.login, granted);
        if (change) return { outcome: 'withdrawn', denial: change };
        return { outcome: 'confirmed', accessRights, ...(validUntil && { validUntil }) };
      }
      case 'password-required': {
        const detail = 'The site wants a password now, and the login was granted without one.';
        return { outcome: 'withdrawn', denial: denial('password-missing', detail) };
      }
      case 'denied':
      case 'unavailable':
        if (!undecided.has(decision.denial.code)) return { outcome: 'withdrawn', denial: decision.denial };
        logger.warn('login-recheck-undecided', { connectionId, code: decision.denial.code });
        return undefined;
    }
  };
}

/** A session’s records bear the name it began with, so it must not live on the right of another account, nor under a former name. */
function anotherAccount(now: GrantedLogin, granted: GrantedLogin): Denial | undefined {
  const sameId = now.accountId === granted.accountId || now.accountId === undefined || granted.accountId === undefined;
  if (now.accountName === granted.accountName && now.directory === granted.directory && sameId) return undefined;
  const [then, later] = [granted, now].map(({ accountName, directory, accountId }) =>
    [accountName, 'in', directory, ...(accountId === undefined ? [] : [`(${accountId})`])].join(' '),
  );
  return denial('account-changed', 'The login leads to another account, directory or name than when it was granted.', {
    granted: then,
    now: later,
  });
}

function anotherHome({ homeDirectory }: GrantedLogin, granted: GrantedLogin): Denial | undefined {
  if (homeDirectory === granted.homeDirectory) return undefined;
  const facts = { granted: granted.homeDirectory, now: homeDirectory };
  return denial('home-changed', 'The account’s home is another than when the login was granted.', facts);
}
