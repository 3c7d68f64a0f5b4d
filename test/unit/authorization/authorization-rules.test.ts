import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Permission } from '../../../src/authorization/access-rights.ts';
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import type { NamedSubject } from '../../../src/authorization/rules/subject-names.ts';
import { authorize, rightsOf } from '../../support/authorize.ts';

const ada: NamedSubject = {
  accountName: 'ada',
  groups: [
    { sid: 'S-1-5-21-1-2-3-1105', distinguishedName: 'CN=Engineers,OU=Groups,DC=example,DC=org', name: 'Engineers' },
    { name: 'staff' },
  ],
};

const both: readonly Permission[] = ['Read', 'Write'];
const allow = (rule: Partial<AuthorizationRule>): AuthorizationRule => ({
  accessType: 'Allow',
  permissions: both,
  path: '/',
  ...rule,
});
const deny = (rule: Partial<AuthorizationRule>): AuthorizationRule => ({
  ...allow(rule),
  accessType: 'Deny',
});

/** `R`, `W`, `RW` or `-` at a path; `denied` when the login is refused. */
function rightsAt(rules: readonly AuthorizationRule[], path: string, subject = ada): string {
  const outcome = authorize(rules, subject);
  if (outcome.outcome === 'denied') return 'denied';
  const granted = both.filter((permission) => outcome.accessRights.allows(permission, path));
  return granted.map((permission) => permission.charAt(0)).join('') || '-';
}

