import { describe, expect, it } from 'vitest';
import { accountStateFrom } from '../../../src/directory/active-directory/active-directory-state.ts';
import { DirectoryAnswerError, DirectoryUnavailableError } from '../../../src/directory/directory.ts';
import { LdapEntry } from '../../../src/directory/ldap-entry.ts';
import type { LockoutSettings } from '../../../src/directory/ldap-settings.ts';
import { ldapStateFrom } from '../../../src/directory/ldap-state.ts';
import type { Plain } from '../../support/settings.ts';

const computed = 'msDS-User-Account-Control-Computed';
const complete = { userAccountControl: '512', [computed]: '0', accountExpires: '0' };
const entry = (attributes: Record<string, string | Buffer | string[] | Buffer[]>) =>
  new LdapEntry({ dn: 'CN=Ada', ...attributes });

describe('state of an Active Directory account', () => {
  it.each<[string, Record<string, string>, object]>([
    ['normal', {}, { type: 'person', disabled: false, smartcardRequired: false }],
    ['disabled', { userAccountControl: '514' }, { type: 'person', disabled: true }],
    ['smart card required', { userAccountControl: '262656' }, { smartcardRequired: true }],
    ['locked', { [computed]: '16' }, { lockedUntil: 'never-ends' }],
    ['password expired, which a card does not mind', { [computed]: '8388608' }, { type: 'person' }],
    ['expiring', { accountExpires: '134116992000000000' }, { expiresAt: new Date('2026-01-01T00:00:00Z') }],
    ['workstation', { userAccountControl: '4096' }, { type: 'computer' }],
    ['domain controller', { userAccountControl: '532480' }, { type: 'computer' }],
    ['read-only domain controller', { userAccountControl: '83890176' }, { type: 'computer' }],
    ['trust', { userAccountControl: '2080' }, { type: 'trust' }],
    ['temporary duplicate of a person', { userAccountControl: '768' }, { type: 'temporary-duplicate' }],
    ['of no type', { userAccountControl: '0' }, { type: 'other' }],
    ['a sign bit set', { userAccountControl: '-2147483136' }, { type: 'person' }],
  ])('%s', (_what, attributes, expected) => {
    expect(accountStateFrom(entry({ ...complete, ...attributes }))).toMatchObject(expected);
  });

  it('never expiring and never locked are absent, not a date', () => {
    const state = accountStateFrom(entry(complete));
    expect(state).not.toHaveProperty('expiresAt');
    expect(state).not.toHaveProperty('lockedUntil');
  });

  it.each(['userAccountControl', computed, 'accountExpires'])('without %s it cannot be judged', (attribute) => {
    expect(() => accountStateFrom(entry({ ...complete, [attribute]: [] as string[] }))).toThrow(DirectoryAnswerError);
  });

  it.each<[string, string | string[]]>([
    ['userAccountControl', '0x200'],
    ['userAccountControl', '4294967808'],
    ['userAccountControl', ['512', '514']],
    [computed, 'none'],
    ['accountExpires', 'tomorrow'],
    ['accountExpires', '-1'],
  ])('%s %j cannot be read', (attribute, value) => {
    expect(() => accountStateFrom(entry({ ...complete, [attribute]: value }))).toThrow(DirectoryAnswerError);
  });
});

