/** Mapping, account state and groups against a real OpenLDAP server over ldaps. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountDenial } from '../../../src/directory/account-state.ts';
import { sidToBinary } from '../../../src/directory/active-directory/sid.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import type { MappingResult } from '../../../src/mapping/account-resolver.ts';
import { createAccountResolver } from '../../../src/mapping/resolve.ts';
import type { IdentityKind, MappingRule } from '../../../src/mapping/rules/rule.ts';
import { issuerSerialValues } from '../../../src/mapping/stored/alt-security-identities.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import type { LdapChanges } from '../../support/directory-options.ts';
import { openLdap } from '../../support/open-ldap.ts';
import { bindingOf } from '../../support/settings.ts';
import { rulesFromFile } from '../../support/shipped-rules.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';
import { createLogonAuthority, type LogonAuthority } from '../../support/validated-certificate.ts';

const sid = 'S-1-5-21-1-2-3-1105';
let ldap: Slapd;
let directory: Directory;
let ca: LogonAuthority;
let umlautCa: LogonAuthority;
/** Held whole by ada. */
let held: ValidatedCertificate;
/** Same issuer name and serial number as `held`, another certificate. */
let rival: ValidatedCertificate;
let umlaut: ValidatedCertificate;
let identified: ValidatedCertificate;
let shared: ValidatedCertificate;

function open(server: Slapd, more: LdapChanges = {}): Directory {
  return openLdap(server, {
    userPrincipalNameAttribute: 'mail',
    altSecurityIdentitiesAttribute: 'altSecurityIdentities',
    sidAttribute: 'objectSid',
    fingerprintAttribute: 'x509CertHash',
    lockoutDuration: 60_000,
    ...more,
  });
}

beforeAll(async () => {
  const name = (...values: string[]) => values.map((value) => ({ type: 'O', value }));
  ca = await createLogonAuthority([
    ...name('Quote "and", comma'),
    { type: '2.5.4.97', value: 'VATDE-1' },
    { type: 'E', value: 'ca@corp.example' },
  ]);
  umlautCa = await createLogonAuthority(name('Prüfstelle'));
  held = await ca.validated({ serialNumber: 0xe1ac11000000002bn });
  rival = await ca.validated({ serialNumber: 0xe1ac11000000002bn, subject: 'rival' });
  umlaut = await umlautCa.validated({});
  identified = await ca.validated({ serialNumber: 5n, sid });
  shared = await ca.validated({ serialNumber: 6n });
  ldap = await startSlapd({
    schema: ["attributetype ( 2.5.4.97 NAME 'organizationIdentifier' SUP name )"],
    accounts: [
      { uid: 'ada', certificates: [held.certificate.der], mail: 'ada@corp.example', homeDirectory: '/home/ada' },
      { uid: 'uwe', fingerprints: [umlaut.certificate.sha256] },
      { uid: 'sid', objectSid: sidToBinary(sid)!, altSecurityIdentities: issuerSerialValues(identified.certificate) },
      { uid: 'twin1', certificates: [shared.certificate.der] },
      { uid: 'twin2', certificates: [shared.certificate.der] },
      { uid: 'locked', lines: ['pwdAccountLockedTime: 000001010000Z'] },
      { uid: 'locked-a-while', lines: ['pwdAccountLockedTime: 20260101000000Z'] },
      { uid: 'expired', lines: ['shadowExpire: 20000'] },
      { uid: 'never-expires', lines: ['shadowExpire: -1'] },
      { uid: 'kerberos', lines: ['krbPrincipalExpiration: 20260101000000Z'] },
      { uid: 'unlocked-later', lines: ['accountUnlockTime: 20260101000000Z'] },
      { uid: 'disabled', lines: ['nsAccountLock: TRUE'] },
      { uid: 'unreadable', lines: ['nsAccountLock: perhaps'] },
    ].map((account) => ({ mail: `${account.uid}@corp.example`, ...account })),
    groups: {
      staff: ['ada'],
      all: ['group:staff'],
      circle: ['group:all', 'group:circle'],
      others: ['uwe'],
    },
  });
  directory = open(ldap);
});

afterAll(async () => {
  await directory?.close();
  await ldap?.stop();
});

async function resolve(
  rules: readonly MappingRule[],
  certificate: ValidatedCertificate,
  user: string,
): Promise<string> {
  const options = { settings: bindingOf('full'), directories: [directory], logger: silentLogger } as const;
  const result: MappingResult = await createAccountResolver({ ...options, rules }).resolve(
    certificate,
    user,
    unrecorded,
  );
  return result.outcome === 'denied' ? result.denial.code : result.reason;
}

const rule = (map: IdentityKind): MappingRule[] => [{ name: map, map, onMiss: 'next' }];

