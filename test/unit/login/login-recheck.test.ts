/** A login that runs is decided again: by everything that is known now, without the password, and only for what it was granted. */

import { describe, expect, it } from 'vitest';
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import { type Denial, denial, denialTable } from '../../../src/denial.ts';
import {
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  DirectoryUnavailableError,
} from '../../../src/directory/directory.ts';
import type { AuthenticatedLogin, Authenticator, LoginRequest } from '../../../src/login/authenticator.ts';
import type { Decide } from '../../../src/login/decision.ts';
import { LoginGenerations } from '../../../src/login/login-generations.ts';
import type { AuthorizationPolicy } from '../../../src/login/login-policy.ts';
import { grantedLogin } from '../../../src/login/login-recheck.ts';
import { standingRequest } from '../../../src/login/login-request.ts';
import { SiteLogin } from '../../../src/login/site-login.ts';
import { unrecordedTrail } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { fullRights } from '../../support/access-rights.ts';
import { ruleSet } from '../../support/authorize.ts';
import { collectGarbage } from '../../support/collect-garbage.ts';
import {
  allowAll,
  authenticatorOf,
  homesAt,
  type LoginMode,
  type LoginSetup,
  loginsOf,
} from '../../support/login-setup.ts';
import { throttleOf } from '../../support/settings.ts';
import {
  accountWith,
  authenticatorWith,
  certificate,
  mappingTo,
  now,
  request,
  validated,
} from './certificate-login.ts';

const rights = fullRights;

/** One that lets the request in, whatever else it is made to find. */
async function granted(
  overrides: Partial<LoginSetup>,
  changes: Partial<LoginRequest> = {},
): Promise<AuthenticatedLogin> {
  const verdict = await authenticatorWith(overrides).authenticator.authenticate({ ...request, ...changes });
  return verdict.outcome === 'granted' ? verdict.login : expect.fail(`not granted: ${JSON.stringify(verdict)}`);
}

/** @param rules each decision takes them as they are then */
function ruleSetAsItIs(rules: readonly AuthorizationRule[]): AuthorizationPolicy['rules'] {
  return { authorize: (subject) => ruleSet(rules).authorize(subject) };
}

/** What a recheck finds when the account is `later` by then. */
async function recheckAfter(later: DirectoryAccount | Error, first = accountWith()) {
  const accounts = [first, later];
  const login = await granted({
    mapping: mappingTo(() => {
      const next = accounts.shift();
      if (!next || next instanceof Error) throw next ?? new Error('asked too often');
      return next;
    }),
  });
  const standing = await login.recheck();
  return standing?.outcome === 'withdrawn' ? standing.denial.code : (standing?.outcome ?? 'undecided');
}

describe('a recheck of a login', () => {
  it.each<[string, DirectoryAccount | Error, string]>([
    ['confirms it while nothing changed', accountWith(), 'confirmed'],
    ['withdraws it when the account is disabled meanwhile', accountWith({ disabled: true }), 'account-disabled'],
    ['withdraws it when the account was renamed', { ...accountWith(), accountName: 'jdoe2' }, 'account-changed'],
    ['withdraws it when it leads to another directory', { ...accountWith(), directory: 'other' }, 'account-changed'],
    ['withdraws it when another account has the name now', { ...accountWith(), id: '2' }, 'account-changed'],
    ['cannot decide it while no directory answers', new DirectoryUnavailableError('down'), 'undecided'],
    ['withdraws it when the directory answers nonsense', new DirectoryAnswerError('odd'), 'directory-answer-invalid'],
    ['withdraws it when cardgate itself fails', new TypeError('bug'), 'internal-fault'],
  ])('%s', async (_rule, later, outcome) => expect(await recheckAfter(later)).toBe(outcome));

  const mayNotEnd: readonly string[] = ['directory-unavailable', 'mapping-service-unavailable', 'revocation-unknown'];
  it.each(Object.keys(denialTable) as Denial['code'][])(
    'by %s ends it, unless that says only that nothing is known',
    async (code) => {
      const answers = [validated, undefined];
      const login = await granted({
        validator: {
          validate: async () => {
            const answer = answers.shift();
            return answer
              ? { outcome: 'valid', certificate: answer }
              : { outcome: 'invalid', denial: denial(code, 'x') };
          },
        },
      });
      const standing = await login.recheck();
      expect(standing?.outcome).toBe(mayNotEnd.includes(code) ? undefined : 'withdrawn');
    },
  );

  it('leaves no audit record of its own', async () => {
    const { authenticator, records } = authenticatorWith({});
    const verdict = await authenticator.authenticate(request);
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    await verdict.login.recheck();
    expect(records).toHaveLength(1);
  });

  it('brings the rights of now, and the end of the path of now', async () => {
    const rules = [allowAll];
    const login = await granted({ rules: ruleSetAsItIs(rules) });
    expect(login.accessRights.allows('Write', '/')).toBe(true);
    rules.push({ accessType: 'Deny', users: '*', permissions: ['Write'], path: '/' });
    const standing = await login.recheck();
    expect(standing).toMatchObject({ outcome: 'confirmed', validUntil: certificate.notAfter });
    if (standing?.outcome !== 'confirmed') expect.fail('not confirmed');
    expect(standing.accessRights.allows('Write', '/')).toBe(false);
    expect(standing.accessRights.allows('Read', '/')).toBe(true);
  });

  it('withdraws it when no rule lets the account in any more', async () => {
    const rules = [allowAll];
    const login = await granted({ rules: ruleSetAsItIs(rules) });
    rules.pop();
    expect(await login.recheck()).toMatchObject({ outcome: 'withdrawn', denial: { code: 'not-authorized' } });
  });

  it('withdraws it when its home is another', async () => {
    const homes = ['/srv/jdoe', '/srv/elsewhere'];
    const login = await granted({ homes: homesAt(() => homes.shift() ?? '') });
    expect(await login.recheck()).toMatchObject({
      outcome: 'withdrawn',
      denial: { code: 'home-changed', facts: { granted: '/srv/jdoe', now: '/srv/elsewhere' } },
    });
  });
});

