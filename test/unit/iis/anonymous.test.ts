/** Anonymous clients of IIS: carried over where IIS let them in, and rules for them open no more than they did there. */
import { describe, expect, it } from 'vitest';
import { iisFile, imported, thumbprint } from '../../support/iis-files.ts';

const allow = (users: string, permissions = 'Read') =>
  `<add accessType="Allow" ${users} permissions="${permissions}" />`;
const deny = (users: string, permissions = 'Read') => `<add accessType="Deny" ${users} permissions="${permissions}" />`;

interface File {
  readonly anonymous?: string;
  readonly more?: string;
  readonly policy?: string;
  readonly rules?: string;
  readonly isolation?: string;
  readonly after?: string;
}

function file({ anonymous = 'enabled="true"', more = '', policy = 'CertIgnore', rules, isolation = '', after }: File) {
  const authentication = `<authentication><anonymousAuthentication ${anonymous} />${more}</authentication>`;
  return iisFile({
    ftpServer: `<security><ssl serverCertHash="${thumbprint}" />${authentication}<sslClientCertificates clientCertificatePolicy="${policy}" /></security>${isolation}`,
    ...(rules !== undefined && { rules }),
    ...(after !== undefined && { after }),
  });
}

const authenticationOf = (changes: File) => imported(file(changes)).settings['authentication'];
const rulesOf = (changes: File) => imported(file(changes)).settings['authorization'];
const basic = '<basicAuthentication enabled="true" />';
const on = { anonymousAuthentication: { enabled: true } };
const isAnonymous = (changes: File) => JSON.stringify(authenticationOf(changes)).includes('anonymous');

describe('anonymous logins', () => {
  it('are carried over alone, and no other login with them', () => {
    expect(authenticationOf({})).toEqual({ ...on, clientCertAuthentication: { enabled: false }, mode: 'certificate' });
  });

  it('are carried over beside passwords', () => {
    const expected = { ...on, clientCertAuthentication: { enabled: false }, mode: 'certificateOrPassword' };
    expect(authenticationOf({ more: basic })).toEqual(expected);
  });

  it.each<[string, File]>([
    ['they are off', { anonymous: 'enabled="false"', more: basic }],
    ['they are not written', { anonymous: '', more: basic }],
    ['IIS wanted a certificate of each client', { policy: 'CertRequire', more: basic }],
    ['Active Directory says where homes are', { isolation: '<userIsolation mode="ActiveDirectory" />', more: basic }],
    ['no rule lets a client in', { rules: '' }],
  ])('are not had where %s', (_where, changes) => expect(isAnonymous(changes)).toBe(false));

  it('that cannot be had are told', () => {
    const { told } = imported(file({ policy: 'CertRequire', more: basic }));
    expect(told).toContain('cannotBeHad ftpServer/security/authentication/anonymousAuthentication@enabled');
  });

  it('print no password of the file', () => {
    const { yaml, findings } = imported(file({ anonymous: 'enabled="true" userName="IUSR" password="hunter2"' }));
    expect(`${yaml}${JSON.stringify(findings)}`).not.toContain('hunter2');
  });
});

describe('rules', () => {
  const star = { users: '*', permissions: ['Read'] };
  const guest = { users: '?', permissions: ['Read'] };
  it.each<[string, File, readonly object[]]>([
    ['for * are for anonymous clients, too, as in IIS', { rules: allow('users="*"') }, [star, guest]],
    [
      'for * are for accounts alone where none are anonymous',
      { anonymous: '', more: basic, rules: allow('users="*"') },
      [star],
    ],
    ['for ? are for them alone', { rules: allow('users="?"') }, [guest]],
    [
      'for ? and an account are two',
      { rules: allow('users="?, ada"') },
      [{ users: ['ada'], permissions: ['Read'] }, guest],
    ],
    [
      'for ? are left out where none are anonymous',
      { anonymous: '', more: basic, rules: allow('users="*"') + allow('users="?"') },
      [star],
    ],
    ['for the group of all accounts are not for them', { rules: allow('roles="Authenticated Users"') }, [star]],
    [
      'for a user called anonymous open nothing',
      { rules: allow('users="ada"') + allow('users="anonymous"') },
      [{ users: ['ada'], permissions: ['Read'] }],
    ],
    [
      'that deny a user called anonymous deny them',
      { rules: allow('users="*"') + deny('users="anonymous"') },
      [star, guest, { accessType: 'Deny', ...guest }],
    ],
    [
      'that deny ? deny them',
      { rules: deny('users="?"') + allow('users="*"') },
      [{ accessType: 'Deny', ...guest }, star, guest],
    ],
    [
      'that deny * are one',
      { rules: allow('users="*"') + deny('users="*"', 'Write') },
      [star, guest, { accessType: 'Deny', users: '*', permissions: ['Write'] }],
    ],
  ])('%s', (_name, changes, expected) => expect(rulesOf(changes)).toEqual(expected));

  it('for a path of LocalUser/Public deny it to them', () => {
    const path =
      '<location path="files/LocalUser/Public/secret"><system.ftpServer><security><authorization>' +
      `${deny('users="*"', 'Write')}</authorization></security></system.ftpServer></location>`;
    const isolation = '<userIsolation mode="IsolateAllDirectories" />';
    const changes = { rules: allow('users="*"'), isolation, after: path };
    expect(rulesOf(changes)).toEqual([
      star,
      guest,
      { accessType: 'Deny', users: '?', permissions: ['Write'], path: '/secret' },
    ]);
  });
});
