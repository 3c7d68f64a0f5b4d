/** Logins by password: with the certificate or instead of it, for the account itself only, and without telling who exists. */

import { describe, expect, it, vi } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { AccountState } from '../../../src/directory/account-state.ts';
import {
  type Directory,
  type DirectoryAccount,
  DirectoryUnavailableError,
  type PasswordAnswer,
} from '../../../src/directory/directory.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import type { LoginRequest } from '../../../src/login/authenticator.ts';
import type { Decide } from '../../../src/login/decision.ts';
import type { FailureThrottle } from '../../../src/login/failure-throttle.ts';
import { SiteLogin } from '../../../src/login/site-login.ts';
import type { AuditRecord } from '../../../src/operations/audit.ts';
import { unrecordedTrail } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import type { ValidatedCertificate } from '../../../src/pki/path/validated-certificate.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { fullRights } from '../../support/access-rights.ts';
import { janeDoe } from '../../support/jane-doe.ts';
import {
  authenticatorOf,
  everybodyMayAll,
  homesAt,
  type LoginMode,
  type LoginSetup,
  siteLoginOf,
} from '../../support/login-setup.ts';
import { recordingTrail } from '../../support/recording-trail.ts';
import { throttleOf } from '../../support/settings.ts';

const clock = { now: () => new Date('2026-06-01T12:00:00Z') };
const certificate = parseCertificate(janeDoe);
const validated = {
  certificate,
  path: [certificate],
  trustAnchor: { name: 'CN=CONTOSO-DC-CA', sha256: 'aa' },
  policies: 'any-policy',
  evidence: [],
  validatedAt: clock.now(),
} as unknown as ValidatedCertificate;

function account(name: string, state: Partial<AccountState> = {}): DirectoryAccount {
  return {
    directory: 'corp',
    id: name,
    distinguishedName: `CN=${name},DC=contoso,DC=com`,
    accountName: name,
    loginNames: [name, `${name}@contoso.com`, `CONTOSO\\${name}`],
    altSecurityIdentities: [],
    certificates: [],
    certificateFingerprints: [],
    state: { type: 'person', disabled: false, smartcardRequired: false, ...state },
  };
}

const wrong: PasswordAnswer = { outcome: 'refused', denial: denial('password-wrong', 'x') };

function world(
  mode: LoginMode,
  {
    accounts = [account('jdoe')],
    throttle = throttleOf(clock, { maxFailure: 3, maxFailurePerAddress: 6 }),
    ...overrides
  }: Partial<LoginSetup> & { accounts?: DirectoryAccount[]; throttle?: FailureThrottle } = {},
) {
  const records: AuditRecord[] = [];
  const verifyPassword = vi.fn(async (_account: DirectoryAccount, password: string) =>
    password === 'right' ? ({ outcome: 'accepted' } as const) : wrong,
  );
  const findByLoginName = vi.fn(async (_name: string): Promise<readonly DirectoryAccount[]> => accounts);
  const directory = {
    name: 'corp',
    readGroups: async () => [],
    findByLoginName,
    verifyPassword,
  } as unknown as Directory;
  const login = siteLoginOf({
    mode,
    passwords: { directories: [directory], throttle },
    validator: { validate: async () => ({ outcome: 'valid', certificate: validated }) },
    mapping: {
      resolve: async () => ({ outcome: 'mapped', account: accounts[0]!, directory, rule: 'by-sid', reason: 'sid' }),
    },
    rules: everybodyMayAll,
    homes: homesAt(() => '/srv/jdoe'),
    requireSmartcardRequired: false,
    audit: recordingTrail((record) => void records.push(record)),
    logger: silentLogger,
    clock,
    timer: () => 0,
    ...overrides,
  });
  return { authenticator: authenticatorOf(login), records, verifyPassword, findByLoginName };
}

