/** Mixes of methods: who is asked for what by which rule, in a login and in its recheck, and what is strict where too little is known. */
import { describe, expect, it, vi } from 'vitest';
import type { AuthenticationMethod } from '../../../src/authorization/authentication-method.ts';
import { denial } from '../../../src/denial.ts';
import { type Directory, DirectoryUnavailableError, type Group } from '../../../src/directory/directory.ts';
import type { Step } from '../../../src/explanation/steps.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import { LoginGenerations } from '../../../src/login/login-generations.ts';
import { methodDemand, possibleRules, type SiteMethods } from '../../../src/login/method-rules.ts';
import { type LoginMode, type LoginSetup, loginsOf } from '../../support/login-setup.ts';
import { throttleOf } from '../../support/settings.ts';
import { accountWith, authenticatorWith, mappingTo, now, request } from './certificate-login.ts';

type Rules = SiteMethods['rules'];

const noCard: Partial<LoginRequest> = { peerCertificates: [] };
const inside = '10.1.2.3';
const outside = '192.0.2.7';

interface World {
  readonly mode?: LoginMode;
  readonly rules: Rules;
  readonly groups?: readonly Group[];
  /** Thrown when the groups are read. */
  readonly fault?: Error;
  readonly overrides?: Partial<LoginSetup>;
}

function site({ mode = 'certificate', rules, groups = [], fault, overrides }: World) {
  const readGroups = vi.fn(async () => {
    if (fault) throw fault;
    return groups;
  });
  const verifyPassword = vi.fn(async (_account: unknown, password: string) =>
    password === 'right'
      ? ({ outcome: 'accepted' } as const)
      : ({ outcome: 'refused', denial: denial('password-wrong', 'x') } as const),
  );
  const corp = {
    name: 'corp',
    readGroups,
    findByLoginName: async (name: string) => (name === 'jdoe' ? [accountWith()] : []),
    verifyPassword,
  } as unknown as Directory;
  const parts = authenticatorWith({
    mode,
    methodRules: rules,
    passwords: { directories: [corp], throttle: throttleOf({ now: () => now }) },
    mapping: mappingTo(() => accountWith(), corp),
    ...overrides,
  });
  return { ...parts, readGroups, verifyPassword };
}

async function outcomeOf({ authenticator }: ReturnType<typeof site>, changes: Partial<LoginRequest>) {
  const verdict = await authenticator.authenticate({ ...request, ...changes });
  return 'denial' in verdict ? verdict.denial.code : verdict.outcome;
}

const certificate: Rules[number] = { methods: ['certificate'] };
const both: Rules[number] = { methods: ['certificateAndPassword'] };
const either: Rules[number] = { methods: ['certificate', 'password'] };
const password: Rules[number] = { methods: ['password'] };
const none: Rules[number] = { methods: [] };

describe.each<[string, Rules[number], { card: string; cardAndPassword: string; name: string; password: string }]>([
  [
    'certificate',
    certificate,
    { card: 'granted', cardAndPassword: 'granted', name: 'certificate-missing', password: 'password-not-accepted' },
  ],
  [
    'certificate and password',
    both,
    {
      card: 'password-required',
      cardAndPassword: 'granted',
      name: 'certificate-missing',
      password: 'certificate-missing',
    },
  ],
  ['either', either, { card: 'granted', cardAndPassword: 'granted', name: 'password-required', password: 'granted' }],
  [
    'password',
    password,
    { card: 'password-required', cardAndPassword: 'granted', name: 'password-required', password: 'granted' },
  ],
  [
    'no method',
    none,
    {
      card: 'method-not-admitted',
      cardAndPassword: 'method-not-admitted',
      name: 'certificate-missing',
      password: 'password-not-accepted',
    },
  ],
])('a rule for a network that admits %s', (_name, rule, expected) => {
  const rules = [{ ...rule, networks: ['10.0.0.0/8'] }];
  it.each<[string, Partial<LoginRequest>, string]>([
    ['a certificate alone', {}, expected.card],
    ['a certificate and the right password', { password: 'right' }, expected.cardAndPassword],
    ['a name alone', noCard, expected.name],
    ['the right password alone', { ...noCard, password: 'right' }, expected.password],
  ])('answers %s', async (_shown, shown, outcome) => {
    expect(await outcomeOf(site({ rules }), { ...shown, remoteAddress: inside })).toBe(outcome);
    expect(await outcomeOf(site({ rules }), { ...shown, remoteAddress: `::ffff:${inside}` })).toBe(outcome);
  });

  it('is for no other client: the mode of the site admits those', async () => {
    const elsewhere = { remoteAddress: outside };
    expect(await outcomeOf(site({ rules }), elsewhere)).toBe('granted');
    const stranger = await outcomeOf(site({ rules }), { ...noCard, ...elsewhere });
    expect(stranger).toBe('certificate-missing');
  });
});