describe('authorize', () => {
  it.each<[string, readonly AuthorizationRule[], string, string]>([
    ['no rules: no account gets in', [], '/', 'denied'],
    ['every account', [allow({ users: '*' })], '/any/where', 'RW'],
    ['the account by name', [allow({ users: ['bob', 'ada'] })], '/', 'RW'],
    ['the account by name in another case', [allow({ users: ['ADA'] })], '/', 'RW'],
    ['another account', [allow({ users: ['adam'] })], '/', 'denied'],
    ['a list with a star in it is a list of names', [allow({ users: ['*'] })], '/', 'denied'],
    ['a group by SID', [allow({ roles: ['s-1-5-21-1-2-3-1105'] })], '/', 'RW'],
    ['a group by distinguished name', [allow({ roles: ['cn=engineers, ou=groups, dc=example, dc=org'] })], '/', 'RW'],
    ['a group by name', [allow({ roles: ['Staff'] })], '/', 'RW'],
    ['another group', [allow({ roles: ['admins'] })], '/', 'denied'],
    ['a group named like the account is not the account', [allow({ roles: ['ada'] })], '/', 'denied'],
    ['a rule without users', [allow({})], '/', 'denied'],
    ['a rule for empty lists', [allow({ users: [], roles: [] })], '/', 'denied'],
    ['a rule without permissions', [allow({ users: '*', permissions: [] })], '/', 'denied'],
    ['Read does not write', [allow({ users: '*', permissions: ['Read'] })], '/', 'R'],
    ['Write does not read', [allow({ users: '*', permissions: ['Write'] })], '/', 'W'],
    [
      'two rules add up',
      [allow({ users: '*', permissions: ['Read'] }), allow({ roles: ['staff'], permissions: ['Write'] })],
      '/',
      'RW',
    ],
    ['a path covers itself', [allow({ users: '*', path: '/in' })], '/in', 'RW'],
    ['a path covers what is below', [allow({ users: '*', path: '/in' })], '/in/a/b', 'RW'],
    ['a path does not cover its parent', [allow({ users: '*', path: '/in' })], '/', '-'],
    ['a path does not cover names that begin alike', [allow({ users: '*', path: '/in' })], '/inbox', '-'],
    ['Deny wins over Allow', [allow({ users: '*' }), deny({ users: ['ada'] })], '/', 'denied'],
    ['Deny wins in any order', [deny({ users: ['ada'] }), allow({ users: '*' })], '/', 'denied'],
    [
      'Deny of a group wins over Allow of the account',
      [allow({ users: ['ada'] }), deny({ roles: ['staff'] })],
      '/',
      'denied',
    ],
    [
      'Deny of another account concerns that account alone',
      [allow({ users: '*' }), deny({ users: ['bob'] })],
      '/',
      'RW',
    ],
    ['Deny takes one permission', [allow({ users: '*' }), deny({ users: '*', permissions: ['Write'] })], '/', 'R'],
    ['Deny below a path', [allow({ users: '*' }), deny({ users: '*', path: '/x' })], '/x/y', '-'],
    ['Deny below a path leaves the rest', [allow({ users: '*' }), deny({ users: '*', path: '/x' })], '/y', 'RW'],
    [
      'Allow below a denied path does not win',
      [allow({ users: '*', path: '/x/y' }), deny({ users: '*', path: '/x' })],
      '/x/y',
      'denied',
    ],
    ...['/x/', '//x', '/x/.', '/a/../x//'].map((path): [string, readonly AuthorizationRule[], string, string] => [
      `a rule’s path may be spelled ${path}`,
      [allow({ users: '*' }), deny({ users: '*', path })],
      '/x/y',
      '-',
    ]),
    [
      'a Deny that names no account takes nothing',
      [allow({ users: '*' }), deny({}), deny({ users: [], roles: [] })],
      '/',
      'RW',
    ],
    ['Deny alone lets no account in', [deny({ users: ['bob'] })], '/', 'denied'],
  ])('%s', (_rule, rules, path, expected) => {
    expect(rightsAt(rules, path)).toBe(expected);
  });

  it('does not take an escaped comma in a group for a separator', () => {
    const subject = { accountName: 'ada', groups: [{ distinguishedName: 'CN=a\\, b,DC=x' }] };
    expect(rightsAt([allow({ roles: ['CN=a\\,b,DC=x'] })], '/', subject)).toBe('denied');
  });

  it.each([
    ['CN=a ,DC=x', 'CN=a,DC=x', 'RW'],
    ['CN=a,DC=x', 'CN=a , DC=x', 'RW'],
    ['ab', 'a+b', 'denied'],
  ])('takes the role %s for the group %s: %s', (role, distinguishedName, rights) => {
    expect(rightsAt([allow({ roles: [role] })], '/', { accountName: 'ada', groups: [{ distinguishedName }] })).toBe(
      rights,
    );
  });

  it('explains a refusal with twenty groups at most, one without a name included', () => {
    const groups = [{}, ...Array.from({ length: 24 }, (_, index) => ({ name: `group${index}` }))];
    const refused = authorize([allow({ users: ['bob'] })], { accountName: 'ada', groups });
    const named = ['', ...groups.slice(1, 20).map((group) => ('name' in group ? group.name : ''))];
    expect(refused).toMatchObject({ denial: { facts: { groups: named } } });
  });

  it('explains who was refused and why', () => {
    expect(authorize([allow({ users: ['bob'] })], ada)).toMatchObject({
      denial: {
        code: 'not-authorized',
        detail: 'None of 1 authorization rules names ada or one of its 2 groups.',
        facts: { accountName: 'ada', groups: ['S-1-5-21-1-2-3-1105', 'staff'] },
      },
    });
    expect(authorize([allow({ users: '*' }), deny({ users: '*' })], ada)).toMatchObject({
      denial: { detail: expect.stringContaining('allow nothing, or deny all') },
    });
  });

  it('never gives more when a Deny rule is added, and is the same in any order', () => {
    const paths = ['/', '/a', '/a/b', '/ab'];
    const rule = fc.record({
      accessType: fc.constantFrom<AuthorizationRule['accessType']>('Allow', 'Deny'),
      users: fc.constantFrom<'*' | string[]>('*', ['ada'], ['bob']),
      permissions: fc.subarray([...both]),
      path: fc.constantFrom(...paths),
    });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), rule, fc.constantFrom(...paths), (rules, added, path) => {
        const before = rightsAt(rules, path);
        expect(rightsAt(rules.toReversed(), path)).toBe(before);
        const after = rightsAt([...rules, { ...added, accessType: 'Deny' }], path);
        for (const letter of ['R', 'W']) if (after.includes(letter)) expect(before).toContain(letter);
      }),
    );
  });
});