const request: LoginRequest = {
  peerCertificates: [janeDoe],
  claimedName: 'jdoe',
  remoteAddress: '127.0.0.1',
  connectionId: 'C1',
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
};
const noCard: LoginRequest = { ...request, peerCertificates: [] };
const outcomeOf = async (
  { authenticator }: ReturnType<typeof world>,
  changes: Partial<LoginRequest>,
): Promise<string> => {
  const verdict = await authenticator.authenticate({ ...request, ...changes });
  return 'denial' in verdict ? verdict.denial.code : verdict.outcome;
};

describe('certificate and password', () => {
  it('the certificate alone gets a question, and leaves no record', async () => {
    const site = world('certificateAndPassword');
    expect(await outcomeOf(site, {})).toBe('password-required');
    expect(site.records).toEqual([]);
  });

  it.each([
    ['right', 'granted'],
    ['Right', 'password-wrong'],
    ['', 'password-wrong'],
  ])('with the password %j: %s, one record', async (password, outcome) => {
    const site = world('certificateAndPassword');
    expect(await outcomeOf(site, { password })).toBe(outcome);
    expect(site.records).toHaveLength(1);
    expect(JSON.stringify(site.records)).not.toContain('ight');
  });

  it('the password is that of the certificate’s account', async () => {
    const site = world('certificateAndPassword');
    await outcomeOf(site, { password: 'right' });
    expect(site.verifyPassword.mock.calls.map(([asked]) => asked.id)).toEqual(['jdoe']);
    expect(site.findByLoginName).not.toHaveBeenCalled();
  });

  it('a password without a certificate is not tried', async () => {
    const site = world('certificateAndPassword');
    expect(await outcomeOf(site, { peerCertificates: [], password: 'right' })).toBe('certificate-missing');
    expect(site.verifyPassword).not.toHaveBeenCalled();
  });

  it('a certificate that is refused gets no question', async () => {
    const site = world('certificateAndPassword', {
      validator: { validate: async () => ({ outcome: 'invalid', denial: denial('certificate-revoked', 'x') }) },
    });
    expect(await outcomeOf(site, {})).toBe('certificate-revoked');
  });

  it('a client that cannot be asked for the password is refused', async () => {
    const { authenticator } = world('certificateAndPassword');
    for (const verdict of [
      await authenticator.explain(request, unrecorded),
      (await authenticator.resolve(request, unrecorded)).verdict,
    ]) {
      expect(verdict).toMatchObject({ outcome: 'denied', denial: { code: 'password-missing' } });
    }
  });

  it('a running session is judged again without the password, which is not kept', async () => {
    const accounts = [account('jdoe')];
    const site = world('certificateAndPassword', { accounts });
    const verdict = await site.authenticator.authenticate({ ...request, password: 'right' });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    expect(await verdict.login.recheck()).toMatchObject({ outcome: 'confirmed' });
    expect(site.verifyPassword).toHaveBeenCalledTimes(1);
    accounts[0] = account('jdoe', { disabled: true });
    expect(await verdict.login.recheck()).toMatchObject({ denial: { code: 'account-disabled' } });
  });
});

describe('a granted login', () => {
  it('keeps no password for the times it is judged again', async () => {
    const decide = vi.fn<Decide>(async () => ({
      outcome: 'passed',
      proof: {
        accountName: 'jdoe',
        directory: 'corp',
        homeDirectory: '/',
        accessRights: fullRights,
        authenticationMethod: 'password' as const,
      },
      findings: {},
    }));
    const login = new SiteLogin(decide, { audit: unrecordedTrail, logger: silentLogger, timer: () => 0 });
    const authenticator = authenticatorOf(login);
    const verdict = await authenticator.authenticate({ ...request, password: 'right' });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    await verdict.login.recheck();
    expect(decide.mock.calls.map(([asked, { purpose }]) => ['password' in asked, purpose])).toEqual([
      [true, 'login'],
      [false, 'recheck'],
    ]);
  });
});

