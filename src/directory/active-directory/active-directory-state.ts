/**
 * The state of an Active Directory account from its attributes. What decides must be there and be readable: an attribute
 * the bind account may not read otherwise looks like permission.
 */
import type { AccountState } from '../account-state.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import { expiryFromFiletime } from './filetime.ts';

const computed = 'msDS-User-Account-Control-Computed';

/** The computed attribute must be asked for by name (MS-ADA2 2.458). */
export const stateAttributes = ['userAccountControl', computed, 'accountExpires', 'logonHours'] as const;

/** MS-ADTS 2.2.16 userAccountControl. */
const flags = {
  accountDisable: 0x2,
  lockout: 0x10,
  temporaryDuplicateAccount: 0x100,
  normalAccount: 0x200,
  interdomainTrustAccount: 0x800,
  workstationTrustAccount: 0x1000,
  serverTrustAccount: 0x2000,
  smartcardRequired: 0x40000,
  partialSecretsAccount: 0x400_0000,
} as const;

/** The first kind whose flag is set; what may not log in stands first. */
const typesInOrder: readonly (readonly [number, AccountState['type']])[] = [
  [flags.temporaryDuplicateAccount, 'temporary-duplicate'],
  [flags.interdomainTrustAccount, 'trust'],
  [flags.workstationTrustAccount | flags.serverTrustAccount | flags.partialSecretsAccount, 'computer'],
  [flags.normalAccount, 'person'],
];

/** @throws DirectoryAnswerError when an attribute is missing or cannot be read */
export function accountStateFrom(entry: LdapEntry): AccountState {
  for (const attribute of ['userAccountControl', computed, 'accountExpires']) entry.requiredText(attribute);
  const control = entry.read('userAccountControl', readFlags) ?? 0;
  const computedControl = entry.read(computed, readFlags) ?? 0;
  const expiry = entry.read('accountExpires', expiryFromFiletime);
  const [logonHours, ...more] = entry.octets('logonHours');
  if (more.length > 0) throw entry.unreadable('logonHours', 'has more than one value');
  return {
    type: typesInOrder.find(([flag]) => (control & flag) !== 0)?.[1] ?? 'other',
    disabled: (control & flags.accountDisable) !== 0,
    // the domain controller knows lockoutTime and the lockout duration that applies, and says here whether both lock now
    ...((computedControl & flags.lockout) !== 0 && { lockedUntil: 'never-ends' as const }),
    ...(expiry instanceof Date && { expiresAt: expiry }),
    logonHours,
    smartcardRequired: (control & flags.smartcardRequired) !== 0,
  };
}

/** A signed 32-bit integer in decimal. */
function readFlags(text: string): number | undefined {
  if (!/^(?:0|-?[1-9]\d{0,9})$/.test(text)) return undefined;
  const value = Number(text);
  return value >= -(2 ** 31) && value < 2 ** 31 ? value : undefined;
}
