/** Whether an account may log in now. Adapters fill the state from their attributes; the judgement is here, in AD's order. */
import { type Denial, denial } from '../denial.ts';

export interface AccountState {
  /** `person` may log in; anything else may not. */
  readonly type: 'person' | 'computer' | 'trust' | 'temporary-duplicate' | 'other';
  readonly disabled: boolean;
  /** Before this moment the account is not in force. */
  readonly startsAt?: Date | undefined;
  /** `never-ends`: until the directory says otherwise, because an administrator unlocks it or its own lockout time lapses. */
  readonly lockedUntil?: Date | 'never-ends' | undefined;
  /** From this moment on the account is expired. */
  readonly expiresAt?: Date | undefined;
  /** 168 hours of the week from Sunday 00:00 UTC, least significant bit first (MS-SAMR logonHours); absent: always. */
  readonly logonHours?: Buffer | undefined;
  readonly smartcardRequired: boolean;
}

const hoursOfWeek = 168;
const logonHoursOctets = hoursOfWeek / 8;

export interface AccountPolicy {
  /** Admits only accounts that cannot log in anywhere without a smart card. Default false. */
  readonly requireSmartcardRequired?: boolean;
}

/**
 * Disabled, locked, expired, logon hours, type: the order in which Active Directory judges. Password age is not judged,
 * because a card logs in without the password, as S4U2Self has it.
 * @returns undefined when the account may log in at `now`
 */
export function accountDenial(state: AccountState, now: Date, policy: AccountPolicy = {}): Denial | undefined {
  const { disabled, startsAt, lockedUntil, expiresAt, logonHours, type, smartcardRequired } = state;
  if (disabled) return denial('account-disabled', 'The directory marks the account as disabled.');
  if (startsAt !== undefined && now < startsAt) {
    const since = startsAt.toISOString();
    return denial('account-disabled', `The account is not in force before ${since}.`, { startsAt: since });
  }
  if (lockedUntil !== undefined && (lockedUntil === 'never-ends' || lockedUntil > now)) {
    const until = lockedUntil === 'never-ends' ? 'it is unlocked' : lockedUntil.toISOString();
    return denial('account-locked', `The account is locked until ${until}.`, { lockedUntil: until });
  }
  if (expiresAt !== undefined && now >= expiresAt) {
    const since = expiresAt.toISOString();
    return denial('account-expired', `The account expired at ${since}.`, { expiresAt: since });
  }
  if (logonHours !== undefined && !isLogonHour(logonHours, now)) {
    return denial('account-logon-hours', `The account may not log in at ${now.toISOString()}.`, {
      logonHours: logonHours.toString('hex'),
      hourOfWeek: hourOfWeek(now),
    });
  }
  if (type !== 'person') {
    return denial('account-type-not-allowed', `The account is of type ${type}, not a person.`, { type });
  }
  if (policy.requireSmartcardRequired && !smartcardRequired) {
    return denial('account-smartcard-not-required', 'The account may log in elsewhere with its password alone.');
  }
  return undefined;
}

/** A field of the wrong length says nothing certain about any hour, so it allows none. */
function isLogonHour(logonHours: Buffer, now: Date): boolean {
  const hour = hourOfWeek(now);
  const octet = logonHours.length === logonHoursOctets ? (logonHours[hour >> 3] ?? 0) : 0;
  return (octet & (1 << (hour & 7))) !== 0;
}

function hourOfWeek(now: Date): number {
  return now.getUTCDay() * 24 + now.getUTCHours();
}
