/** Passwords checked by real directories: what Samba and OpenLDAP answer, what is never sent, and how much at a time. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Directory, DirectoryAccount } from '../../../src/directory/directory.ts';
import type { LdapChanges } from '../../support/directory-options.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { openActiveDirectory } from '../../support/open-active-directory.ts';
import { openLdap } from '../../support/open-ldap.ts';
import { type SambaDc, startSambaDc } from '../../support/samba-dc.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const password = 'Correct-horse-1';
let dc: SambaDc;
let ldap: Slapd;
let corp: Directory;
let people: Directory;
const cleanUps: (() => Promise<unknown>)[] = [];

const open = (server: string, more: LdapChanges = {}) =>
  openLdap(ldap, { servers: [server], userPrincipalNameAttribute: 'mail', ...more });

beforeAll(async () => {
  const policy = 'cn=strict,ou=policies,dc=corp,dc=example';
  const account = (uid: string, ...lines: string[]) => ({
    uid,
    mail: `${uid}@corp.example`,
    lines: [`userPassword: ${password}`, ...lines],
  });
  [dc, ldap] = await Promise.all([
    startSambaDc(),
    startSlapd({
      accounts: [
        account('ada'),
        account('reset', `pwdPolicySubentry: ${policy}`, 'pwdReset: TRUE'),
        account('guessed', `pwdPolicySubentry: ${policy}`),
        account('locked', `pwdPolicySubentry: ${policy}`, 'pwdAccountLockedTime: 000001010000Z'),
        account('old', `pwdPolicySubentry: ${policy}`, 'pwdChangedTime: 20200101000000Z'),
        { uid: 'nopassword', mail: 'nopassword@corp.example' },
      ],
      ldif: [
        'dn: ou=policies,dc=corp,dc=example',
        'objectClass: organizationalUnit',
        'ou: policies',
        '',
        `dn: ${policy}`,
        'objectClass: device',
        'objectClass: pwdPolicy',
        'cn: strict',
        'pwdAttribute: userPassword',
        'pwdLockout: TRUE',
        'pwdMaxFailure: 2',
        'pwdLockoutDuration: 1',
        'pwdMustChange: TRUE',
        'pwdMaxAge: 86400',
      ].join('\n'),
    }),
  ]);
  corp = openActiveDirectory(dc);
  people = open(ldap.url);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(async () => {
  await corp?.close();
  await people?.close();
  await dc?.stop();
  await ldap?.stop();
});

async function accountOf(directory: Directory, name: string): Promise<DirectoryAccount> {
  const [account] = await directory.findByLoginName!(name);
  return account!;
}

async function answer(directory: Directory, name: string, typed: string): Promise<string> {
  const said = await directory.verifyPassword!(await accountOf(directory, name), typed);
  return said.outcome === 'accepted' ? said.outcome : said.denial.code;
}

describe('passwords in Active Directory', () => {
  it.each<[string, Parameters<SambaDc['addUser']>[0], string]>([
    [password, { sam: 'pw-good' }, 'accepted'],
    ['wrong', { sam: 'pw-wrong' }, 'password-wrong'],
    ['', { sam: 'pw-empty' }, 'password-wrong'],
    ['x'.repeat(1025), { sam: 'pw-endless' }, 'password-wrong'],
    [password, { sam: 'pw-disabled', disabled: true }, 'account-disabled'],
    [password, { sam: 'pw-locked', locked: true }, 'account-locked'],
    [password, { sam: 'pw-expired', accountExpires: new Date(Date.now() - 86_400_000) }, 'account-expired'],
    [password, { sam: 'pw-hours', logonHours: Buffer.alloc(21) }, 'account-logon-hours'],
    [password, { sam: 'pw-change', mustChangePassword: true }, 'password-change-required'],
  ])('%j of %o: %s', async (typed, user, outcome) => {
    await dc.addUser({ password, ...user });
    expect(await answer(corp, user.sam, typed)).toBe(outcome);
  });

  it('an account is found by its names and no others', async () => {
    await dc.addUser({ sam: 'björk', userPrincipalName: 'bjork@partner.example' });
    const found = async (name: string) => (await corp.findByLoginName!(name)).map(({ accountName }) => accountName);
    for (const name of ['björk', 'CORP\\björk', 'björk@corp.example', 'bjork@partner.example']) {
      expect(await found(name), name).toEqual(['björk']);
    }
    for (const name of [
      '*',
      'b*',
      'björk)(cn=*',
      '*@corp.example',
      'svc-cardgate)(|(cn=*',
      'dc1$',
      'CN=björk',
      '\\',
      '@',
      '@corp.example',
    ]) {
      expect(await found(name), name).toEqual([]);
    }
  });
});

describe('passwords in OpenLDAP', () => {
  it.each([
    ['ada', password, 'accepted'],
    ['ada', 'wrong', 'password-wrong'],
    ['ada', '', 'password-wrong'],
    ['nopassword', password, 'password-wrong'],
    ['reset', password, 'password-change-required'],
    ['locked', password, 'account-locked'],
    ['old', password, 'password-expired'],
  ])('%s with %j: %s', async (name, typed, outcome) => expect(await answer(people, name, typed)).toBe(outcome));

  it('a lock after wrong passwords lapses as the policy entry says', async () => {
    for (let guess = 0; guess < 2; guess += 1) expect(await answer(people, 'guessed', 'wrong')).toBe('password-wrong');
    const { lockedUntil } = (await accountOf(people, 'guessed')).state;
    expect(lockedUntil).toBeInstanceOf(Date);
    const left = (lockedUntil as Date).getTime() - Date.now();
    expect(left).toBeGreaterThan(-1000);
    expect(left).toBeLessThanOrEqual(1000);
  });

  it('an account is found by its name and mail address, and no others', async () => {
    const found = async (name: string) => (await people.findByLoginName!(name)).map(({ accountName }) => accountName);
    expect([await found('ada'), await found('ada@corp.example')]).toEqual([['ada'], ['ada']]);
    for (const name of ['*', 'a*', 'ada)(uid=*', 'cardgate', 'ada\\2a']) expect(await found(name), name).toEqual([]);
  });
});

describe('the connection of a password', () => {
  async function through(): Promise<{
    readonly proxy: FaultProxy;
    readonly directory: Directory;
    readonly ada: DirectoryAccount;
  }> {
    const proxy = await startFaultProxy({ host: ldap.host, port: ldap.tlsPort });
    const directory = open(`ldaps://127.0.0.1:${proxy.port}`, { operationTimeout: 500, connectTimeout: 500 });
    cleanUps.push(
      () => proxy.close(),
      () => directory.close(),
    );
    return { proxy, directory, ada: await accountOf(directory, 'ada') };
  }

  it('serves nothing else: searches go on as the gateway', async () => {
    const { proxy, directory, ada } = await through();
    expect(await directory.verifyPassword!(ada, password)).toEqual({ outcome: 'accepted' });
    expect(proxy.connections).toHaveLength(2);
    expect(await accountOf(directory, 'ada')).toMatchObject({ accountName: 'ada' });
    expect(proxy.connections).toHaveLength(2);
  });

  it('is not even opened for an empty password', async () => {
    const { proxy, directory, ada } = await through();
    expect(await directory.verifyPassword!(ada, '')).toMatchObject({ outcome: 'refused' });
    expect(proxy.connections).toHaveLength(1);
  });

  it('is not tried again when it is lost, because the server may have counted the password', async () => {
    const { proxy, directory, ada } = await through();
    proxy.mode = 'freeze';
    await expect(directory.verifyPassword!(ada, password)).rejects.toMatchObject({ name: 'DirectoryUnavailableError' });
    expect(proxy.connections).toHaveLength(2);
  });

  it('is one of few at a time, and what the queue does not hold is refused', async () => {
    const directory = open(ldap.url, { maxPasswordChecks: 2, maxWaitingPasswordChecks: 10 });
    cleanUps.push(() => directory.close());
    const ada = await accountOf(directory, 'ada');
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => directory.verifyPassword!(ada, password)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(12);
    expect(await directory.verifyPassword!(ada, password)).toEqual({ outcome: 'accepted' });
  });
});
