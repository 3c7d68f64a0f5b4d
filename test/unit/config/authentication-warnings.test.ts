/** What check-config says of methods of login that contradict each other, of rules that never decide, and of what is open to anonymous clients. */
import { describe, expect, it } from 'vitest';
import { authenticationFaults, authenticationWarnings } from '../../../src/config/checks/authentication-check.ts';
import { siteSchema } from '../../../src/config/site-schema.ts';

const site = (changes: object) =>
  siteSchema.parse({
    name: 'files',
    bindings: [{ port: 2121 }],
    physicalPath: '/srv/ftp',
    ssl: { serverCertificate: 'server.pem', serverCertificateKey: 'server.key' },
    sslClientCertificates: { trustAnchors: ['root.pem'], clientCertificatePolicy: 'CertAllow' },
    mapping: { rules: 'rules.yaml' },
    directories: ['people'],
    authorization: [{ users: '*', permissions: ['Read'] }],
    ...changes,
  });
const told = (check: typeof authenticationFaults, changes: object) =>
  check(site(changes)).flatMap(({ applies, path, message }) => (applies ? [`${path.join('.')}: ${message}`] : []));
const rules = (...list: readonly object[]) => ({ authentication: { rules: list } });
const anonymous = { authentication: { anonymousAuthentication: { enabled: true } } };
const required = { sslClientCertificates: { trustAnchors: ['root.pem'] } };
const guests = { users: '?', permissions: ['Read'], path: '/pub' };

describe('faults', () => {
  it.each<[string, object]>([
    ['a site by certificate alone', {}],
    [
      'rules for accounts, groups and networks',
      rules(
        { users: ['ada'], methods: ['certificate', 'password'] },
        { roles: ['staff'], networks: ['10.0.0.0/8'], methods: ['certificateAndPassword'] },
        { methods: [] },
      ),
    ],
    ['anonymous logins beside certificates', anonymous],
    ['certificates that are required by each rule', { ...required, ...rules({ methods: ['certificateAndPassword'] }) }],
  ])('are none in %s', (_what, changes) => expect(told(authenticationFaults, changes)).toEqual([]));

  it.each<[string, object, RegExp]>([
    [
      'anonymous logins where a certificate is required',
      { ...anonymous, ...required },
      /^authentication\.anonymousAuthentication\.enabled: .*CertRequire/,
    ],
    [
      'passwords in a rule there',
      { ...required, ...rules({ methods: ['password'] }) },
      /rules\.0\.methods\.0: .*CertRequire/,
    ],
    [
      'a rule with anonymous where there are no such logins',
      rules({ methods: ['certificate', 'anonymous'] }),
      /rules\.0\.methods\.1: anonymous needs anonymousAuthentication/,
    ],
    [
      'a rule with anonymous for a group',
      { authentication: { ...anonymous.authentication, rules: [{ roles: ['staff'], methods: ['anonymous'] }] } },
      /rules\.0\.methods\.0: anonymous clients have no account/,
    ],
    [
      'a method given twice',
      rules({ methods: ['certificate', 'certificate'] }),
      /rules\.0\.methods\.1: certificate is given twice/,
    ],
    [
      'certificates in a rule where none log in',
      {
        authentication: {
          clientCertAuthentication: { enabled: false },
          mode: 'certificateOrPassword',
          rules: [{ methods: ['certificate'] }],
        },
      },
      /rules\.0\.methods\.0: certificate needs clientCertAuthentication/,
    ],
    [
      'anonymous logins where only accounts for smart cards are admitted',
      { authentication: { ...anonymous.authentication, requireSmartcardRequired: true } },
      /requireSmartcardRequired admits only/,
    ],
    [
      'anonymous logins whose home a directory is to tell',
      { ...anonymous, userIsolation: { mode: 'DirectoryAttribute' } },
      /no directory that could say where their home is/,
    ],
    [
      'anonymous logins whose home needs an id',
      { ...anonymous, userIsolation: { mode: 'Template', template: '{id}' } },
      /have no \{id\}/,
    ],
    [
      'anonymous clients called like a directory that lies beside their home',
      { ...anonymous, directories: ['people', 'Anonymous'] },
      /userName: anonymous is also the name of a directory/,
    ],
    [
      'rules beside a mapping service',
      {
        ...rules({ methods: ['certificate'] }),
        directories: [],
        mapping: { service: { endpoints: [{ url: 'https://map.example:8443' }] } },
      },
      /authentication\.rules: a remote mapping service/,
    ],
  ])('are %s', (_what, changes, expected) => {
    expect(told(authenticationFaults, changes).join('\n')).toMatch(expected);
  });
});