describe('a recheck that finds other virtual directories', () => {
  it.each([
    ['more of them', [], [{ path: '/in', physicalPath: '/srv/in' }]],
    ['fewer', [{ path: '/in', physicalPath: '/srv/in' }], []],
    [
      'one elsewhere on the host',
      [{ path: '/in', physicalPath: '/srv/in' }],
      [{ path: '/in', physicalPath: '/srv/new' }],
    ],
  ])('withdraws the login: %s', async (_rule, then, now) => {
    const laid = [then, now];
    const home = () => ({
      outcome: 'found' as const,
      homeDirectory: '/srv/jdoe',
      virtualDirectories: laid.shift() ?? now,
    });
    const login = await granted({ homes: { find: async () => home(), foresee: async () => home() } });
    expect(await login.recheck()).toMatchObject({ outcome: 'withdrawn', denial: { code: 'home-changed' } });
    expect(login.virtualDirectories).toEqual(then);
  });
});

describe('a recheck that finds another account', () => {
  const login = {
    accountName: 'ada',
    directory: 'corp',
    homeDirectory: '/srv/ada',
    accessRights: rights,
    authenticationMethod: 'certificate' as const,
  };
  type Found = Partial<typeof login> & { readonly accountId?: string };

  function recheckFrom(before: Found, decide: Decide) {
    const entries: LogEntry[] = [];
    const logger = { ...silentLogger, warn: (name: string, facts?: object) => void entries.push([name, facts]) };
    return {
      entries,
      recheck: () =>
        new SiteLogin(decide, { audit: unrecordedTrail, logger, timer: () => 0 }).recheck(
          standingRequest(request),
          grantedLogin({ ...login, ...before }),
        ),
    };
  }
  type LogEntry = readonly [name: string, facts: object | undefined];
  const granting = (found: Found) => async (): ReturnType<Decide> => ({
    outcome: 'passed',
    proof: { ...login, certificateSha256: 'ab', ...found },
    findings: {},
  });

  it.each<[string, Found, Found, object]>([
    [
      'names both with their ids',
      { accountId: '1' },
      { accountId: '2' },
      { code: 'account-changed', facts: { granted: 'ada in corp (1)', now: 'ada in corp (2)' } },
    ],
    [
      'names both without ids where the directory has none',
      {},
      { accountName: 'eve', directory: 'other' },
      { code: 'account-changed', facts: { granted: 'ada in corp', now: 'eve in other' } },
    ],
  ])('%s', async (_rule, before, now, expected) => {
    expect(await recheckFrom(before, granting(now)).recheck()).toMatchObject({
      outcome: 'withdrawn',
      denial: expected,
    });
  });

  it.each<[string, Found, Found]>([
    ['before', {}, { accountId: '2' }],
    ['now', { accountId: '1' }, {}],
  ])('goes by the name where no id was known %s', async (_when, before, now) => {
    expect(await recheckFrom(before, granting(now)).recheck()).toMatchObject({ outcome: 'confirmed' });
  });

  it('leaves a line in the log when it cannot be decided, and when cardgate fails', async () => {
    const { connectionId } = request;
    const silent = recheckFrom({}, async () => ({
      outcome: 'unavailable',
      denial: denial('revocation-unknown', 'x'),
      findings: {},
    }));
    await silent.recheck();
    expect(silent.entries).toEqual([['login-recheck-undecided', { connectionId, code: 'revocation-unknown' }]]);
    const error = new TypeError('bug');
    const failing = recheckFrom({}, async () => ({
      outcome: 'unavailable',
      denial: denial('internal-fault', 'x'),
      findings: {},
      fault: error,
    }));
    await failing.recheck();
    expect(failing.entries).toEqual([['login-recheck-failed', { connectionId, error }]]);
  });
});