describe('mapping in OpenLDAP', () => {
  it('the exact certificate finds the account, whatever is in the issuer’s name', async () => {
    expect(await resolve(rulesFromFile('openldap.yaml'), held, 'ada')).toBe('certificate');
    expect(await resolve(rulesFromFile('openldap.yaml'), held, 'ADA@corp.example')).toBe('certificate');
  });

  it('another certificate of the same issuer name and serial number is refused', async () => {
    expect(await resolve(rule('certificate'), rival, 'ada')).toBe('directory-answer-invalid');
  });

  it('a certificate of an issuer with a non-ASCII name is found by its fingerprint', async () => {
    expect(await resolve(rule('certificate'), umlaut, 'uwe')).toBe('certificate');
  });

  it('a certificate at two accounts is ambiguous', async () => {
    expect(await resolve(rule('certificate'), shared, 'twin1')).toBe('mapping-ambiguous');
  });

  it('a certificate that is at no account finds none', async () => {
    expect(await resolve(rulesFromFile('openldap.yaml'), await ca.validated({}), 'ada')).toBe('mapping-none');
  });

  it('SID, and issuer with serial number, find the account', async () => {
    expect(await resolve(rule('sid'), identified, 'sid')).toBe('sid');
    expect(await resolve(rule('issuerSerial'), identified, 'sid')).toBe('issuerSerial');
  });

  it('a name counts for the pinned issuer and policy only', async () => {
    const [, pinned] = rulesFromFile('openldap.yaml');
    const when = { issuerSha256: [ca.certificate.sha256], policies: pinned!.when!.policies! };
    const rules = [{ ...pinned!, when }];
    const request = { userPrincipalNames: ['ada@corp.example'] };
    expect(await resolve(rules, await ca.validated(request, when.policies), 'ada')).toBe('pinned-issuer-and-policy');
    expect(await resolve(rules, await ca.validated(request, ['2.999.7']), 'ada')).toBe('mapping-none');
    expect(await resolve(rules, await ca.validated(request, 'any-policy'), 'ada')).toBe('mapping-none');
    expect(await resolve(rules, await umlautCa.validated(request, when.policies), 'ada')).toBe('mapping-none');
  });

  it.each(['*)(uid=*', '*@*', 'ada)(uid=*@corp.example'])(
    'the user principal name %s finds no account',
    async (name) => {
      expect(await resolve(rule('upn'), await ca.validated({ userPrincipalNames: [name] }), 'ada')).toBe(
        'mapping-none',
      );
    },
  );
});

describe('account state in OpenLDAP', () => {
  const find = async (uid: string) => {
    const userPrincipalName = `${uid}@corp.example`;
    const [account] = await directory.findAccounts({ by: 'userPrincipalName', userPrincipalName }, 2);
    return account;
  };

  it.each([
    ['ada', '2026-06-01T00:00:00Z', undefined],
    ['disabled', '2026-06-01T00:00:00Z', 'account-disabled'],
    ['locked', '2026-06-01T00:00:00Z', 'account-locked'],
    ['locked-a-while', '2026-01-01T00:00:59Z', 'account-locked'],
    ['locked-a-while', '2026-01-01T00:01:00Z', undefined],
    ['expired', '2024-10-03T23:59:59Z', undefined],
    ['expired', '2024-10-04T00:00:00Z', 'account-expired'],
    ['kerberos', '2025-12-31T23:59:59Z', undefined],
    ['kerberos', '2026-01-01T00:00:00Z', 'account-expired'],
    ['unlocked-later', '2025-12-31T23:59:59Z', 'account-locked'],
    ['unlocked-later', '2026-01-01T00:00:00Z', undefined],
    ['never-expires', '2026-06-01T00:00:00Z', undefined],
  ])('%s at %s: %s', async (uid, now, code) => {
    const account = await find(uid);
    expect(accountDenial(account!.state, new Date(now))?.code).toBe(code);
  });

  it('an attribute that cannot be read is an invalid answer', async () => {
    await expect(find('unreadable')).rejects.toMatchObject({ name: 'DirectoryAnswerError' });
  });

  it('groups are searched level by level, in circles too', async () => {
    const groups = { searchBase: 'ou=groups,dc=corp,dc=example' };
    const nested = open(ldap, { groups });
    const account = await find('ada');
    const names = (await nested.readGroups(account!)).map(({ name }) => name);
    expect(names.sort()).toEqual(['all', 'circle', 'staff']);
    await nested.close();
    expect(await directory.readGroups(account!)).toEqual([]);
  });

  it('memberOf holds nested groups where the dynlist overlay makes it so', async () => {
    const dynamic = await startSlapd({
      accounts: [{ uid: 'ada', mail: 'ada@corp.example' }],
      groups: { staff: ['ada'], all: ['group:staff'], others: ['bob'] },
      configuration: ['overlay dynlist', 'dynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames*'],
    });
    const people = open(dynamic);
    const [account] = await people.findAccounts({ by: 'userPrincipalName', userPrincipalName: 'ada@corp.example' }, 2);
    const names = (await people.readGroups(account!)).map(({ distinguishedName }) => distinguishedName);
    expect(names.sort()).toEqual(['all', 'staff'].map((name) => `cn=${name},ou=groups,dc=corp,dc=example`));
    await people.close();
    await dynamic.stop();
  });

  it('a server that hides matches behind its own size limit is not believed', async () => {
    const limited = await startSlapd({
      accounts: ['one', 'two'].map((uid) => ({ uid, mail: 'same@corp.example' })),
      configuration: ['sizelimit 1'],
    });
    const people = open(limited);
    const lookup = { by: 'userPrincipalName', userPrincipalName: 'same@corp.example' } as const;
    await expect(people.findAccounts(lookup, 2)).rejects.toMatchObject({ name: 'DirectoryAnswerError' });
    await people.close();
    await limited.stop();
  });
});
