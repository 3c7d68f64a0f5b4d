/** What rules demand besides the person, which of several rules decides, and what is said of a login that they leave out. */
import { describe, expect, it } from 'vitest';
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import { authorization } from '../../../src/authorization/authorization-rules.ts';
import type {
  CertificateCircumstances,
  LoginCircumstances,
  RuleConditions,
} from '../../../src/authorization/rules/rule-conditions.ts';
import { weekTime, weekTimes } from '../../../src/authorization/rules/week-times.ts';
import { authorize, byCertificate, type Judging, rightsOf } from '../../support/authorize.ts';

const ada = { accountName: 'ada', groups: [{ name: 'staff' }] };
const rule = (more: Partial<AuthorizationRule>): AuthorizationRule => ({
  accessType: 'Allow',
  users: '*',
  permissions: ['Read'],
  path: '/',
  ...more,
});

const certificate = byCertificate.certificate as CertificateCircumstances;
const by = (more: Partial<LoginCircumstances>): LoginCircumstances => ({ ...byCertificate, ...more });
const bearing = (more: Partial<CertificateCircumstances>) => by({ certificate: { ...certificate, ...more } });

const clientAuth = '1.3.6.1.5.5.7.3.2';
const cardAuth = '2.16.840.1.101.3.6.8';
const pivAuthPolicy = '2.16.840.1.101.3.2.1.3.13';

/** Whether the condition holds: `yes`, `no`, or `unknown`, when neither a rule that allows nor the absence of one that denies helps. */
const conditions: readonly [string, Partial<RuleConditions>, LoginCircumstances, 'yes' | 'no' | 'unknown'][] = [
  ['one of the ways of authentication', { authentication: ['password', 'certificate'] }, byCertificate, 'yes'],
  ['another way of authentication', { authentication: ['certificateAndPassword'] }, byCertificate, 'no'],
  ['a way that is not known', { authentication: ['certificate'] }, by({ method: undefined }), 'unknown'],
  ['one of the extended key usages', { extendedKeyUsage: [cardAuth, clientAuth] }, byCertificate, 'yes'],
  ['another extended key usage', { extendedKeyUsage: [cardAuth] }, byCertificate, 'no'],
  [
    'usages that are not known',
    { extendedKeyUsage: [clientAuth] },
    bearing({ extendedKeyUsage: undefined }),
    'unknown',
  ],
  ['no usage at all, where that is named', { extendedKeyUsage: ['none'] }, bearing({ extendedKeyUsage: [] }), 'yes'],
  ['some usage, where none is named', { extendedKeyUsage: ['none'] }, byCertificate, 'no'],
  ['one of the policies of the path', { policies: ['1.2.3', pivAuthPolicy] }, byCertificate, 'yes'],
  ['another policy', { policies: ['1.2.3'] }, byCertificate, 'no'],
  [
    'a path for any policy, of which none is named',
    { policies: [pivAuthPolicy] },
    bearing({ policies: 'any-policy' }),
    'unknown',
  ],
  ['the issuer by its certificate', { issuers: ['ab'.repeat(32)] }, byCertificate, 'yes'],
  ['the issuer by its name in another spelling', { issuers: ['cn=issuing ca, o=example'] }, byCertificate, 'yes'],
  ['another issuer', { issuers: ['CN=Issuing CA', 'cd'.repeat(32)] }, byCertificate, 'no'],
  ['an address of the network', { networks: ['203.0.113.0/24', '192.0.2.0/24'] }, byCertificate, 'yes'],
  ['an address outside', { networks: ['203.0.113.0/24'] }, byCertificate, 'no'],
  ['an IPv6 address of the network', { networks: ['2001:db8::/32'] }, by({ remoteAddress: '2001:db8::1' }), 'yes'],
  ['an IPv6 address, and all of IPv4', { networks: ['0.0.0.0/0'] }, by({ remoteAddress: '2001:db8::1' }), 'no'],
  ['an address that is not known', { networks: ['0.0.0.0/0'] }, by({ remoteAddress: '' }), 'unknown'],
  ['a certificate that is not known', { extendedKeyUsage: [clientAuth] }, by({ certificate: 'unknown' }), 'unknown'],
  ...[{ extendedKeyUsage: [clientAuth] }, { policies: [pivAuthPolicy] }, { issuers: ['ab'.repeat(32)] }].map(
    (one): [string, Partial<RuleConditions>, LoginCircumstances, 'no'] => [
      `no certificate, for ${Object.keys(one)}`,
      one,
      by({ method: 'password', certificate: 'none' }),
      'no',
    ],
  ),
  ['two conditions that hold', { authentication: ['certificate'], networks: ['192.0.2.0/24'] }, byCertificate, 'yes'],
  [
    'one of two that does not hold',
    { authentication: ['certificate'], networks: ['203.0.113.0/24'] },
    byCertificate,
    'no',
  ],
  [
    'one that does not hold, and one that is not known',
    { authentication: ['password'], networks: ['203.0.113.0/24'] },
    by({ remoteAddress: '' }),
    'no',
  ],
];