describe('the first rule that is for a client decides', () => {
  const staff: readonly Group[] = [{ name: 'staff' }];
  it.each<[string, Rules, readonly Group[], string]>([
    ['before one behind it', [{ users: ['jdoe'], ...both }, certificate], [], 'password-required'],
    ['by the name of the account in other letter case', [{ users: ['JDOE'], ...both }], [], 'password-required'],
    ['and not one for other accounts', [{ users: ['ada'], ...both }], [], 'granted'],
    ['by a group', [{ roles: ['Staff'], ...both }], staff, 'password-required'],
    ['and not one for other groups', [{ roles: ['guests'], ...both }], staff, 'granted'],
    ['by user or group', [{ users: ['ada'], roles: ['staff'], ...both }], staff, 'password-required'],
    ['only in its network', [{ roles: ['staff'], networks: ['10.0.0.0/8'], ...both }], staff, 'granted'],
  ])('%s', async (_rule, rules, groups, outcome) => {
    expect(await outcomeOf(site({ rules, groups }), { remoteAddress: outside })).toBe(outcome);
  });

  it('reads groups only where one of them matters, and then once', async () => {
    const first = site({
      rules: [
        { users: ['jdoe'], ...certificate },
        { roles: ['staff'], ...both },
      ],
    });
    expect(await outcomeOf(first, {})).toBe('granted');
    expect(first.readGroups).toHaveBeenCalledTimes(1);
    const second = site({ rules: [{ roles: ['staff'], ...both }], groups: staff });
    expect(await outcomeOf(second, { password: 'right' })).toBe('granted');
    expect(second.readGroups).toHaveBeenCalledTimes(1);
  });
});

describe('what is not known', () => {
  it('of groups lets no client in', async () => {
    const fault = new DirectoryUnavailableError('down');
    const rules = [{ roles: ['staff'], ...certificate }];
    expect(await outcomeOf(site({ rules, fault }), {})).toBe('directory-unavailable');
  });

  const table: SiteMethods = {
    rules: [
      { networks: ['10.0.0.0/8'], methods: ['certificate', 'password'] },
      { roles: ['staff'], methods: ['certificateAndPassword'] },
    ],
    otherwise: ['certificate'],
  };
  it.each<[string, string, 'unknown' | 'anonymous' | { accountName: string; groups?: readonly Group[] }, string]>([
    ['all is known', outside, { accountName: 'ada', groups: [] }, 'nothing'],
    ['an address that cannot be read', 'unix:', { accountName: 'ada', groups: [] }, 'nothing'],
    [
      'an address that cannot be read, of a member of the group',
      '',
      { accountName: 'ada', groups: staffOf() },
      'password',
    ],
    ['groups that were not read', outside, { accountName: 'ada' }, 'password'],
  ])('takes the strictest rule that may be for the client: %s', (_what, remoteAddress, subject, wants) => {
    expect(methodDemand(possibleRules(table, { remoteAddress, subject }), true).wants).toBe(wants);
  });

  it('never takes the looser of two for a client without a certificate', () => {
    const loose = possibleRules(table, { remoteAddress: '', subject: { accountName: 'ada', groups: [] } });
    expect(methodDemand(loose, false).wants).toBe('another-method');
  });

  it('has no demand that nothing stands for', () => expect(methodDemand([], true).wants).toBe('another-method'));
});

function staffOf(): readonly Group[] {
  return [{ name: 'staff' }];
}

describe('a client without a certificate', () => {
  const rules: Rules = [
    { users: ['jdoe'], methods: ['certificate'] },
    { roles: ['kiosk'], methods: ['password'] },
  ];

  it('is asked for a password under every name alike, where any account may have one', async () => {
    const own = site({ rules });
    for (const claimedName of ['jdoe', 'stranger', 'CORP\\jdoe'])
      expect(await outcomeOf(own, { ...noCard, claimedName })).toBe('password-required');
    expect(own.readGroups).not.toHaveBeenCalled();
  });

  it('has no password tried in the directory for an account that may not use one', async () => {
    const own = site({ rules });
    expect(await outcomeOf(own, { ...noCard, password: 'right' })).toBe('method-not-admitted');
    expect(own.verifyPassword).not.toHaveBeenCalled();
  });

  it('has a try at its address counted whether or not the account may use passwords', async () => {
    const throttle = throttleOf({ now: () => now }, { maxFailurePerAddress: 2 });
    const corp = { name: 'corp', findByLoginName: async () => [accountWith()], readGroups: async () => [] };
    const passwords = {
      directories: [{ ...corp, verifyPassword: () => expect.fail() } as unknown as Directory],
      throttle,
    };
    const own = site({ rules, overrides: { passwords } });
    const tries = ['a', 'b', 'c'].map((text) => outcomeOf(own, { ...noCard, password: text }));
    expect(await Promise.all(tries)).toEqual(['method-not-admitted', 'method-not-admitted', 'password-throttled']);
  });

  it('waits as long for a refusal by a rule as for a wrong password', async () => {
    const refused: number[] = [];
    for (const shown of ['jdoe', 'stranger']) {
      const own = site({ rules, overrides: { failureDelay: 40 as LoginSetup['failureDelay'] & number } });
      const began = performance.now();
      await outcomeOf(own, { ...noCard, claimedName: shown, password: 'wrong' });
      refused.push(performance.now() - began);
    }
    expect(Math.min(...refused)).toBeGreaterThanOrEqual(39);
  });
});

