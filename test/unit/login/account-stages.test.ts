/** The stages after an account was found: against whom its password counts, what its home is chosen by, and what an explanation tells. */
import { describe, expect, it, vi } from 'vitest';
import type { HomeOutcome } from '../../../src/authorization/home-directory.ts';
import type { HomeOwner } from '../../../src/authorization/user-isolation.ts';
import { denial } from '../../../src/denial.ts';
import { type Directory, DirectoryUnavailableError } from '../../../src/directory/directory.ts';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { checkPassword } from '../../../src/login/account-proof.ts';
import { type AccountOfFiles, authorizeAccount, findHome } from '../../../src/login/account-rights.ts';
import type { Occasion } from '../../../src/login/login-policy.ts';
import { fullRights } from '../../support/access-rights.ts';
import { authorize, byCertificate, ruleSet } from '../../support/authorize.ts';
import { everybodyMayAll } from '../../support/login-setup.ts';
import { accountWith, mappingTo, now, request, validated } from './certificate-login.ts';

const asLogin: Occasion = { purpose: 'login', steps: unrecorded };

describe('a password', () => {
  const corp = { name: 'corp', verifyPassword: async () => ({ outcome: 'accepted' }) } as unknown as Directory;
  const address = () => ({ succeeded: vi.fn(), undecided: vi.fn() });

  function trying(directory: Directory, proof: object) {
    const admission = { succeeded: () => undefined, undecided: () => undefined };
    const throttle = { admitAddress: () => admission, admitAccount: vi.fn(() => admission) };
    const policy = {
      methods: { rules: [], otherwise: ['certificateAndPassword'] },
      rules: everybodyMayAll,
      requireSmartcardRequired: false,
      clock: { now: () => now },
      certificates: { validator: { validate: () => expect.fail() }, mapping: mappingTo(() => accountWith()) },
      passwords: { directories: [directory], throttle },
    } as const;
    const admitted = { account: accountWith(), directory, admittedAt: now, wantsPassword: true, ...proof };
    return { throttle, result: checkPassword(policy, admitted, { ...request, password: 'x' }, asLogin) };
  }

  it.each<[string, object, boolean]>([
    ['beside a certificate counts with those who have it', { certificate: validated }, true],
    ['without a certificate counts with those who have none', {}, false],
  ])('%s', async (_rule, proof, hasCertificate) => {
    const { throttle, result } = trying(corp, proof);
    expect(await result).toMatchObject({
      outcome: 'passed',
      proof: { method: hasCertificate ? 'certificateAndPassword' : 'password' },
    });
    expect(throttle.admitAccount).toHaveBeenCalledWith(expect.objectContaining({ hasCertificate }));
  });

  it.each([
    ['with a certificate', { certificate: validated }],
    ['without one', { address: address() }],
  ])('that no directory can judge is no fault of cardgate, %s', async (_rule, proof) => {
    const verifyPassword = () => Promise.reject(new DirectoryUnavailableError('down'));
    await expect(trying({ ...corp, verifyPassword }, proof).result).rejects.toThrow(DirectoryUnavailableError);
  });

  it('that is right is taken back at its address, and so is one that no directory can judge', async () => {
    const [right, unjudged] = [address(), address()];
    await trying(corp, { address: right }).result;
    const verifyPassword = () => Promise.reject(new DirectoryUnavailableError('down'));
    await trying({ ...corp, verifyPassword }, { address: unjudged }).result.catch(() => undefined);
    expect([right.succeeded.mock.calls.length, right.undecided.mock.calls.length]).toEqual([1, 0]);
    expect([unjudged.succeeded.mock.calls.length, unjudged.undecided.mock.calls.length]).toEqual([0, 1]);
  });
});

const groups = [{ name: 'staff' }];
const authorized = (account: Partial<AccountOfFiles> = {}) => ({
  account: { ...accountWith(), ...account },
  groups,
  accessRights: fullRights,
});