describe('certificate or password', () => {
  it('a certificate decides alone', async () => {
    const site = world('certificateOrPassword');
    expect(await outcomeOf(site, {})).toBe('granted');
    expect(site.verifyPassword).not.toHaveBeenCalled();
  });

  it('a certificate that is refused is not saved by a password', async () => {
    const site = world('certificateOrPassword', {
      validator: { validate: async () => ({ outcome: 'invalid', denial: denial('certificate-revoked', 'x') }) },
    });
    expect(await outcomeOf(site, { password: 'right' })).toBe('certificate-revoked');
  });

  it.each<[string, Partial<LoginRequest>, string]>([
    ['no password yet', {}, 'password-required'],
    ['the right password', { password: 'right' }, 'granted'],
    ['a wrong password', { password: 'wrong' }, 'password-wrong'],
    ['another spelling of the name', { claimedName: 'JDoe@Contoso.COM', password: 'right' }, 'granted'],
    ['the domain before the name', { claimedName: 'contoso\\jdoe', password: 'right' }, 'granted'],
    ['a name the directory only takes for the same', { claimedName: 'jdoé', password: 'right' }, 'account-not-found'],
    ['an empty name', { claimedName: '', password: 'right' }, 'account-not-found'],
    ['a name with control characters', { claimedName: 'jdoe\0', password: 'right' }, 'account-not-found'],
    ['an endless name', { claimedName: 'j'.repeat(257), password: 'right' }, 'account-not-found'],
  ])('without a certificate, %s: %s', async (_what, changes, outcome) => {
    expect(await outcomeOf(world('certificateOrPassword'), { ...noCard, ...changes })).toBe(outcome);
  });

  it('a name that two accounts have leads to neither', async () => {
    const twin = { ...account('jdoe'), id: 'other' };
    const site = world('certificateOrPassword', { accounts: [account('jdoe'), twin] });
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('account-name-ambiguous');
    expect(site.verifyPassword).not.toHaveBeenCalled();
  });

  it.each<[Partial<AccountState>, string]>([
    [{ disabled: true }, 'account-disabled'],
    [{ lockedUntil: 'never-ends' }, 'account-locked'],
    [{ smartcardRequired: true }, 'account-smartcard-required'],
  ])('no password is tried for an account that is %o', async (state, code) => {
    const site = world('certificateOrPassword', { accounts: [account('jdoe', state)] });
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe(code);
    expect(site.verifyPassword).not.toHaveBeenCalled();
  });

  it('without a certificate the login has none, and is judged again by the account', async () => {
    const accounts = [account('jdoe')];
    const site = world('certificateOrPassword', { accounts });
    const verdict = await site.authenticator.authenticate({ ...noCard, password: 'right' });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    expect(verdict.login).not.toHaveProperty('certificateSha256');
    expect(await verdict.login.recheck()).toMatchObject({ outcome: 'confirmed' });
    accounts.pop();
    expect(await verdict.login.recheck()).toMatchObject({ denial: { code: 'account-not-found' } });
    expect(site.verifyPassword).toHaveBeenCalledTimes(1);
  });

  it('with the certificate method disabled, certificates count as none', async () => {
    const site = world('password');
    expect(await outcomeOf(site, {})).toBe('password-required');
    expect(await outcomeOf(site, { password: 'right' })).toBe('granted');
  });
});

describe('certificate only', () => {
  it('a password lets no client in', async () => {
    const site = world('certificate');
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('password-not-accepted');
    expect(site.findByLoginName).not.toHaveBeenCalled();
  });

  it('basic enabled alone opens nothing', async () => {
    const site = world('disabled');
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('authentication-disabled');
  });
});