describe('the record and the explanation', () => {
  it.each<[AuthenticationMethod, LoginMode, Partial<LoginRequest>]>([
    ['certificate', 'certificate', {}],
    ['certificateAndPassword', 'certificateAndPassword', { password: 'right' }],
    ['certificate', 'certificateOrPassword', { password: 'never looked at' }],
    ['password', 'certificateOrPassword', { ...noCard, password: 'right' }],
    ['password', 'password', { password: 'right' }],
  ])('name the method %s of a login under %s', async (authenticationMethod, mode, shown) => {
    const own = site({ mode, rules: [] });
    const verdict = await own.authenticator.authenticate({ ...request, ...shown });
    expect(verdict).toMatchObject({ outcome: 'granted', login: { authenticationMethod } });
    expect(own.records).toMatchObject([{ outcome: 'granted', authenticationMethod }]);
  });

  it('name no method where nothing was proved', async () => {
    const own = site({ mode: 'certificateOrPassword', rules: [] });
    await outcomeOf(own, { ...noCard, password: 'wrong' });
    expect(own.records[0]).not.toHaveProperty('authenticationMethod');
  });

  it('tell the rule that decided, and what it wanted', async () => {
    const steps: Step[] = [];
    const own = site({
      rules: [
        { users: ['ada'], ...certificate },
        { roles: ['staff'], ...both },
      ],
      groups: staffOf(),
    });
    await own.authenticator.explain(request, { record: (step) => void steps.push(step) });
    expect(steps).toContainEqual({
      stage: 'account',
      check: 'method of authentication',
      verdict: 'passed',
      facts: {
        rule: 'authentication.rules[1]',
        methods: ['certificateAndPassword'],
        shown: 'certificate',
        wanted: 'password',
      },
    });
  });

  it('tell the rule that refused', async () => {
    const own = site({ rules: [{ users: ['jdoe'], ...none }] });
    expect(await outcomeOf(own, {})).toBe('method-not-admitted');
    expect(own.records).toMatchObject([
      { denial: { facts: { rule: 'authentication.rules[0]', methods: [] } }, account: { name: 'jdoe' } },
    ]);
  });
});

describe('a recheck', () => {
  const before: Rules = [either];
  it.each<[string, Partial<LoginRequest>, Rules, string]>([
    ['confirms a certificate that still suffices', {}, [certificate], 'confirmed'],
    [
      'confirms a certificate and password where the certificate suffices now',
      { password: 'right' },
      [certificate],
      'confirmed',
    ],
    ['ends a certificate beside which a password is wanted now', {}, [both], 'password-missing'],
    ['ends a certificate where passwords alone are admitted now', {}, [password], 'password-missing'],
    ['ends whatever no method is admitted for now', {}, [none], 'method-not-admitted'],
    ['confirms a password that is still admitted', { ...noCard, password: 'right' }, [password], 'confirmed'],
    [
      'ends a password where a certificate is wanted now',
      { ...noCard, password: 'right' },
      [both],
      'certificate-missing',
    ],
    [
      'ends a password of an account whose rule admits none now, while others may have one',
      { ...noCard, password: 'right' },
      [{ users: ['jdoe'], ...certificate }, password],
      'method-not-admitted',
    ],
    [
      'ends a password that came from a network whose rule admits none now',
      { ...noCard, password: 'right', remoteAddress: outside },
      [{ networks: ['192.0.2.0/24'], ...certificate }, password],
      'certificate-missing',
    ],
  ])('%s', async (_rule, shown, after, outcome) => {
    const logins = new LoginGenerations(loginsOf(site({ rules: before }).login));
    const verdict = await logins.authenticate('site', { ...request, ...shown });
    if (verdict.outcome !== 'granted') expect.fail(`not granted: ${JSON.stringify(verdict)}`);
    await logins.replace(loginsOf(site({ rules: after }).login));
    const standing = await verdict.login.recheck();
    expect(standing?.outcome === 'withdrawn' ? standing.denial.code : standing?.outcome).toBe(outcome);
  });

  it('goes on while the groups that a rule depends on cannot be read', async () => {
    const logins = new LoginGenerations(loginsOf(site({ rules: [] }).login));
    const verdict = await logins.authenticate('site', request);
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    const fault = new DirectoryUnavailableError('down');
    await logins.replace(loginsOf(site({ rules: [{ roles: ['staff'], ...none }], fault }).login));
    expect(await verdict.login.recheck()).toBeUndefined();
  });
});
