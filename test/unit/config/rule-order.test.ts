/** What check-config says of authorization rules that others leave nothing to, and of those that open more than others closed. */
import { describe, expect, it } from 'vitest';
import type { AuthorizationOrder } from '../../../src/authorization/authorization-rules.ts';
import { authorization } from '../../../src/authorization/authorization-rules.ts';
import { checkAuthorization } from '../../../src/config/checks/authorization-check.ts';
import type { SiteSettings } from '../../../src/config/site-schema.ts';
import { YamlSource } from '../../../src/config/yaml/yaml-source.ts';
import { authentication } from '../../../src/login/authentication-settings.ts';

type Mode = SiteSettings['authentication']['mode'];

/** `0: message`, by place in the list; warnings and notes apart. */
function said(
  rules: readonly object[],
  order: AuthorizationOrder = 'denyWins',
  mode: Mode = 'certificate',
  more: object = {},
) {
  const source = new YamlSource('cardgate.yaml', 'sites: []');
  const settings = {
    authorization: authorization.parse(rules.map((rule) => ({ users: '*', permissions: ['Read'], ...rule }))),
    authorizationOrder: order,
    authentication: authentication.parse({ mode, ...more }),
    directories: [],
  } as unknown as SiteSettings;
  checkAuthorization(source, ['sites', 0], settings, []);
  const of = (severity: string) =>
    source.faults.flatMap((fault) =>
      fault.severity === severity ? [`${fault.setting.replace('sites[0].authorization', '')} ${fault.message}`] : [],
    );
  return { warnings: of('warning'), notes: of('note') };
}

const deny = { accessType: 'Deny' };
const dmz = { networks: ['192.0.2.0/24'] };

describe('rules that never decide anything', () => {
  it.each<[string, readonly object[], AuthorizationOrder, readonly string[]]>([
    ['rules for different people', [{ users: ['ada'] }, { users: ['bob'] }], 'denyWins', []],
    ['a rule that adds a permission', [{}, { users: ['ada'], permissions: ['Read', 'Write'] }], 'denyWins', []],
    [
      'a rule below one that denies the same to all',
      [{ ...deny, path: '/x' }, {}, { users: ['ada'], path: '/x/y' }],
      'denyWins',
      ['[2] can never match: authorization[0] denies the same, and Deny wins'],
    ],
    [
      'the same in any order',
      [{ users: ['ada'], path: '/x/y' }, {}, { ...deny, path: '/x/' }],
      'denyWins',
      ['[0] can never match: authorization[2] denies the same, and Deny wins'],
    ],
    [
      'a rule whose permissions two others deny',
      [
        { users: ['ada'], permissions: ['Read', 'Write'], path: '/x' },
        { ...deny, users: ['ada', 'bob'], permissions: ['Write'], path: '/x' },
        { ...deny, permissions: ['Read'], path: '/x' },
        {},
      ],
      'denyWins',
      ['[0] can never match: authorization[2] and authorization[1] denies the same, and Deny wins'],
    ],
    [
      'a rule that allows what another allows to more',
      [{ users: ['ada'] }, {}],
      'denyWins',
      ['[0] allows nothing that authorization[1] does not'],
    ],
    ['a rule twice', [{}, {}], 'denyWins', ['[1] says the same as authorization[0]']],
    [
      'a rule for people in other letters',
      [
        { users: undefined, roles: ['Staff'] },
        { users: undefined, roles: ['STAFF'], path: '/a' },
      ],
      'denyWins',
      ['[1] allows nothing that authorization[0] does not'],
    ],
    ['a rule that denies under a condition', [{ ...deny, ...dmz, path: '/x' }, { path: '/x' }, {}], 'firstMatch', []],
    [
      'a condition within that of another',
      [{ ...deny, networks: ['192.0.2.0/24'] }, { networks: ['192.0.2.128/25', '192.0.2.7'] }, { users: ['bob'] }],
      'firstMatch',
      ['[1] can never match: authorization[0] before it decides the same'],
    ],
    [
      'a rule that denies below one that allows, where the first decides',
      [{}, { ...deny, path: '/secret' }],
      'firstMatch',
      ['[1] can never match: authorization[0] before it decides the same'],
    ],
    ['the same where Deny wins', [{}, { ...deny, path: '/secret' }], 'denyWins', []],
    ['a narrow rule before a wide one', [{ users: ['ada'], path: '/a' }, {}], 'firstMatch', []],
  ])('%s', (_case, rules, order, expected) => {
    expect(said(rules, order).warnings).toEqual(expected);
  });

  it('are found among ten thousand in a moment', () => {
    const rules = Array.from({ length: 9_999 }, (_, index) => ({ users: [`u${index}`], path: `/${index % 100}` }));
    const twice = said([...rules, rules[1234]!], 'firstMatch');
    expect(twice.warnings).toEqual(['[9999] says the same as authorization[1234]']);
  });
});

