/** Whom a site asks for a password, what it tells before one came, and what a right or a wrong one leaves behind. */

import { describe, expect, it, vi } from 'vitest';
import { denial } from '../../../src/denial.ts';
import { type Directory, DirectoryUnavailableError, type PasswordAnswer } from '../../../src/directory/directory.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import type { LoginSetup } from '../../support/login-setup.ts';
import { throttleOf } from '../../support/settings.ts';
import { accountWith, authenticatorWith, mappingTo, now, request } from './certificate-login.ts';

const noCard = { ...request, peerCertificates: [] };

function site(overrides: Partial<LoginSetup> = {}, failureDelay = 0) {
  const wrong: PasswordAnswer = { outcome: 'refused', denial: denial('password-wrong', 'x') };
  const findByLoginName = vi.fn(async (name: string) => (name === 'jdoe' ? [accountWith()] : []));
  const verifyPassword = async (_account: unknown, password: string) =>
    password === 'right' ? ({ outcome: 'accepted' } as const) : wrong;
  const corp = { name: 'corp', readGroups: async () => [], findByLoginName, verifyPassword } as unknown as Directory;
  const throttle = throttleOf({ now: () => now }, { maxFailure: 100, maxFailurePerAddress: 3 });
  return {
    findByLoginName,
    ...authenticatorWith({
      mode: 'certificateOrPassword',
      passwords: { directories: [corp], throttle },
      failureDelay: milliseconds(failureDelay),
      mapping: mappingTo(() => accountWith(), corp),
      ...overrides,
    }),
  };
}

async function outcomeOf(
  { authenticator }: ReturnType<typeof site>,
  changes: Partial<typeof noCard> & { password?: string },
) {
  const verdict = await authenticator.authenticate({ ...noCard, ...changes });
  return 'denial' in verdict ? verdict.denial.code : verdict.outcome;
}

describe('a client without a certificate', () => {
  it('is asked for a password whatever name it gives, before any directory is asked', async () => {
    const own = site();
    expect(await outcomeOf(own, {})).toBe('password-required');
    expect(await outcomeOf(own, { claimedName: 'unknown' })).toBe('password-required');
    expect(own.findByLoginName).not.toHaveBeenCalled();
  });

  it.each<[string, Partial<LoginSetup>]>([
    ['the site logs in by certificate only', { mode: 'certificate' }],
    ['the site wants a certificate besides', { mode: 'certificateAndPassword' }],
  ])('is not asked where %s', async (_rule, overrides) => {
    expect(await outcomeOf(site(overrides), {})).toBe('certificate-missing');
  });

  it('has the way it logged in on record', async () => {
    const own = site();
    expect(await outcomeOf(own, { password: 'right' })).toBe('granted');
    expect(own.records).toMatchObject([{ mappingReason: 'login-name', account: { name: 'jdoe', directory: 'corp' } }]);
  });

  it('is handed on as the account of its name, also when the password is wrong', async () => {
    const wrong = { ...noCard, password: 'wrong' };
    expect(await site().authenticator.resolve(wrong, unrecorded)).toMatchObject({
      mapped: { account: { accountName: 'jdoe' } },
    });
  });

  it('that claims nothing names no account', async () => {
    const { authenticator } = site();
    const verdict = await authenticator.explain({ ...noCard, claimedName: undefined, password: 'right' }, unrecorded);
    expect(verdict).toMatchObject({ denial: { code: 'account-not-found', facts: { claimedName: '' } } });
  });
});

describe('tries from one address', () => {
  it('end at the limit, with the address as the reason', async () => {
    const own = site();
    for (let tries = 0; tries < 3; tries += 1)
      expect(await outcomeOf(own, { password: 'wrong' })).toBe('password-wrong');
    const verdict = await own.authenticator.authenticate({ ...noCard, password: 'right' });
    expect(verdict).toMatchObject({
      outcome: 'denied',
      denial: { code: 'password-throttled', facts: { by: 'address' } },
    });
  });

  it('do not count when they were right', async () => {
    const own = site();
    for (let tries = 0; tries < 5; tries += 1) expect(await outcomeOf(own, { password: 'right' })).toBe('granted');
  });
});

describe('a session that a password began', () => {
  it('goes on while no directory answers', async () => {
    const own = site();
    const verdict = await own.authenticator.authenticate({ ...noCard, password: 'right' });
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    own.findByLoginName.mockRejectedValue(new DirectoryUnavailableError('down'));
    expect(await verdict.login.recheck()).toBeUndefined();
  });
});

describe('the delay of a refusal', () => {
  const forEver = 3_600_000;

  it.each<[string, { readonly password?: string; readonly claimedName?: string }, string]>([
    ['does not hold up a right password', { password: 'right' }, 'granted'],
    ['does not hold up the question', {}, 'password-required'],
  ])('%s', async (_rule, changes, outcome) => expect(await outcomeOf(site({}, forEver), changes)).toBe(outcome));

  it('does not hold up a refusal without a password', async () => {
    const own = site({ mode: 'certificate' }, forEver);
    expect(await outcomeOf(own, {})).toBe('certificate-missing');
  });
});