describe('guessing', () => {
  it('an account’s wrong passwords from one address are limited, by whatever name they come', async () => {
    const site = world('certificateOrPassword');
    const names = ['jdoe', 'JDOE', 'jdoe@contoso.com', 'CONTOSO\\jdoe'];
    const codes = [];
    for (const claimedName of names) {
      codes.push(await outcomeOf(site, { ...noCard, claimedName, password: 'wrong' }));
    }
    expect(codes).toEqual(['password-wrong', 'password-wrong', 'password-wrong', 'password-throttled']);
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('password-throttled');
    expect(site.verifyPassword).toHaveBeenCalledTimes(3);
  });

  it('strangers elsewhere do not lock the account out where its owner is', async () => {
    const site = world('certificateOrPassword');
    for (let index = 0; index < 5; index += 1) {
      await outcomeOf(site, { ...noCard, remoteAddress: '198.51.100.1', password: 'wrong' });
    }
    expect(await outcomeOf(site, { ...noCard, remoteAddress: '192.0.2.1', password: 'right' })).toBe('granted');
  });

  it('strangers everywhere, at the owner’s address too, do not lock out the holder of the card', async () => {
    const throttle = throttleOf(clock);
    const byName = world('certificateOrPassword', { throttle });
    const byCard = world('certificateAndPassword', { throttle });
    for (let index = 0; index < 40; index += 1) {
      const remoteAddress = index < 30 ? request.remoteAddress : `198.51.100.${index}`;
      await outcomeOf(byName, { ...noCard, remoteAddress, password: 'wrong' });
    }
    expect(byName.verifyPassword).toHaveBeenCalledTimes(8);
    expect(await outcomeOf(byName, { ...noCard, password: 'right' })).toBe('password-throttled');
    expect(await outcomeOf(byCard, { password: 'right' })).toBe('granted');
  });

  it('passwords besides a certificate that was not accepted count for nothing', async () => {
    const throttle = throttleOf(clock, { maxFailure: 1 });
    const refusing = world('certificateAndPassword', {
      throttle,
      validator: { validate: async () => ({ outcome: 'invalid', denial: denial('certificate-expired', 'x') }) },
    });
    await outcomeOf(refusing, { password: 'wrong' });
    expect(await outcomeOf(world('certificateAndPassword', { throttle }), { password: 'right' })).toBe('granted');
  });

  it('a card holder may not guess without end, not from many addresses either', async () => {
    const site = world('certificateAndPassword');
    for (let index = 0; index < 40; index += 1) {
      await outcomeOf(site, { remoteAddress: `198.51.100.${index}`, password: 'wrong' });
    }
    expect(site.verifyPassword).toHaveBeenCalledTimes(8);
  });

  it('many at once are no way around', async () => {
    const site = world('certificateOrPassword');
    await Promise.all(Array.from({ length: 20 }, () => outcomeOf(site, { ...noCard, password: 'wrong' })));
    expect(site.verifyPassword).toHaveBeenCalledTimes(3);
  });

  it('an address that tries many names is refused before the directory is asked', async () => {
    const site = world('certificateOrPassword', { accounts: [] });
    for (let guess = 0; guess < 20; guess += 1) {
      await outcomeOf(site, { ...noCard, claimedName: `guess${guess}`, password: 'x' });
    }
    expect(site.findByLoginName).toHaveBeenCalledTimes(6);
  });

  it('an outage of the directory counts as a failure of no client', async () => {
    const site = world('certificateOrPassword');
    site.verifyPassword.mockRejectedValue(new DirectoryUnavailableError('down'));
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('directory-unavailable');
    }
    site.findByLoginName.mockRejectedValueOnce(new DirectoryUnavailableError('down'));
    expect(await outcomeOf(site, { ...noCard, password: 'right' })).toBe('directory-unavailable');
  });

  it('a refusal takes as long for an account that does not exist as for one that does', async () => {
    const took = async (accounts: DirectoryAccount[]) => {
      const { authenticator } = createdWithDelay(accounts);
      const began = performance.now();
      await authenticator.authenticate({ ...noCard, password: 'wrong' });
      return performance.now() - began;
    };
    const createdWithDelay = (accounts: DirectoryAccount[]) => {
      const directory = {
        name: 'corp',
        findByLoginName: async () => accounts,
        verifyPassword: () => new Promise((resolve) => setTimeout(() => resolve(wrong), 40)),
      } as unknown as Directory;
      const passwords = { directories: [directory], throttle: throttleOf(clock) };
      return world('certificateOrPassword', { passwords, failureDelay: milliseconds(400) });
    };
    for (const accounts of [[], [account('jdoe')]]) {
      const time = await took(accounts);
      expect(time).toBeGreaterThanOrEqual(395);
      expect(time).toBeLessThan(790);
    }
  });
});