describe('a rule that allows, with a condition', () => {
  it.each(conditions)('%s', (_case, condition, circumstances, expected) => {
    const rights = rightsOf([rule(condition)], ada, { circumstances });
    expect(rights.allows('Read', '/a')).toBe(expected === 'yes');
  });
});

describe('a rule that denies, with a condition', () => {
  it.each(conditions)('%s', (_case, condition, circumstances, expected) => {
    const rights = rightsOf([rule({}), rule({ ...condition, accessType: 'Deny' })], ada, { circumstances });
    expect(rights.allows('Read', '/a')).toBe(expected === 'no');
    expect(rights.denies('Read', '/a')).toBe(expected !== 'no');
  });
});

describe('a login that rules name and leave out', () => {
  it('is refused with the rules and what each demands', () => {
    const rules = [
      rule({ users: ['bob'] }),
      rule({ networks: ['203.0.113.0/24'], authentication: ['password'] }),
      rule({ times: [{ days: ['Sunday'], from: '00:00', to: '24:00', timeZone: 'UTC' }] }),
    ];
    expect(authorize(rules, ada)).toMatchObject({
      outcome: 'denied',
      denial: {
        code: 'not-authorized',
        detail:
          'No authorization rule concerns this login; 2 more name ada, and not such a login: authorization[1] (authentication, networks); authorization[2] (times).',
        facts: {
          concerningRules: 0,
          unmetRules: ['authorization[1] (authentication, networks)', 'authorization[2] (times)'],
        },
      },
    });
  });

  it('is told them when it is let in by another rule', () => {
    const outcome = authorize([rule({}), rule({ permissions: ['Write'], networks: ['203.0.113.0/24'] })], ada);
    expect(outcome).toMatchObject({ outcome: 'authorized', unmet: expect.any(Function) });
    if (outcome.outcome === 'denied') expect.fail('denied');
    expect(outcome.unmet()).toEqual([{ index: 1, conditions: ['networks'] }]);
  });
});

describe('the first rule of the list that concerns it', () => {
  const first: Judging = { order: 'firstMatch' };
  const deny = (more: Partial<AuthorizationRule>) => rule({ ...more, accessType: 'Deny' });
  it.each<[string, readonly AuthorizationRule[], string, boolean]>([
    ['allows, though a later one denies', [rule({}), deny({})], '/a', true],
    ['denies, though a later one allows', [deny({}), rule({})], '/a', false],
    ['is not one for other people', [deny({ users: ['bob'] }), rule({})], '/a', true],
    ['is not one for the other permission', [deny({ permissions: ['Write'] }), rule({})], '/a', true],
    ['is not one for another path', [deny({ path: '/b' }), rule({})], '/a', true],
    ['may be for a path below that of a later one', [rule({ path: '/a/b' }), deny({ path: '/a' })], '/a/b/c', true],
    ['and leaves the rest of it to the later one', [rule({ path: '/a/b' }), deny({ path: '/a' })], '/a/c', false],
    ['may be for a path above that of a later one', [rule({}), deny({ path: '/a' })], '/a', true],
    ['is not one whose condition does not hold', [deny({ networks: ['203.0.113.0/24'] }), rule({})], '/a', true],
    ['may be missing: nothing is allowed then', [rule({ path: '/b' })], '/a', false],
  ])('%s', (_case, rules, path, expected) => {
    const rights = rightsOf(rules, ada, first);
    expect(rights.allows('Read', path)).toBe(expected);
    expect(rights.decide('Read', { path, ruled: new Set() }).isAllowed).toBe(expected);
  });

  it('is found by what a path leads to, as a rule that denies is', () => {
    const rights = rightsOf([deny({ path: '/secret' }), rule({})], ada, first);
    expect(rights.allows('Read', '/other', new Set(['/secret']))).toBe(false);
    const reversed = rightsOf([rule({ path: '/open' }), deny({})], ada, first);
    expect(reversed.allows('Read', '/elsewhere', new Set(['/open']))).toBe(false);
  });

  it('is named to who asks why', () => {
    const rights = rightsOf([deny({ users: ['bob'] }), rule({}), deny({})], ada, first);
    expect(rights.decide('Read', { path: '/a', ruled: new Set() })).toEqual({ isAllowed: true, rules: [1] });
    expect(rights.decide('Read', { path: '/a', ruled: new Set() }, [{ path: '/l', ruled: new Set() }])).toEqual({
      isAllowed: true,
      rules: [1],
    });
  });
});

