/** Which directories are asked for a typed name, what each password tried leaves in the explanation, and whom it counts against. */

import { describe, expect, it, vi } from 'vitest';
import { denial } from '../../../src/denial.ts';
import type { Directory, PasswordAnswer } from '../../../src/directory/directory.ts';
import { recordingSteps, unrecorded } from '../../../src/explanation/steps.ts';
import { findAccountByName, passwordDenial, passwordDirectories } from '../../../src/login/password-login.ts';
import { throttleOf } from '../../support/settings.ts';
import { accountWith, now } from './certificate-login.ts';

const accepted: PasswordAnswer = { outcome: 'accepted' };
const wrong: PasswordAnswer = { outcome: 'refused', denial: denial('password-wrong', 'x', { said: 'no' }) };
const findByLoginName = async () => [accountWith()];
const verifyPassword = async (_account: unknown, password: string) => (password === 'right' ? accepted : wrong);
const throttle = () => throttleOf({ now: () => now }, { maxFailure: 2 });
const named = (name: string, parts: Partial<Directory>) => ({ name, ...parts }) as unknown as Directory;
const corp = named('corp', { findByLoginName, verifyPassword });

describe('the account of a typed name', () => {
  it('is looked for only where names and passwords are known', async () => {
    const asked = vi.fn(findByLoginName);
    const directories = [
      named('names only', { findByLoginName: asked }),
      named('passwords only', { verifyPassword }),
      corp,
    ];
    const { steps, ...recorder } = recordingSteps();
    const found = await findAccountByName(passwordDirectories({ directories, throttle: throttle() }), 'jdoe', {
      ...recorder,
    });
    expect(found).toMatchObject({ outcome: 'identified', directory: corp });
    expect(asked).not.toHaveBeenCalled();
    expect(steps).toMatchObject([
      {
        stage: 'mapping',
        check: 'account of the name',
        verdict: 'passed',
        facts: { claimedName: 'jdoe', directories: ['corp'], found: ['CN=Jane Doe,DC=contoso,DC=com'] },
      },
    ]);
  });

  it.each<[string, string, boolean]>([
    ['that is empty', '', false],
    ['of 256 characters', 'j'.repeat(256), true],
    ['of 257 characters', 'j'.repeat(257), false],
    ['with NUL', 'jdoe\0', false],
    ['with an invisible character', 'jdoe\u200b', false],
    ['outside ASCII', 'jdoé', true],
  ])('is asked for with a name %s: %s', async (_rule, name, isAsked) => {
    const asked = vi.fn(async () => []);
    const { steps, ...recorder } = recordingSteps();
    const directories = [named('corp', { findByLoginName: asked, verifyPassword })];
    const found = await findAccountByName(passwordDirectories({ directories, throttle: throttle() }), name, {
      ...recorder,
    });
    expect(found).toMatchObject({ denial: { code: 'account-not-found', facts: { directories: ['corp'] } } });
    expect(asked).toHaveBeenCalledTimes(isAsked ? 1 : 0);
    expect(steps).toMatchObject([{ verdict: 'failed', facts: { found: [] } }]);
  });
});

describe('a password tried', () => {
  const subject = { account: accountWith(), directory: corp, remoteAddress: '192.0.2.1', hasCertificate: false };
  const distinguishedName = 'CN=Jane Doe,DC=contoso,DC=com';

  it('is explained, and its refusal names the account', async () => {
    const { steps, ...recorder } = recordingSteps();
    const options = { directories: [corp], throttle: throttle() };
    expect(await passwordDenial(options, subject, 'right', { ...recorder })).toBeUndefined();
    expect(await passwordDenial(options, subject, 'wrong', { ...recorder })).toMatchObject({
      code: 'password-wrong',
      facts: { said: 'no', account: distinguishedName },
    });
    expect(steps).toMatchObject([
      { stage: 'account', check: 'password', verdict: 'passed', facts: { account: 'jdoe' } },
      { stage: 'account', check: 'password', verdict: 'failed', facts: { said: 'no', reason: 'password-wrong' } },
    ]);
  });

  it('is not accepted where the account’s directory knows none', async () => {
    const options = { directories: [corp], throttle: throttle() };
    const refusal = await passwordDenial(options, { ...subject, directory: named('file', {}) }, 'right', unrecorded);
    expect(refusal).toMatchObject({ code: 'password-not-accepted', facts: { account: distinguishedName } });
  });

  it('counts against its account in its directory alone', async () => {
    const options = { directories: [corp], throttle: throttle() };
    const codeFor = async (more: Partial<typeof subject>, password = 'wrong') =>
      (await passwordDenial(options, { ...subject, ...more }, password, unrecorded))?.code;
    await codeFor({});
    await codeFor({});
    expect(await codeFor({}, 'right')).toBe('password-throttled');
    expect(await codeFor({ account: { ...accountWith(), id: '2' } }, 'right')).toBeUndefined();
    const other = named('other', { findByLoginName, verifyPassword });
    expect(await codeFor({ directory: other }, 'right')).toBeUndefined();
  });

  it('does not count when it was right', async () => {
    const options = { directories: [corp], throttle: throttle() };
    for (let tries = 0; tries < 5; tries += 1)
      expect(await passwordDenial(options, subject, 'right', unrecorded)).toBeUndefined();
  });

  it.each<[boolean, string]>([
    [false, 'account'],
    [true, 'card'],
  ])('and held back says whose tries were too many (with a certificate: %s)', async (hasCertificate, by) => {
    const options = { directories: [corp], throttle: throttle() };
    const tried = () => passwordDenial(options, { ...subject, hasCertificate }, 'wrong', unrecorded);
    await tried();
    await tried();
    expect(await tried()).toMatchObject({ code: 'password-throttled', facts: { by } });
  });
});
