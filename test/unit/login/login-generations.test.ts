/** Which configuration decides a login while another takes over, and when the directories of the former are closed. */
import { describe, expect, it } from 'vitest';
import { denial } from '../../../src/denial.ts';
import { unrecorded } from '../../../src/explanation/steps.ts';
import type { Decide } from '../../../src/login/decision.ts';
import { LoginGenerations, type Logins } from '../../../src/login/login-generations.ts';
import { SiteLogin } from '../../../src/login/site-login.ts';
import { unrecordedTrail } from '../../../src/operations/audit.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { fullRights } from '../../support/access-rights.ts';
import { request } from './certificate-login.ts';

const proof = {
  accountName: 'ada',
  directory: 'corp',
  homeDirectory: '/srv/ada',
  accessRights: fullRights,
  authenticationMethod: 'certificate' as const,
  certificateSha256: 'ab',
};

/** One configuration: its decisions wait until they are let go, and name it where they refuse. */
function generation(name: string, outcome: 'passed' | 'denied' = 'denied') {
  const state = { closed: 0, waiting: [] as (() => void)[], isHeld: false };
  const decide: Decide = async () => {
    if (state.isHeld) await new Promise<void>((go) => void state.waiting.push(go));
    if (outcome === 'passed') return { outcome, proof, findings: {} };
    return { outcome, denial: denial('not-authorized', name), findings: {} };
  };
  const login = new SiteLogin(decide, { audit: unrecordedTrail, logger: silentLogger, timer: () => 0 });
  const close = async () => {
    state.closed += 1;
  };
  const logins: Logins = { sites: new Map([['site', login]]), close };
  return { state, logins };
}

async function deciderOf(logins: LoginGenerations): Promise<string> {
  const verdict = await logins.authenticate('site', request);
  return verdict.outcome === 'denied' ? verdict.denial.detail : verdict.outcome;
}

function recheckOf(verdict: Awaited<ReturnType<LoginGenerations['authenticate']>>) {
  if (verdict.outcome !== 'granted') throw new Error('not granted');
  return verdict.login.recheck;
}

describe('a former configuration', () => {
  it('is closed at once when it decides nothing, and the newer decides from then on', async () => {
    const [former, newer] = [generation('former'), generation('newer')];
    const logins = new LoginGenerations(former.logins);
    expect(await deciderOf(logins)).toBe('former');
    expect(former.state.closed).toBe(0);
    await logins.replace(newer.logins);
    expect(former.state.closed).toBe(1);
    expect(await deciderOf(logins)).toBe('newer');
    expect([former.state.closed, newer.state.closed]).toEqual([1, 0]);
  });

  it('stays open until its last login is decided, and is closed once', async () => {
    const [former, newer] = [generation('former'), generation('newer')];
    const logins = new LoginGenerations(former.logins);
    former.state.isHeld = true;
    const running = [deciderOf(logins), deciderOf(logins)];
    await logins.replace(newer.logins);
    expect(await deciderOf(logins)).toBe('newer');
    expect(former.state.closed).toBe(0);
    former.state.waiting[0]?.();
    expect(await running[0]).toBe('former');
    expect(former.state.closed).toBe(0);
    former.state.waiting[1]?.();
    expect(await running[1]).toBe('former');
    expect([former.state.closed, newer.state.closed]).toEqual([1, 0]);
  });

  it.each<[string, (logins: LoginGenerations) => Promise<() => Promise<unknown>>]>([
    [
      'a login that is explained',
      async (logins) => () => logins.resolve('site', request, { purpose: 'explain', steps: unrecorded }),
    ],
    ['the recheck of a session', async (logins) => recheckOf(await logins.authenticate('site', request))],
  ])('is closed after %s ended, and not before', async (_what, use) => {
    const [former, newer] = [generation('former', 'passed'), generation('newer')];
    const logins = new LoginGenerations(former.logins);
    const begin = await use(logins);
    former.state.isHeld = true;
    const running = begin();
    await expect.poll(() => former.state.waiting.length).toBe(1);
    await logins.replace(newer.logins);
    expect(former.state.closed).toBe(0);
    former.state.isHeld = false;
    former.state.waiting[0]?.();
    await running;
    expect([former.state.closed, newer.state.closed]).toEqual([1, 0]);
  });

  it('rechecks no session: the newest does, also those that the former let in', async () => {
    const [former, newer] = [generation('former', 'passed'), generation('newer')];
    const logins = new LoginGenerations(former.logins);
    const verdict = await logins.authenticate('site', request);
    if (verdict.outcome !== 'granted') expect.fail('not granted');
    expect(await verdict.login.recheck()).toMatchObject({ outcome: 'confirmed' });
    await logins.replace(newer.logins);
    expect(await verdict.login.recheck()).toMatchObject({ outcome: 'withdrawn', denial: { detail: 'newer' } });
  });
});

describe('the newest configuration', () => {
  it('decides what is asked for others too', async () => {
    const logins = new LoginGenerations(generation('newest').logins);
    const { verdict } = await logins.resolve('site', request, { purpose: 'explain', steps: unrecorded });
    expect(verdict).toMatchObject({ outcome: 'denied', denial: { detail: 'newest' } });
  });

  it('refuses logins at a site that it does not have', async () => {
    const logins = new LoginGenerations(generation('newest').logins);
    await expect(logins.authenticate('other', request)).rejects.toThrow('site other is not in the configuration');
    expect(await deciderOf(logins)).toBe('newest');
  });

  it('is closed at the end', async () => {
    const newest = generation('newest');
    await new LoginGenerations(newest.logins).close();
    expect(newest.state.closed).toBe(1);
  });
});