describe('rules that open more than others closed', () => {
  it.each<[string, readonly object[], AuthorizationOrder, readonly string[]]>([
    [
      'to other accounts, elsewhere, and with another permission',
      [{ ...deny, users: ['bob'], permissions: ['Write'], path: '/a' }, { permissions: ['Read', 'Write'] }],
      'firstMatch',
      ['[1] opens more than authorization[0] closed: Read in the same place; every other account; / outside /a'],
    ],
    [
      'where a condition is not fulfilled',
      [
        { ...deny, roles: ['Staff'], users: undefined, ...dmz },
        { roles: ['Staff'], users: undefined },
      ],
      'denyWins',
      ['[1] opens more than authorization[0] closed: logins to which its networks do not apply'],
    ],
    ['not when the conditions are the same', [{ ...deny, path: '/a', ...dmz }, dmz], 'denyWins', []],
    ['not to other people', [{ ...deny, users: ['bob'], ...dmz }, { users: ['ada'] }], 'firstMatch', []],
    ['not before it', [{}, { ...deny, users: ['bob'], path: '/x', ...dmz }], 'firstMatch', []],
  ])('%s', (_case, rules, order, expected) => {
    expect(said(rules, order).notes).toEqual(expected);
  });
});

describe('a rule that denies by what a certificate says', () => {
  it.each<[string, object, Mode, readonly string[]]>([
    ['is evaded by password', { issuers: ['CN=Old CA'] }, 'certificateOrPassword', ['issuers']],
    ['is not where a certificate is demanded', { issuers: ['CN=Old CA'] }, 'certificate', []],
    ['nor does a rule by network', dmz, 'certificateOrPassword', []],
  ])('%s', (_case, condition, mode, settings) => {
    const { warnings } = said([{ ...deny, ...condition }, {}], 'denyWins', mode);
    expect(warnings).toEqual(
      settings.map((name) => expect.stringMatching(new RegExp(`^\\[0\\]\\.${name} .*by password instead`))),
    );
  });
});

describe('rules for anonymous clients', () => {
  const anonymous = { anonymousAuthentication: { enabled: true } };
  it.each<[string, readonly object[], AuthorizationOrder, readonly string[]]>([
    ['are not covered by a star that allows', [{}, { users: '?' }], 'denyWins', []],
    ['are covered by a star that denies', [{ ...deny }, { users: '?' }], 'denyWins', ['[1] can never match']],
    ['leave a star that denies something to decide', [{}, { ...deny }], 'firstMatch', []],
    ['cover no account', [{ users: '?' }, { users: ['ada'] }], 'denyWins', []],
    ['twice', [{ users: '?' }, { users: '?' }], 'denyWins', ['[1] says the same']],
  ])('%s', (_what, rules, order, expected) => {
    const { warnings } = said(rules, order, 'certificate', anonymous);
    expect(warnings).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(warnings[index]).toContain(text);
  });

  it('are not opened by a star that allows', () => {
    expect(said([{ ...deny, users: '?', ...dmz }, {}], 'denyWins', 'certificate', anonymous).notes).toEqual([]);
  });
});
