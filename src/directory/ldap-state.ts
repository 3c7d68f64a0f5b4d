/** The state of an OpenLDAP or 389 Directory Server account: password policy lock, account lock, shadow expiry. */
import type { AccountState } from './account-state.ts';
import { dateFromGeneralizedTime } from './generalized-time.ts';
import type { LdapEntry } from './ldap-entry.ts';

/** Operational attributes come only when asked for by name. */
export const ldapStateAttributes = ['pwdAccountLockedTime', 'nsAccountLock', 'shadowExpire'] as const;

/** slapo-ppolicy: this value locks for good. */
const lockedForGood = '000001010000Z';
const millisecondsPerDay = 86_400_000;

/**
 * @param lockoutDuration milliseconds after which the password policy's lock lapses; undefined: it does not
 * @throws DirectoryAnswerError when an attribute cannot be read
 */
export function ldapStateFrom(entry: LdapEntry, lockoutDuration: number | undefined): AccountState {
  const lockedUntil = entry.read('pwdAccountLockedTime', (text) => endOfLock(text, lockoutDuration));
  const expiresAt = entry.read('shadowExpire', endOfShadowAccount);
  return {
    type: 'person',
    disabled: entry.read('nsAccountLock', readBoolean) ?? false,
    ...(lockedUntil !== undefined && { lockedUntil }),
    ...(expiresAt instanceof Date && { expiresAt }),
    smartcardRequired: false,
  };
}

function endOfLock(text: string, lockoutDuration: number | undefined): Date | 'never-ends' | undefined {
  if (text === lockedForGood) return 'never-ends';
  const since = dateFromGeneralizedTime(text);
  if (since === undefined || lockoutDuration === undefined) return since && 'never-ends';
  return new Date(since.getTime() + lockoutDuration);
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
