import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../../src/operations/log.ts';
import { EvidenceRefresher } from '../../../../src/pki/retrieval/evidence-refresher.ts';
import { EvidenceStore } from '../../../../src/pki/retrieval/evidence-store.ts';
import type { EvidencePeriod } from '../../../../src/pki/retrieval/retrieved-evidence.ts';
import type {
  RetrievalPolicy,
  RetrievalRequest,
  Retrieved,
  Retriever,
} from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';

const policy: RetrievalPolicy = {
  allowedHosts: [],
  schemes: ['http'],
  maximumSize: octets(1_000),
  timeout: milliseconds(1_000),
};
const hour = 3_600_000;
const start = Date.parse('2026-06-01T12:00:00Z');

let refresher: EvidenceRefresher | undefined;
beforeEach(() => vi.useFakeTimers({ now: start }));
afterEach(() => {
  refresher?.stop();
  vi.useRealTimers();
});

const clock = { now: () => new Date(Date.now()) };

/** A source whose answer the test sets. */
function world(
  options: { readonly concurrency?: number; readonly random?: number; readonly intervalHours?: number } = {},
) {
  const asked: RetrievalRequest[] = [];
  let answer: (request: RetrievalRequest) => Retrieved | Promise<Retrieved> = () => ({
    outcome: 'failed',
    problem: 'down',
  });
  const retriever: Retriever = {
    retrieve: async (request) => {
      asked.push(request);
      return answer(request);
    },
  };
  const store = new EvidenceStore({ memory: octets(1_000_000), clock, logger: silentLogger });
  const { concurrency = 2, random = 0, intervalHours = 10_000 } = options;
  const interval = intervalHours * hour;
  const made = new EvidenceRefresher({
    retriever,
    store,
    interval: milliseconds(interval),
    concurrency,
    random: () => random,
    clock,
  });
  refresher = made;
  const login = (url: string, bytes: Buffer, period: EvidencePeriod, freshness = 0) => {
    const evidence = store.offer({ kind: 'crl', url }, { bytes });
    store.confirm(evidence, period);
    made.used({ evidence, period, freshness: seconds(freshness), policy });
  };
  const answerWith = (next: typeof answer) => {
    answer = next;
  };
  return { asked, store, refresher: made, login, answerWith };
}

const lasting = (hours: number): EvidencePeriod => ({
  thisUpdate: clock.now(),
  nextUpdate: new Date(Date.now() + hours * hour),
});
const pass = (hours: number) => vi.advanceTimersByTimeAsync(hours * hour);

