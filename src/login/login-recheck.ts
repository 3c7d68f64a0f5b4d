/**
 * The decision about a login once more, while its session runs. It takes over new rights, ends what leads to another account or
 * home, and keeps what cannot be decided; it holds no password and writes no record.
 */
import { type Denial, type DenialCode, denial } from '../denial.ts';
import type { Logger } from '../operations/log.ts';
import type { Login, Standing } from './authenticator.ts';
import type { Progress } from './login-progress.ts';

/** What a running session was granted, and works with. */
export type GrantedLogin = Pick<
  Login,
  'accountName' | 'directory' | 'accountId' | 'homeDirectory' | 'virtualDirectories' | 'authenticationMethod'
>;

/** Without an answer a running session goes on: an outage is no reason to end every session, and nothing new is allowed by it. */
const undecided: ReadonlySet<DenialCode> = new Set([
  'directory-unavailable',
  'mapping-service-unavailable',
  'revocation-unknown',
]);

/** The part of a login that is compared at each recheck; the rest may be garbage. */
export function grantedLogin(login: Login): GrantedLogin {
  const { accountName, directory, accountId, homeDirectory, virtualDirectories = [], authenticationMethod } = login;
  return { accountName, directory, homeDirectory, virtualDirectories, authenticationMethod, accountId };
}

/**
 * What has become of a login that was granted, by the decision that was taken about it now.
 * @returns undefined where that decides nothing
 */
export function standingOf(
  now: Progress<Login>,
  granted: GrantedLogin,
  connectionId: string,
  logger: Logger,
): Standing | undefined {
  if (now.fault !== undefined) logger.warn('login-recheck-failed', { connectionId, error: now.fault });
  switch (now.outcome) {
    case 'passed': {
      const { accessRights, validUntil } = now.proof;
      const change = anotherAccount(now.proof, granted) ?? anotherHome(now.proof, granted);
      if (change) return { outcome: 'withdrawn', denial: change };
      return { outcome: 'confirmed', accessRights, validUntil };
    }
    case 'password-required': {
      const detail = 'The site wants a password now, and the login was granted without one.';
      return { outcome: 'withdrawn', denial: denial('password-missing', detail) };
    }
    case 'denied':
    case 'unavailable':
      if (!undecided.has(now.denial.code)) return { outcome: 'withdrawn', denial: now.denial };
      logger.warn('login-recheck-undecided', { connectionId, code: now.denial.code });
      return undefined;
  }
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

function anotherHome(later: GrantedLogin, granted: GrantedLogin): Denial | undefined {
  const [then, now] = [placesOf(granted), placesOf(later)];
  if (then === now) return undefined;
  const facts = { granted: then, now };
  return denial('home-changed', 'The account’s home is another than when the login was granted.', facts);
}

function placesOf({ homeDirectory, virtualDirectories = [] }: GrantedLogin): string {
  return [homeDirectory, ...virtualDirectories.map(({ path, physicalPath }) => `${path} = ${physicalPath}`)].join(', ');
}