const corp = {
  name: 'corp',
  readGroups: async () => [],
  findByLoginName: async () => [accountWith()],
  verifyPassword: async () => ({ outcome: 'accepted' }),
} as unknown as Directory;

/** The login of a site that takes passwords. */
function taking(mode: LoginMode): SiteLogin {
  const throttle = throttleOf({ now: () => now });
  return authenticatorWith({
    mode,
    mapping: mappingTo(() => accountWith(), corp),
    passwords: { directories: [corp], throttle },
  }).login;
}

describe('a recheck after a reload', () => {
  it.each<[string, SiteLogin, Partial<LoginRequest>, SiteLogin, string]>([
    [
      'goes on without the password that was right',
      taking('certificateAndPassword'),
      { password: 'x' },
      taking('certificateAndPassword'),
      'confirmed',
    ],
    [
      'withdraws what was granted without the password that is wanted now',
      taking('certificate'),
      {},
      taking('certificateAndPassword'),
      'password-missing',
    ],
    [
      'counts no password that was not asked for',
      taking('certificate'),
      { password: 'never looked at' },
      taking('certificateAndPassword'),
      'password-missing',
    ],
    [
      'does not take the name of a login by certificate for one by password',
      taking('certificateOrPassword'),
      {},
      taking('password'),
      'password-missing',
    ],
    [
      'withdraws a login by password where a certificate is wanted now',
      taking('certificateOrPassword'),
      { peerCertificates: [], password: 'x' },
      taking('certificate'),
      'certificate-missing',
    ],
  ])('%s', async (_rule, before, changes, after, outcome) => {
    const logins = new LoginGenerations(loginsOf(before));
    const verdict = await logins.authenticate('site', { ...request, ...changes });
    if (verdict.outcome !== 'granted') expect.fail(`not granted: ${JSON.stringify(verdict)}`);
    await logins.replace(loginsOf(after));
    const standing = await verdict.login.recheck();
    expect(standing?.outcome === 'withdrawn' ? standing.denial.code : standing?.outcome).toBe(outcome);
  });
});

describe('a session that lasts', () => {
  /** In a function of its own, so that nothing of the test holds the request. */
  async function logIn(by: (request: LoginRequest) => ReturnType<Authenticator['authenticate']>) {
    const withPassword: LoginRequest = { ...request, password: 'x' };
    const verdict = await by(withPassword);
    return { login: verdict.outcome === 'granted' ? verdict.login : undefined, request: new WeakRef(withPassword) };
  }

  it.each<[string, Parameters<typeof logIn>[0]]>([
    ['the authenticator', (asked) => authenticatorOf(taking('certificateAndPassword')).authenticate(asked)],
    [
      'logins that a reload can replace',
      (asked) => new LoginGenerations(loginsOf(taking('certificateAndPassword'))).authenticate('site', asked),
    ],
  ])('keeps neither the password nor the request that held it, by %s', async (_by, by) => {
    const session = await logIn(by);
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(session.login).toBeDefined();
    expect(session.request.deref()).toBeUndefined();
    expect(await session.login?.recheck()).toMatchObject({ outcome: 'confirmed' });
  });

  it('is rechecked by a request without a password, by whichever logins are in force', async () => {
    const requests: object[] = [];
    const login = taking('certificateAndPassword');
    const watching = taking('certificateAndPassword');
    const recheck = watching.recheck.bind(watching);
    watching.recheck = (asked, before) => {
      requests.push(asked);
      return recheck(asked, before);
    };
    const logins = new LoginGenerations(loginsOf(login));
    const verdict = await logins.authenticate('site', { ...request, password: 'x' });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    await logins.replace(loginsOf(watching));
    await verdict.login.recheck();
    const { password: _, ...kept } = { ...request, password: 'x' };
    expect(requests).toEqual([kept]);
    expect(requests[0]).not.toHaveProperty('password');
  });
});