describe('hours of the week', () => {
  const times = (...list: readonly object[]) => weekTimes(list.map((one) => weekTime.parse(one)));
  const working = { days: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'], from: '08:00', to: '18:00' };
  it.each([
    ['the first minute is in it', { ...working, timeZone: 'UTC' }, '2026-07-01T08:00:00Z', true],
    ['the minute before is not', { ...working, timeZone: 'UTC' }, '2026-07-01T07:59:59Z', false],
    ['the last minute is in it', { ...working, timeZone: 'UTC' }, '2026-07-01T17:59:59Z', true],
    ['the minute it ends at is not', { ...working, timeZone: 'UTC' }, '2026-07-01T18:00:00Z', false],
    ['another day is not', { ...working, timeZone: 'UTC' }, '2026-07-04T12:00:00Z', false],
    [
      'the clock of its zone counts, in summer',
      { ...working, timeZone: 'Europe/Berlin' },
      '2026-07-01T06:00:00Z',
      true,
    ],
    ['and in winter', { ...working, timeZone: 'Europe/Berlin' }, '2026-12-02T06:59:00Z', false],
    ['and in winter an hour later', { ...working, timeZone: 'Europe/Berlin' }, '2026-12-02T07:00:00Z', true],
    ['the day of its zone counts', { days: ['Thursday'], timeZone: 'Asia/Tokyo' }, '2026-07-01T15:00:00Z', true],
    [
      'a night goes on in the next day',
      { days: ['Friday'], from: '22:00', to: '06:00', timeZone: 'UTC' },
      '2026-07-04T05:59:00Z',
      true,
    ],
    [
      'and ends there',
      { days: ['Friday'], from: '22:00', to: '06:00', timeZone: 'UTC' },
      '2026-07-04T06:00:00Z',
      false,
    ],
    [
      'it does not begin in the morning of its day',
      { days: ['Friday'], from: '22:00', to: '06:00', timeZone: 'UTC' },
      '2026-07-03T05:00:00Z',
      false,
    ],
    [
      'the night of Sunday goes on in Monday',
      { days: ['Sunday'], from: '22:00', to: '06:00', timeZone: 'UTC' },
      '2026-07-06T01:00:00Z',
      true,
    ],
    ['without from and to it is the whole day', { days: ['Wednesday'], timeZone: 'UTC' }, '2026-07-01T23:59:59Z', true],
    [
      'the hour that a clock skips is over',
      { days: ['Sunday'], from: '02:00', to: '03:00', timeZone: 'Europe/Berlin' },
      '2026-03-29T01:00:00Z',
      false,
    ],
    [
      'the hour that a clock shows twice is twice in it',
      { days: ['Sunday'], from: '02:00', to: '03:00', timeZone: 'Europe/Berlin' },
      '2026-10-25T01:30:00Z',
      true,
    ],
  ])('%s', (_case, time, now, expected) => {
    expect(times(time)(new Date(now))).toBe(expected);
  });

  it('hold when one of them holds', () => {
    const [morning, evening] = [
      { from: '06:00', to: '07:00', timeZone: 'UTC' },
      { from: '20:00', to: '21:00', timeZone: 'UTC' },
    ];
    const isIn = times(morning, evening);
    expect(['06:30', '12:00', '20:30'].map((time) => isIn(new Date(`2026-07-01T${time}:00Z`)))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('end and begin while a session runs', () => {
    let now = new Date('2026-07-01T17:59:00Z');
    const rights = rightsOf([rule({ times: [weekTime.parse({ ...working, timeZone: 'UTC' })] })], ada, {
      clock: { now: () => now },
    });
    const during = rights.allows('Read', '/');
    now = new Date('2026-07-01T18:00:00Z');
    const after = rights.allows('Read', '/');
    now = new Date('2026-07-02T08:00:00Z');
    expect([during, after, rights.allows('Read', '/')]).toEqual([true, false, true]);
  });
});

describe('settings of conditions', () => {
  it.each<[string, object, string]>([
    ['a time of one digit', { times: [{ from: '8:00' }] }, 'must be a time of day'],
    ['a time that no clock shows', { times: [{ to: '25:00' }] }, 'must be a time of day'],
    ['a time that begins when it ends', { times: [{ from: '08:00', to: '08:00' }] }, 'must not begin when it ends'],
    ['an unknown zone', { times: [{ timeZone: 'Europe/Atlantis' }] }, 'must be a time zone'],
    ['a network in the midst of one', { networks: ['10.0.0.1/8'] }, 'must begin with the first address'],
    ['an issuer that is neither name nor fingerprint', { issuers: ['Issuing CA'] }, 'must be a distinguished name'],
    ['a policy that is no object identifier', { policies: ['pivAuth'] }, 'must be a dotted object identifier'],
    ['an empty list', { networks: [] }, 'Too small'],
  ])('%s is refused', (_case, condition, message) => {
    const result = authorization.safeParse([{ users: '*', permissions: ['Read'], ...condition }]);
    expect(JSON.stringify(result.error?.issues)).toContain(message);
  });

  it('takes names of usages for their object identifiers', () => {
    const [decoded] = authorization.parse([
      { users: '*', permissions: ['Read'], extendedKeyUsage: ['clientAuth', cardAuth] },
    ]);
    expect(decoded?.extendedKeyUsage).toEqual([clientAuth, cardAuth]);
  });
});