describe('evidence that a login used', () => {
  it('is retrieved anew at nine tenths of its life, and serves as candidate', async () => {
    const { asked, login, store, answerWith } = world();
    answerWith(() => ({ outcome: 'retrieved', bytes: Buffer.from('new') }));
    login('a', Buffer.from('old'), lasting(10));
    await pass(8.95);
    expect(asked).toHaveLength(0);
    await pass(0.1);
    expect(asked).toMatchObject([{ url: 'a', known: { bytes: Buffer.from('old') } }]);
    const held = await store.held({ kind: 'crl', url: 'a' });
    expect(held).toMatchObject({ confirmed: { bytes: Buffer.from('old') }, candidate: { bytes: Buffer.from('new') } });
  });

  it('is retrieved up to a twentieth of its life earlier, by chance', async () => {
    const { asked, login } = world({ random: 1 });
    login('a', Buffer.from('old'), lasting(10));
    await pass(8.55);
    expect(asked).toHaveLength(1);
  });

  it('is retrieved when the site wants it newer, if that is earlier', async () => {
    const { asked, login } = world();
    login('a', Buffer.from('old'), lasting(1_000), 3_600);
    await pass(0.89);
    expect(asked).toHaveLength(0);
    await pass(0.03);
    expect(asked).toHaveLength(1);
  });

  it.each([
    [0, 3_600],
    [3_600, 0],
    [7_200, 3_600],
    [3_600, 7_200],
  ])('is retrieved when the site of several that wants it newest does: %i s and %i s', async (first, second) => {
    const { asked, login } = world();
    const [bytes, period] = [Buffer.from('old'), lasting(1_000)];
    for (const freshness of [first, second]) login('a', bytes, period, freshness);
    await pass(0.89);
    expect(asked).toHaveLength(0);
    await pass(0.03);
    expect(asked).toHaveLength(1);
  });

  it('is retrieved again after a login has used it again', async () => {
    const { asked, login, answerWith } = world();
    const [bytes, period] = [Buffer.from('old'), lasting(10)];
    answerWith(() => ({ outcome: 'retrieved', bytes: Buffer.from(`new ${asked.length}`) }));
    login('a', bytes, period);
    await pass(9.1);
    expect(asked).toHaveLength(1);
    login('a', bytes, period);
    await pass(0.5);
    expect(asked).toHaveLength(2);
  });

  it('is not retrieved a second time while that is under way, and not for evidence that a login has put in its place', async () => {
    const { asked, login, answerWith } = world();
    const answers: (() => void)[] = [];
    answerWith(
      () => new Promise((resolve) => void answers.push(() => resolve({ outcome: 'failed', problem: 'down' }))),
    );
    login('a', Buffer.from('old'), lasting(10));
    await pass(9.5);
    expect(asked).toHaveLength(1);
    login('a', Buffer.from('newer'), lasting(100));
    for (const release of answers) release();
    await pass(50);
    expect(asked).toHaveLength(1);
    await pass(41);
    expect(asked).toHaveLength(2);
  });

  it('is tried again ever sooner while the source fails or has nothing new, and given up when it runs out', async () => {
    const { asked, login, answerWith } = world();
    const old = Buffer.from('old');
    login('a', old, lasting(10));
    await pass(9.55);
    expect(asked).toHaveLength(2);
    answerWith(() => ({ outcome: 'retrieved', bytes: old }));
    await pass(0.5);
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.length).toBeLessThan(12);
    const attempts = asked.length;
    await pass(100);
    expect(asked).toHaveLength(attempts);
  });

  it('is let go when no login used what came', async () => {
    const { asked, login, answerWith } = world();
    answerWith(() => ({ outcome: 'retrieved', bytes: Buffer.from(`new ${asked.length}`) }));
    login('a', Buffer.from('old'), lasting(10));
    await pass(100);
    expect(asked).toHaveLength(1);
  });

  it('is not retrieved when another process has done so', async () => {
    const { asked, login, store } = world();
    login('a', Buffer.from('old'), lasting(10));
    await pass(5);
    store.confirm(store.offer({ kind: 'crl', url: 'a' }, { bytes: Buffer.from('of another') }), lasting(10));
    await pass(4.5);
    expect(asked).toHaveLength(0);
  });

  it('without a next update is never retrieved ahead', async () => {
    const { asked, login } = world();
    login('a', Buffer.from('old'), { thisUpdate: clock.now() });
    await pass(1_000);
    expect(asked).toHaveLength(0);
  });
});