describe('warnings', () => {
  it.each<[string, object, readonly RegExp[]]>([
    ['of nothing by default', {}, []],
    ['of no method', { authentication: { clientCertAuthentication: { enabled: false } } }, [/every login is refused/]],
    ['of anonymous logins that no rule allows anything', anonymous, [/no authorization rule allows anonymous clients/]],
    ['of what anonymous clients may read', { ...anonymous, authorization: [guests] }, [/: Read below \/pub$/]],
    [
      'of what they may write, at its rule',
      { ...anonymous, authorization: [{ ...guests, permissions: ['Write'], path: '/in' }] },
      [/: Write below \/in$/, /^authorization\.0\.permissions: anonymous clients may write below \/in/],
    ],
    ['of rules for ? without anonymous logins', { authorization: [guests] }, [/^authorization\.0\.users: \? is for/]],
    [
      'of a rule behind one for every client',
      rules({ methods: ['certificate'] }, { users: ['ada'], methods: ['password'] }),
      [/^authentication\.rules\.1: never decides: authentication\.rules\[0\]/],
    ],
    [
      'of a rule for people and networks that one before it has all of',
      rules(
        { users: ['Ada', 'bob'], networks: ['10.0.0.0/8', 'fd00::/8'], methods: ['certificate'] },
        { users: ['ada'], networks: ['10.1.0.0/16', 'fd00:1::/32'], methods: ['password'] },
      ),
      [/^authentication\.rules\.1: never decides/],
    ],
    [
      'of none that is for others, too',
      rules(
        { users: ['ada'], roles: ['staff'], networks: ['10.1.0.0/16'], methods: ['certificate'] },
        { users: ['ada'], networks: ['10.0.0.0/8'], methods: ['password'] },
        { users: ['ada', 'bob'], networks: ['10.1.0.0/16'], methods: ['password'] },
        { roles: ['guests'], networks: ['10.1.0.0/16'], methods: ['password'] },
        { networks: ['10.1.0.0/16'], methods: ['password'] },
        { methods: ['certificate'] },
      ),
      [],
    ],
  ])('are %s', (_what, changes, expected) => {
    const messages = told(authenticationWarnings, changes);
    expect(messages).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(messages[index]).toMatch(pattern);
  });
});

describe('the schema', () => {
  it.each<[string, object]>([
    ['a star as a name', { users: ['*'], methods: [] }],
    ['a question mark as a name', { users: ['?'], methods: [] }],
    ['an empty list of users', { users: [], methods: [] }],
    ['an empty list of networks', { networks: [], methods: [] }],
    ['a network that begins within itself', { networks: ['10.0.0.1/8'], methods: [] }],
    ['an unknown method', { methods: ['card'] }],
    ['no methods', { users: ['ada'] }],
    ['another setting', { methods: [], groups: ['staff'] }],
  ])('refuses %s', (_what, rule) => expect(() => site(rules(rule))).toThrow());

  it.each(['', '../x', 'a/b', '.hidden', 'x'.repeat(65)])('refuses the userName %j', (userName) => {
    expect(() => site({ authentication: { anonymousAuthentication: { userName } } })).toThrow();
  });
});
