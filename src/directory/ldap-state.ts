/**
 * The state of an account outside Active Directory: locks of OpenLDAP's password policy and of 389 Directory Server, accounts made
 * inactive, and the ends that shadow, password policy and Kerberos (FreeIPA) attributes set. The strictest of them counts.
 */
import type { AccountState } from './account-state.ts';
import type { Searcher } from './connection/connection-pool.ts';
import { DirectoryUnavailableError } from './directory.ts';
import { dateFromGeneralizedTime } from './generalized-time.ts';
import type { LdapEntry } from './ldap-entry.ts';
import type { LockoutSettings } from './ldap-settings.ts';
import { anyEntry } from './search-filter.ts';

/** Operational attributes come only when asked for by name. */
export const ldapStateAttributes = [
  'pwdAccountLockedTime',
  'pwdPolicySubentry',
  'pwdStartTime',
  'pwdEndTime',
  'nsAccountLock',
  'accountUnlockTime',
  'shadowExpire',
  'krbPrincipalExpiration',
] as const;

/** slapo-ppolicy: this value locks for good. */
const lockedForGood = '000001010000Z';
const millisecondsPerDay = 86_400_000;

/** @throws DirectoryAnswerError when an attribute cannot be read */
export async function ldapStateFrom(
  entry: LdapEntry,
  searcher: Pick<Searcher, 'search'>,
  settings: LockoutSettings,
): Promise<AccountState> {
  const locks = [await policyLock(entry, searcher, settings), entry.read('accountUnlockTime', endOfUnlockTime)].filter(
    (lock) => lock !== undefined,
  );
  const ends = [
    entry.read('shadowExpire', endOfShadowAccount),
    entry.read('pwdEndTime', dateFromGeneralizedTime),
    entry.read('krbPrincipalExpiration', dateFromGeneralizedTime),
  ].filter((end) => end instanceof Date);
  const startsAt = entry.read('pwdStartTime', dateFromGeneralizedTime);
  const lockedUntil = latest(locks);
  return {
    type: 'person',
    disabled: entry.read('nsAccountLock', readBoolean) ?? false,
    startsAt,
    lockedUntil,
    ...(ends.length > 0 && { expiresAt: new Date(Math.min(...ends.map((end) => end.getTime()))) }),
    smartcardRequired: false,
  };
}

/** The policy is read only for accounts that are locked; without an answer to that the lock does not end. */
async function policyLock(
  entry: LdapEntry,
  searcher: Pick<Searcher, 'search'>,
  { defaultPasswordPolicy, lockoutDuration }: LockoutSettings,
): Promise<Date | 'never-ends' | undefined> {
  const since = entry.read('pwdAccountLockedTime', (text) =>
    text === lockedForGood ? 'never-ends' : dateFromGeneralizedTime(text),
  );
  if (!(since instanceof Date)) return since;
  const policy = entry.text('pwdPolicySubentry') ?? defaultPasswordPolicy;
  const duration = policy === undefined ? lockoutDuration : await durationOf(policy, searcher);
  return duration === undefined ? 'never-ends' : new Date(since.getTime() + duration);
}

/** @returns pwdLockoutDuration in milliseconds; undefined when locks under this policy do not lapse, or it cannot be read */
async function durationOf(policy: string, searcher: Pick<Searcher, 'search'>): Promise<number | undefined> {
  try {
    const [entry] = await searcher.search({
      base: policy,
      scope: 'base',
      filter: anyEntry,
      attributes: ['pwdLockoutDuration'],
      sizeLimit: 1,
    });
    const seconds = entry?.read('pwdLockoutDuration', (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined));
    return seconds ? seconds * 1000 : undefined;
  } catch (error) {
    // a server that answered, and does not have the policy or does not show it
    if (error instanceof DirectoryUnavailableError && error.facts['resultCode'] !== undefined) return undefined;
    throw error;
  }
}

/** 389 Directory Server: the beginning of 1970 stands for a lock that only an administrator ends. */
function endOfUnlockTime(text: string): Date | 'never-ends' | undefined {
  const until = dateFromGeneralizedTime(text);
  return until?.getTime() === 0 ? 'never-ends' : until;
}

function latest(locks: readonly (Date | 'never-ends')[]): Date | 'never-ends' | undefined {
  if (locks.includes('never-ends')) return 'never-ends';
  const moments = locks.filter((lock) => lock instanceof Date).map((lock) => lock.getTime());
  return moments.length === 0 ? undefined : new Date(Math.max(...moments));
}

/** Days since 1970 (RFC 2307); on that day the account is expired, and negative numbers mean never (shadow(5)). */
function endOfShadowAccount(text: string): Date | 'never' | undefined {
  if (/^-[1-9]\d{0,9}$/.test(text)) return 'never';
  return /^\d{1,7}$/.test(text) ? new Date(Number(text) * millisecondsPerDay) : undefined;
}

function readBoolean(text: string): boolean | undefined {
  const value = text.toUpperCase();
  return value === 'TRUE' ? true : value === 'FALSE' ? false : undefined;
}
