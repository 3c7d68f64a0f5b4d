import { describe, expect, it } from 'vitest';
import { createActiveDirectory } from '../../../src/directory/active-directory/active-directory.ts';
import { parseServer } from '../../../src/directory/connection/ldap-transport.ts';
import { createLdapDirectory } from '../../../src/directory/ldap-directory.ts';
import { anyOf, equals } from '../../../src/directory/search-filter.ts';
import {
  type ActiveDirectoryChanges,
  accountsInFile,
  activeDirectoryOptions,
  type LdapChanges,
  ldapOptions,
} from '../../support/directory-options.ts';

const options: ActiveDirectoryChanges & LdapChanges = {
  name: 'corp',
  servers: ['ldaps://dc1.corp.example'],
  certificateAuthorities: ['pem'],
  bindDn: 'CN=svc,DC=corp,DC=example',
  bindPassword: 'secret',
  searchBase: 'DC=corp,DC=example',
};

describe('directory options', () => {
  it.each<[string, ActiveDirectoryChanges]>([
    ['no server', { servers: [] }],
    ['an empty password, which binds anonymously', { bindPassword: '' }],
    ['servers both listed and discovered', { discovery: { domain: 'corp.example', service: 'ldap' } }],
    ['a bind name that is a SASL mechanism', { bindDn: 'EXTERNAL' }],
    ['a URL with a path', { servers: ['ldaps://dc1/dc=corp'] }],
    ['a URL with credentials', { servers: ['ldaps://user@dc1'] }],
    ['another scheme', { servers: ['http://dc1'] }],
    ['a global catalog', { servers: ['ldaps://dc1:3269'] }],
    ['a global catalog by StartTLS', { servers: ['ldaps://dc1', 'ldap://dc1:3268'] }],
  ])('refused: %s', (_what, change) => {
    expect(() => createActiveDirectory(activeDirectoryOptions({ ...options, ...change }))).toThrow(TypeError);
  });

  it.each([
    ['neither a bind DN nor a client certificate', {}],
    ['a password without a name', { bindPassword: 'secret', clientCertificate: { certificate: 'x', privateKey: 'y' } }],
    ['a name without a password', { bindDn: 'cn=svc', clientCertificate: { certificate: 'x', privateKey: 'y' } }],
  ])('refused: %s', (_what, credentials) => {
    const { bindDn: _, bindPassword: __, ...others } = options;
    expect(() => createActiveDirectory(activeDirectoryOptions({ ...others, ...credentials }))).toThrow(TypeError);
  });

  it.each([
    ['ldaps://dc1.corp.example', 'ldaps', 'dc1.corp.example', 636],
    ['ldap://dc1.corp.example/', 'startTls', 'dc1.corp.example', 389],
    ['LDAPS://127.0.0.1:10636', 'ldaps', '127.0.0.1', 10636],
    ['ldaps://[::1]:1636', 'ldaps', '::1', 1636],
  ])('%s is %s to %s port %i', (url, security, host, port) => {
    expect(parseServer(url)).toEqual({ url, security, host, port });
  });

  it('an LDAP directory answers only what its attributes allow', async () => {
    const bare = createLdapDirectory(ldapOptions(options));
    expect([...bare.lookups].sort()).toEqual(['certificate', 'filter']);
    expect(await bare.findAccounts({ by: 'sid', sid: 'S-1-5-21-1-2-3-4' }, 2)).toEqual([]);
    const full = createLdapDirectory(
      ldapOptions({
        ...options,
        sidAttribute: 'objectSid',
        userPrincipalNameAttribute: 'mail',
        altSecurityIdentitiesAttribute: 'altSecurityIdentities',
      }),
    );
    expect([...full.lookups].sort()).toEqual([
      'altSecurityIdentities',
      'certificate',
      'filter',
      'sid',
      'userPrincipalName',
    ]);
  });
});

describe('search filters', () => {
  it.each(['', Buffer.alloc(0), 'x'.repeat(8193)])('no search for an empty or endless value', (value) => {
    expect(() => equals('uid', value)).toThrow(RangeError);
  });

  it('no search without an alternative', () => {
    expect(() => anyOf([])).toThrow(RangeError);
  });
});

describe('account file', () => {
  const certificates = ['aa'.repeat(32)];
  const directory = accountsInFile('file', [
    { name: 'Ada', certificates, sid: 'S-1-5-21-1-2-3-1001', groups: ['staff'], homeDirectory: '/srv/ada' },
    {
      name: 'bob',
      certificates,
      userPrincipalName: 'bob@corp.example',
      disabled: true,
      expiresAt: '1970-01-01T00:00:00Z',
    },
    { name: 'carol', altSecurityIdentities: ['X509:<I>CN=CA<SR>01'] },
  ]);
  const certificate = {
    by: 'certificate',
    der: Buffer.alloc(1),
    sha256: 'aa'.repeat(32),
    serialNumber: 1n,
    issuer: '',
  } as const;
  const names = async (...[lookup, limit]: Parameters<typeof directory.findAccounts>) =>
    (await directory.findAccounts(lookup, limit)).map(({ accountName }) => accountName);

  it('finds by fingerprint, SID, user principal name and issuer with serial number, up to the limit', async () => {
    expect(await names(certificate, 2)).toEqual(['Ada', 'bob']);
    expect(await names(certificate, 1)).toEqual(['Ada']);
    expect(await names({ by: 'sid', sid: 'S-1-5-21-1-2-3-1001' }, 2)).toEqual(['Ada']);
    expect(await names({ by: 'userPrincipalName', userPrincipalName: 'BOB@corp.example' }, 2)).toEqual(['bob']);
    expect(await names({ by: 'altSecurityIdentities', values: ['x', 'X509:<I>cn=ca<SR>01'] }, 2)).toEqual(['carol']);
    expect(await names({ by: 'samAccountName', samAccountName: 'bob', dnsDomain: 'corp.example' }, 2)).toEqual([]);
  });

  it('state, groups and home are those of the file', async () => {
    const [ada, bob] = await directory.findAccounts(certificate, 2);
    expect(ada).toMatchObject({ id: 'ada', homeDirectory: '/srv/ada', state: { disabled: false } });
    expect(bob!.state).toMatchObject({ disabled: true, expiresAt: new Date(0) });
    expect(await directory.readGroups(ada!)).toEqual([{ name: 'staff' }]);
    expect(await directory.readGroups(bob!)).toEqual([]);
  });

  it('two accounts of one name are refused, whatever the case', () => {
    const accounts = ['ada', 'ADA'].map((name) => ({ name }));
    expect(() => accountsInFile('file', accounts)).toThrow(TypeError);
  });
});