describe('what a path leads to', () => {
  const rights = (rules: readonly AuthorizationRule[]) => {
    const outcome = authorize([allow({ users: '*', permissions: both, path: '/open' }), ...rules], ada);
    return outcome.outcome === 'authorized' ? outcome.accessRights : expect.fail('not authorized');
  };
  const secret = deny({ users: '*', path: '/open/secret', permissions: ['Read'] });

  it.each([
    ['a rule that denies reaches what its path leads to, whatever that is called', '/open/other', false],
    ['and nothing that it does not lead to', '/open/free', true],
  ])('%s', (_rule, path, expected) => {
    const ruled = new Set(path === '/open/other' ? ['/open/secret'] : []);
    expect(rights([secret]).allows('Read', path, ruled)).toBe(expected);
    expect(rights([secret]).denies('Read', path, ruled)).toBe(!expected);
  });

  it.each([
    ['a rule that allows reaches nothing through a link', '/elsewhere/file', ['/open'], false],
    ['it reaches what lies at its path', '/open/file', [], true],
    ['it reaches the same directory in other letters, where the file system folds them', '/OPEN/file', ['/open'], true],
    ['but not another directory in other letters', '/OPEN/file', [], false],
  ])('%s', (_rule, path, ruled, expected) => {
    expect(rights([]).allows('Read', path, new Set(ruled))).toBe(expected);
  });

  it.each(['/OPEN', '/open.', '/o\u200bpen'])(
    'a rule that allows is compared folded, as it is written too: %s',
    (path) => {
      const outcome = authorize([allow({ users: '*', path })], ada);
      if (outcome.outcome === 'denied') expect.fail('not authorized');
      expect(outcome.accessRights.allows('Read', '/open/file', new Set([path]))).toBe(true);
      expect(outcome.accessRights.allows('Read', '/opened/file', new Set([path]))).toBe(false);
      expect(outcome.accessRights.allows('Read', '/open/file')).toBe(false);
    },
  );

  it('names the paths of its own rules, and those of the rules for all that stay where they are', () => {
    const other = deny({ users: ['bob'], path: '/of-bob/', permissions: ['Read'] });
    const { rulePaths, fixedPaths } = rights([secret, other, deny({ users: '*', permissions: ['Write'] })]);
    expect(rulePaths).toEqual(['/open', '/open/secret']);
    expect(fixedPaths).toEqual(['/open', '/open/secret', '/of-bob']);
  });
});

describe('the rules that decide', () => {
  const subject = { accountName: 'ada', groups: [{ name: 'staff' }] };
  const paths = ['/', '/a', '/a/b', '/c'];
  const rules = paths.flatMap((path) =>
    (['Allow', 'Deny'] as const).flatMap((accessType) =>
      [{ users: '*' as const }, { users: ['eve'] }, { roles: ['STAFF'] }].map((who) => ({
        accessType,
        permissions: ['Read' as const],
        path,
        ...who,
      })),
    ),
  );

  it('come to what a login comes to, for every pair of rules at every place', () => {
    for (const first of rules) {
      for (const second of rules) {
        const outcome = authorize([first, second], subject);
        for (const path of paths) {
          const { isAllowed } = rightsOf([first, second], subject).decide('Read', { path, ruled: new Set() });
          const expected = outcome.outcome === 'authorized' && outcome.accessRights.allows('Read', path);
          expect([first, second, path, isAllowed]).toEqual([first, second, path, expected]);
        }
      }
    }
  });

  const allow = { accessType: 'Allow' as const, users: '*' as const, permissions: ['Read' as const], path: '/' };
  const deny = { ...allow, accessType: 'Deny' as const, path: '/a' };
  const at = (path: string, ...ruled: string[]) => ({ path, ruled: new Set(ruled) });

  it.each([
    ['those that deny, and no other', at('/a/b'), [], false, [1, 2]],
    ['those that allow, where none denies', at('/c'), [], true, [0]],
    ['one that denies a link on the way', at('/c'), [at('/a')], false, [1, 2]],
    ['one that leads to the object by another name', at('/c', '/a'), [], false, [1, 2]],
  ] as const)('are %s', (_rule, place, links, isAllowed, indices) => {
    expect(rightsOf([allow, deny, deny], subject).decide('Read', place, links)).toEqual({ isAllowed, rules: indices });
  });

  it('are none where no rule allows it', () => {
    expect(rightsOf([deny], subject).decide('Read', at('/c'))).toEqual({ isAllowed: false, rules: [] });
  });
});