describe('state of an LDAP account', () => {
  /** A directory in which the policy `cn=quick` lets locks lapse after a minute, and `cn=never` does not. */
  const searcher = {
    search: async ({ base }: { readonly base: string }) => {
      if (base === 'cn=down') throw new DirectoryUnavailableError('down');
      if (base === 'cn=gone') throw new DirectoryUnavailableError('refused', { resultCode: 32 });
      return base === 'cn=hidden' ? [] : [entry({ pwdLockoutDuration: base === 'cn=quick' ? '60' : '0' })];
    },
  };
  const locked = { pwdAccountLockedTime: '20260101000000Z' };
  const minuteLater = { lockedUntil: new Date('2026-01-01T00:01:00Z') };
  const never = { lockedUntil: 'never-ends' };
  const stateOf = (attributes: Record<string, string>, options: Plain<LockoutSettings> = { lockoutDuration: 60_000 }) =>
    ldapStateFrom(entry(attributes), searcher, options as LockoutSettings);

  it.each<[Record<string, string>, object]>([
    [{}, { type: 'person', disabled: false }],
    [{ pwdAccountLockedTime: '000001010000Z' }, never],
    [locked, minuteLater],
    [{ nsAccountLock: 'true' }, { disabled: true }],
    [{ nsAccountLock: 'FALSE' }, { disabled: false }],
    [{ shadowExpire: '1' }, { expiresAt: new Date(86_400_000) }],
    [{ shadowExpire: '0' }, { expiresAt: new Date(0) }],
    [{ krbPrincipalExpiration: '19700101000010Z' }, { expiresAt: new Date(10_000) }],
    [{ pwdEndTime: '19700101000010Z', shadowExpire: '1' }, { expiresAt: new Date(10_000) }],
    [{ shadowExpire: '-1', krbPrincipalExpiration: '19700101000010Z' }, { expiresAt: new Date(10_000) }],
    [{ pwdStartTime: '19700101000010Z' }, { startsAt: new Date(10_000) }],
    [{ accountUnlockTime: '20260101000100Z' }, minuteLater],
    [{ accountUnlockTime: '19700101000000Z' }, never],
    [{ ...locked, accountUnlockTime: '20250101000000Z' }, minuteLater],
  ])('%j', async (attributes, expected) => expect(await stateOf(attributes)).toMatchObject(expected));

  it.each<[string, Record<string, string>, Plain<LockoutSettings>, object]>([
    ['nothing says it', {}, {}, never],
    ['the account’s policy says it', { pwdPolicySubentry: 'cn=quick' }, {}, minuteLater],
    [
      'the account’s policy goes before the default',
      { pwdPolicySubentry: 'cn=quick' },
      { defaultPasswordPolicy: 'cn=never' },
      minuteLater,
    ],
    ['the default policy says it', {}, { defaultPasswordPolicy: 'cn=quick' }, minuteLater],
    ['the policy says 0', {}, { defaultPasswordPolicy: 'cn=never', lockoutDuration: 60_000 }, never],
    ['the policy is not shown', { pwdPolicySubentry: 'cn=hidden' }, { lockoutDuration: 60_000 }, never],
    ['the policy is gone', { pwdPolicySubentry: 'cn=gone' }, { lockoutDuration: 60_000 }, never],
  ])('how long a lock lasts when %s', async (_what, attributes, options, expected) => {
    expect(await stateOf({ ...locked, ...attributes }, options)).toMatchObject(expected);
  });

  it('no answer about the policy is no state', async () => {
    const asked = stateOf({ ...locked, pwdPolicySubentry: 'cn=down' });
    await expect(asked).rejects.toThrow(DirectoryUnavailableError);
  });

  it.each([
    { pwdAccountLockedTime: 'yes' },
    { nsAccountLock: '1' },
    { shadowExpire: '99999999999' },
    { shadowExpire: '1.5' },
    { krbPrincipalExpiration: 'never' },
    { accountUnlockTime: '0' },
    { pwdStartTime: '1' },
  ])('%j cannot be read', async (attributes) => {
    await expect(stateOf(attributes)).rejects.toThrow(DirectoryAnswerError);
  });
});

describe('an entry', () => {
  it('attribute names are compared without case, and the ;binary option is left out', () => {
    const der = Buffer.from([0x30, 0xff]);
    expect(entry({ 'userCertificate;binary': der, userCertificate: [] }).octets('USERCERTIFICATE')).toEqual([der]);
  });

  it('text that is not UTF-8 is refused, a byte order mark is kept', () => {
    expect(() => entry({ uid: Buffer.from([0xff]) }).text('uid')).toThrow(DirectoryAnswerError);
    expect(entry({ uid: Buffer.from('\ufeffada') }).text('uid')).toBe('\ufeffada');
  });

  it('several values where one is expected are refused', () => {
    expect(() => entry({ uid: ['a', 'b'] }).text('uid')).toThrow(DirectoryAnswerError);
    expect(() => entry({ uid: '' }).requiredText('uid')).toThrow(DirectoryAnswerError);
  });
});
