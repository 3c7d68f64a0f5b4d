import { describe, expect, it } from 'vitest';
import { type AccountState, accountDenial } from '../../../src/directory/account-state.ts';

const now = new Date('2026-03-02T08:30:00Z'); // a Monday
const good: AccountState = { type: 'person', disabled: false, smartcardRequired: false };
const everything: AccountState = {
  type: 'computer',
  disabled: true,
  lockedUntil: 'never-ends',
  expiresAt: new Date(0),
  logonHours: Buffer.alloc(21),
  smartcardRequired: true,
};
const hours = (octet: number, mask: number) => {
  const field = Buffer.alloc(21);
  field[octet] = mask;
  return field;
};

describe('account state', () => {
  it('reasons come in the order of Active Directory: disabled, locked, expired, logon hours, type', () => {
    const order: [Partial<AccountState>, string][] = [
      [{}, 'account-disabled'],
      [{ disabled: false }, 'account-locked'],
      [{ lockedUntil: new Date(0) }, 'account-expired'],
      [{ expiresAt: new Date(now.getTime() + 1) }, 'account-logon-hours'],
      [{ logonHours: Buffer.alloc(21, 0xff) }, 'account-type-not-allowed'],
    ];
    let state = everything;
    for (const [change, code] of order) {
      state = { ...state, ...change };
      expect(accountDenial(state, now)?.code).toBe(code);
    }
    expect(accountDenial({ ...state, type: 'person' }, now)).toBeUndefined();
  });

  it.each<[string, Partial<AccountState>, string | undefined]>([
    ['nothing against it', {}, undefined],
    ['a lock that ends now', { lockedUntil: now }, undefined],
    ['a lock that ends in a moment', { lockedUntil: new Date(now.getTime() + 1) }, 'account-locked'],
    ['expires now', { expiresAt: now }, 'account-expired'],
    ['expires in a moment', { expiresAt: new Date(now.getTime() + 1) }, undefined],
    ['a smart card is required', { smartcardRequired: true }, undefined],
    ['in force from now on', { startsAt: now }, undefined],
    ['in force in a moment', { startsAt: new Date(now.getTime() + 1) }, 'account-disabled'],
    ['a trust', { type: 'trust' }, 'account-type-not-allowed'],
    ['a temporary duplicate', { type: 'temporary-duplicate' }, 'account-type-not-allowed'],
    ['of no known type', { type: 'other' }, 'account-type-not-allowed'],
    ['this hour only', { logonHours: hours(4, 0x01) }, undefined],
    ['every hour but this', { logonHours: Buffer.alloc(21, 0xff).fill(0xfe, 4, 5) }, 'account-logon-hours'],
    ['logon hours of 20 octets', { logonHours: Buffer.alloc(20, 0xff) }, 'account-logon-hours'],
    ['logon hours of 22 octets', { logonHours: Buffer.alloc(22, 0xff) }, 'account-logon-hours'],
    ['empty logon hours', { logonHours: Buffer.alloc(0) }, 'account-logon-hours'],
  ])('%s', (_what, change, code) => {
    expect(accountDenial({ ...good, ...change }, now)?.code).toBe(code);
  });

  it('a site may admit only accounts that need a smart card everywhere', () => {
    const policy = { requireSmartcardRequired: true };
    expect(accountDenial(good, now, policy)?.code).toBe('account-smartcard-not-required');
    expect(accountDenial({ ...good, smartcardRequired: true }, now, policy)).toBeUndefined();
  });

  it.each([
    ['2026-03-01T00:30:00Z', 0, 0x01],
    ['2026-03-02T08:30:00Z', 4, 0x01],
    ['2026-03-07T23:59:59Z', 20, 0x80],
  ])('logon hour of %s is octet %i mask %i', (time, octet, mask) => {
    expect(accountDenial({ ...good, logonHours: hours(octet, mask) }, new Date(time))).toBeUndefined();
    expect(accountDenial({ ...good, logonHours: hours(octet, ~mask & 0xff) }, new Date(time))).toBeDefined();
  });
});