describe('evidence that is valid for long', () => {
  it('is asked for anew at the interval, and what was published meanwhile serves as candidate', async () => {
    const { asked, login, store, answerWith } = world({ intervalHours: 1 });
    const old = Buffer.from('old');
    answerWith(() => ({ outcome: 'retrieved', bytes: old }));
    login('a', old, lasting(7 * 24));
    await pass(3.1);
    expect(asked).toHaveLength(3);
    answerWith(() => ({ outcome: 'retrieved', bytes: Buffer.from('emergency') }));
    await pass(1);
    expect(await store.held({ kind: 'crl', url: 'a' })).toMatchObject({
      candidate: { bytes: Buffer.from('emergency') },
    });
  });

  it('is asked for anew up to a twentieth of the interval earlier, by chance', async () => {
    const { asked, login } = world({ intervalHours: 1, random: 1 });
    login('a', Buffer.from('old'), lasting(7 * 24));
    await pass(0.94);
    expect(asked).toHaveLength(0);
    await pass(0.02);
    expect(asked).toHaveLength(1);
  });

  it('counts as changed when another process has brought newer, without asking', async () => {
    const { asked, login, store, refresher: made } = world();
    login('a', Buffer.from('old'), lasting(24));
    await pass(1);
    store.confirm(store.offer({ kind: 'crl', url: 'a' }, { bytes: Buffer.from('of another') }), lasting(24));
    expect(await made.renew()).toEqual({ asked: 1, changed: 1, failed: 0 });
    expect(asked).toEqual([]);
  });

  it('is asked for anew at once when an administrator wants it, OCSP answers as well', async () => {
    const { asked, login, store, refresher: made, answerWith } = world();
    const request = { kind: 'ocsp' as const, url: 'responder', body: Buffer.from('question') };
    const evidence = store.offer(request, { bytes: Buffer.from('good') });
    store.confirm(evidence, lasting(24));
    made.used({ evidence, period: lasting(24), freshness: seconds(0), policy });
    for (const url of ['a', 'b', 'c']) login(url, Buffer.from(url), lasting(24));
    answerWith(({ url }) =>
      url === 'b'
        ? { outcome: 'failed', problem: 'down' }
        : { outcome: 'retrieved', bytes: Buffer.from(url === 'c' ? 'c' : 'revoked') },
    );
    expect(await made.renew()).toEqual({ asked: 4, changed: 2, failed: 1 });
    expect(asked).toHaveLength(4);
    for (const sought of [request, { kind: 'crl' as const, url: 'a' }])
      expect(await store.held(sought)).toMatchObject({ candidate: { bytes: Buffer.from('revoked') } });
    expect(await store.held({ kind: 'crl', url: 'b' })).toMatchObject({ confirmed: { bytes: Buffer.from('b') } });
  });
});

describe('retrievals in the background', () => {
  it('are never more than allowed at once, and all get their turn', async () => {
    const { asked, login, answerWith } = world({ concurrency: 2 });
    const answers: (() => void)[] = [];
    answerWith(
      ({ url }) =>
        new Promise((resolve) => {
          answers.push(() => resolve({ outcome: 'retrieved', bytes: Buffer.from(`new ${url}`) }));
        }),
    );
    for (const url of ['a', 'b', 'c', 'd', 'e']) login(url, Buffer.from(url), lasting(10));
    await pass(9.1);
    expect(asked).toHaveLength(2);
    for (const release of answers.splice(0)) release();
    await pass(0.02);
    expect(asked).toHaveLength(4);
    for (const release of answers.splice(0)) release();
    await pass(0.02);
    expect(new Set(asked.map(({ url }) => url)).size).toBe(5);
  });

  it('come in the order in which they are due', async () => {
    const { asked, login } = world({ concurrency: 1 });
    login('later', Buffer.from('a'), lasting(10.003));
    login('sooner', Buffer.from('b'), lasting(10));
    login('latest', Buffer.from('c'), lasting(10.004));
    await pass(9.02);
    expect(asked.slice(0, 3).map(({ url }) => url)).toEqual(['sooner', 'later', 'latest']);
  });

  it('that an administrator wants begin no more after stop', async () => {
    const { asked, login, refresher: stopping, answerWith } = world({ concurrency: 1 });
    answerWith(() => {
      stopping.stop();
      return { outcome: 'failed', problem: 'down' };
    });
    for (const url of ['a', 'b', 'c']) login(url, Buffer.from(url), lasting(24));
    expect(await stopping.renew()).toEqual({ asked: 1, changed: 0, failed: 1 });
    login('d', Buffer.from('d'), lasting(24));
    expect(await stopping.renew()).toEqual({ asked: 0, changed: 0, failed: 0 });
    expect(asked).toHaveLength(1);
  });

  it('begin no more after stop', async () => {
    const { asked, login, refresher: stopping } = world();
    login('a', Buffer.from('old'), lasting(10));
    stopping.stop();
    login('b', Buffer.from('old'), lasting(10));
    await pass(20);
    expect(asked).toHaveLength(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