describe('the home of an account', () => {
  function homes(outcome: HomeOutcome = { outcome: 'found', homeDirectory: '/srv/jdoe' }) {
    const asked: [string, HomeOwner][] = [];
    const by = (method: string) => async (owner: HomeOwner) => {
      asked.push([method, owner]);
      return outcome;
    };
    return { asked, homes: { find: by('find'), foresee: by('foresee') } };
  }

  it.each<[Occasion['purpose'], string]>([
    ['login', 'find'],
    ['recheck', 'find'],
    ['explain', 'foresee'],
  ])('is decided for a purpose of %s by %s, so that an explanation makes nothing', async (purpose, method) => {
    const parts = homes();
    const occasion = { purpose, steps: unrecorded, method: 'certificate' } as Occasion;
    const result = await findHome({ homes: parts.homes }, authorized(), occasion);
    expect(parts.asked.map(([name]) => name)).toEqual([method]);
    expect(result).toMatchObject({ proof: { homeDirectory: '/srv/jdoe' }, findings: { account: { name: 'jdoe' } } });
  });

  it('is chosen by the facts of the account, its domain among them where the directory tells one', async () => {
    const parts = homes();
    const policy = { homes: parts.homes };
    await findHome(policy, authorized({ dnsDomain: 'contoso.com', homeDirectory: '/h' }), asLogin);
    await findHome(policy, authorized(), asLogin);
    const [[, told], [, untold]] = parts.asked as [[string, HomeOwner], [string, HomeOwner]];
    expect(told).toMatchObject({
      accountName: 'jdoe',
      directory: 'corp',
      id: '1',
      homeDirectory: '/h',
      domain: 'contoso.com',
    });
    expect(untold.domain).toBeUndefined();
  });

  it.each([
    ['its own attribute', { homeDirectory: '/far/jdoe' }, '/far/jdoe'],
    ['none', {}, ''],
  ])('is %s where the files are elsewhere', async (_rule, account, homeDirectory) => {
    const result = await findHome({}, authorized(account), asLogin);
    expect(result).toMatchObject({ outcome: 'passed', proof: { homeDirectory } });
    expect(JSON.stringify(result.findings).includes('homeDirectory')).toBe(homeDirectory !== '');
  });

  it.each<[string, HomeOutcome, string, object]>([
    [
      'that is refused',
      { outcome: 'denied', denial: denial('home-unavailable', 'x', { home: '/a' }) },
      'failed',
      { home: '/a' },
    ],
    ['that is there', { outcome: 'found', homeDirectory: '/a' }, 'passed', { home: '/a' }],
    [
      'that a login makes',
      { outcome: 'found', homeDirectory: '/a', wouldBeMade: true },
      'passed',
      { home: '/a', wouldBeMade: 'by the first login' },
    ],
  ])('%s is told to an explanation', async (_rule, outcome, verdict, facts) => {
    const steps = recordingSteps();
    const result = await findHome({ homes: homes(outcome).homes }, authorized(), {
      purpose: 'explain',
      steps,
    });
    expect(result.outcome).toBe(outcome.outcome === 'denied' ? 'denied' : 'passed');
    expect(steps.steps).toEqual([{ stage: 'authorization', check: 'home directory', verdict, facts }]);
  });
});

describe('the rights of an account', () => {
  const { accountName } = accountWith();
  it.each([
    [
      'to read',
      [{ accessType: 'Allow', users: '*', permissions: ['Read'], path: '/' }],
      'passed',
      { read: true, write: false },
    ],
    [
      'to write',
      [{ accessType: 'Allow', users: '*', permissions: ['Write'], path: '/' }],
      'passed',
      { read: false, write: true },
    ],
    [
      'below a path',
      [{ accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/in' }],
      'passed',
      { read: false, write: false },
    ],
    ['of none', [], 'failed', expect.objectContaining({ accountName, rules: 0 })],
  ] as const)('%s are told to an explanation as those at the root', (_rule, rules, verdict, facts) => {
    const steps = recordingSteps();
    const result = authorizeAccount({ rules: ruleSet(rules) }, authorized(), byCertificate, {
      purpose: 'explain',
      steps,
    });
    expect(result.outcome).toBe(authorize(rules, { accountName, groups }).outcome === 'denied' ? 'denied' : 'passed');
    expect(steps.steps).toEqual([{ stage: 'authorization', check: 'authorization rules', verdict, facts }]);
  });
});
