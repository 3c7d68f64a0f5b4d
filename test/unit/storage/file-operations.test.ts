/** How many threads the file operations of a site may take, when they are given up, and what becomes of those that return late. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { milliseconds } from '../../../src/settings/units.ts';
import { openBoundedStorage } from '../../../src/storage/bounded-storage.ts';
import { fileOperationSettings } from '../../../src/storage/file-operations.ts';
import { caller, pending, siteOf, unresponsive } from './site-operations.ts';

describe('the file operations of a site', () => {
  it('run no more at a time than it has threads, and half of them for one home', async () => {
    const { operations } = siteOf(4, 5000);
    const work = pending();
    const all = Array.from({ length: 10 }, (_, index) =>
      operations.run(caller(`/home/${index % 5}`), 'stat', work.operation),
    );
    const one = Array.from({ length: 10 }, () => operations.run(caller(), 'stat', work.operation));
    expect(work.most()).toBe(4);
    for (let turn = 0; turn < 10; turn += 1) {
      work.endAll();
      await new Promise(setImmediate);
    }
    await Promise.all([...all, ...one]);
    expect(work.most()).toBe(4);

    const alone = pending();
    const queued = Array.from({ length: 3 }, () => operations.run(caller(), 'stat', alone.operation));
    expect(alone.most()).toBe(2);
    alone.endAll();
    await new Promise(setImmediate);
    alone.endAll();
    await Promise.all(queued);
  });

  it('count by the threads that they take', async () => {
    const { operations } = siteOf(8, 5000);
    const work = pending();
    const runs = Array.from({ length: 2 }, () => operations.run(caller(), 'list', work.operation, { weight: 3 }));
    expect(work.most()).toBe(1);
    work.endAll();
    await new Promise(setImmediate);
    work.endAll();
    await Promise.all(runs);
  });

  it('are given up at the deadline, and so are those that wait for their turn', async () => {
    const { operations, reports } = siteOf(2);
    const work = pending();
    const runs = Array.from({ length: 3 }, () => operations.run(caller(), 'stat /x', work.operation));
    expect(await Promise.allSettled(runs)).toMatchObject(Array(3).fill({ reason: unresponsive }));
    expect(operations.overdue).toBe(1);
    expect(reports).toEqual(['/home unresponsive']);
    work.endAll();
    await expect.poll(() => operations.overdue).toBe(0);
    expect(reports).toEqual(['/home unresponsive', '/home answering']);
    expect(await operations.run(caller(), 'stat', () => Promise.resolve(7))).toBe(7);
  });

  it('are refused at once where a session, or all that its home may have, waits in vain; other homes are not', async () => {
    const { operations } = siteOf(4);
    const work = pending();
    const first = caller();
    await expect(operations.run(first, 'stat', work.operation)).rejects.toMatchObject(unresponsive);
    let ran = 0;
    const quick = async () => {
      ran += 1;
    };
    await expect(operations.run(first, 'stat', quick)).rejects.toMatchObject(unresponsive);
    await operations.run(caller(), 'stat', quick);
    await expect(operations.run(caller(), 'stat', work.operation)).rejects.toMatchObject(unresponsive);
    await expect(operations.run(caller(), 'stat', quick)).rejects.toMatchObject(unresponsive);
    await operations.run(caller('/other'), 'stat', quick);
    expect(ran).toBe(2);
    work.endAll();
  });

  it('that fail give their threads back, and their error', async () => {
    const { operations } = siteOf(2);
    for (let time = 0; time < 3; time += 1)
      await expect(operations.run(caller(), 'stat', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await operations.run(caller(), 'stat', async () => 7)).toBe(7);
    expect(operations.overdue).toBe(0);
  });

  it('of a home count together while any of them runs, and anew afterwards', async () => {
    const { operations } = siteOf(4, 5000);
    const work = pending();
    const first = [operations.run(caller(), 'a', work.operation), operations.run(caller(), 'b', work.operation)];
    await operations.run(caller('/other'), 'c', async () => undefined);
    const third = operations.run(caller(), 'd', work.operation);
    expect(work.most()).toBe(2);
    work.endAll();
    await Promise.all(first);
    work.endAll();
    await third;
    const again = [operations.run(caller(), 'a', work.operation), operations.run(caller(), 'b', work.operation)];
    work.endAll();
    await Promise.all(again);
    expect(work.most()).toBe(2);
  });

  it('that were given up while they waited are never begun', async () => {
    const { operations } = siteOf(2, 20);
    const end = Promise.withResolvers<void>();
    const first = operations.run(caller('/slow'), 'stat', () => end.promise, { deadline: milliseconds(5000) });
    const second = operations.run(caller('/slow2'), 'stat', () => end.promise, { deadline: milliseconds(5000) });
    let begun = false;
    const waiting = operations.run(caller('/home'), 'stat', async () => {
      begun = true;
    });
    await expect(waiting).rejects.toMatchObject(unresponsive);
    end.resolve();
    await Promise.all([first, second]);
    await operations.run(caller('/home'), 'stat', async () => undefined);
    expect(begun).toBe(false);
    expect(operations.overdue).toBe(0);
  });

  it('are not given up for what the process itself was too busy to hear', async () => {
    const { operations } = siteOf(2, 20);
    const returned = operations.run(caller(), 'stat', () => new Promise((resolve) => setImmediate(resolve, 'in time')));
    const until = performance.now() + 100;
    while (performance.now() < until);
    expect(await returned).toBe('in time');
  });
});

describe('the time for one file operation', () => {
  const settings = z.object(fileOperationSettings);

  it('is 30 seconds unless it is set', () => {
    expect(settings.parse({})).toEqual({ operationTimeout: 30_000 });
  });

  it.each([
    ['999ms', false],
    ['1s', true],
    ['10m', true],
    ['601s', false],
  ])('may be %s: %s', (operationTimeout, isAllowed) => {
    expect(settings.safeParse({ operationTimeout }).success).toBe(isAllowed);
  });
});

describe('with the clock in hand, the file operations of a site', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());
  const soon = milliseconds(1000);
  const late = milliseconds(3_600_000);
  const turns = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  };
  /** As it stands now: what came of the operation. */
  const watched = (work: Promise<unknown>) => {
    const seen = { outcome: 'none yet' };
    work.then(
      () => {
        seen.outcome = 'done';
      },
      (error) => {
        seen.outcome = error.kind;
      },
    );
    return seen;
  };
  const pass = async (time: number) => {
    await vi.advanceTimersByTimeAsync(time);
    await turns();
  };

  it('leave no timer behind when they return in time', async () => {
    const { operations } = siteOf(2, 1000);
    await operations.run(caller(), 'stat', async () => undefined);
    await operations.cleanUp(caller(), 'close', async () => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('refuse at once what a home has no thread for that may come back', async () => {
    const { operations } = siteOf(4, 1000);
    const work = pending();
    const lost = [1, 2].map(() => watched(operations.run(caller(), 'stat', work.operation)));
    const waiting = watched(operations.run(caller(), 'stat', work.operation, { deadline: late }));
    await pass(1000);
    expect(lost.map(({ outcome }) => outcome)).toEqual(['unresponsive', 'unresponsive']);
    expect(waiting.outcome).toBe('none yet');
    const refused = watched(operations.run(caller(), 'stat', work.operation, { deadline: late }));
    await turns();
    expect(refused.outcome).toBe('unresponsive');
    work.endAll();
    await turns();
    work.endAll();
    await turns();
    expect(waiting.outcome).toBe('done');
    expect(operations.overdue).toBe(0);
  });

  it('refuse nothing while one thread of a home may come back', async () => {
    const { operations } = siteOf(4, 1000);
    const work = pending();
    watched(operations.run(caller(), 'stat', work.operation));
    const running = watched(operations.run(caller(), 'stat', work.operation, { deadline: late }));
    await pass(1000);
    const waiting = watched(operations.run(caller(), 'stat', work.operation, { deadline: late }));
    await turns();
    expect([running.outcome, waiting.outcome]).toEqual(['none yet', 'none yet']);
    work.endAll();
    await turns();
    work.endAll();
    await turns();
    expect([running.outcome, waiting.outcome]).toEqual(['done', 'done']);
  });

  it('refuse at once another home when the whole site waits in vain', async () => {
    const { operations, reports } = siteOf(2, 1000);
    const work = pending();
    for (const home of ['/one', '/two']) watched(operations.run(caller(home), 'stat', work.operation));
    await pass(1000);
    const refused = watched(operations.run(caller('/three'), 'stat', work.operation, { deadline: late }));
    await turns();
    expect(refused.outcome).toBe('unresponsive');
    expect(operations.overdue).toBe(2);
    expect(reports).toEqual(['/one unresponsive', '/two unresponsive']);
    work.endAll();
    await turns();
    expect(reports.slice(2)).toEqual(['/one answering', '/two answering']);
  });

  it('count by their weight when they are overdue', async () => {
    const { operations, reports } = siteOf(8, 1000);
    const work = pending();
    const heavy = watched(operations.run(caller(), 'list', work.operation, { weight: 3 }));
    watched(operations.run(caller(), 'stat', work.operation));
    await pass(1000);
    expect(heavy.outcome).toBe('unresponsive');
    expect(operations.overdue).toBe(4);
    expect(reports).toEqual(['/home unresponsive']);
    work.endAll();
    await turns();
    expect(operations.overdue).toBe(0);
    expect(reports).toEqual(['/home unresponsive', '/home answering']);
  });

  it('take no more of the site than it has when each takes several threads', async () => {
    const { operations } = siteOf(5, 1000);
    const work = pending();
    const runs = ['/one', '/two', '/three'].map((home) =>
      watched(operations.run(caller(home), 'list', work.operation, { weight: 2 })),
    );
    expect(work.most()).toBe(2);
    work.endAll();
    await turns();
    work.endAll();
    await turns();
    expect(runs.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
  });

  it('clean up as long as the caller may hope, and no longer', async () => {
    const { operations } = siteOf(4, 1000);
    const work = pending();
    const first = watched(operations.cleanUp(caller(), 'close', work.operation));
    await pass(999);
    expect(first.outcome).toBe('none yet');
    await pass(1);
    expect(first.outcome).toBe('done');
    const second = watched(operations.cleanUp(caller(), 'close', work.operation));
    work.endAll();
    await turns();
    expect(second.outcome).toBe('done');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('clean up behind the back of a caller that has no hope', async () => {
    const { operations } = siteOf(4, 1000);
    const work = pending();
    const hopeless = caller();
    watched(operations.run(hopeless, 'stat', work.operation));
    await pass(1000);
    const cleaned = watched(operations.cleanUp(hopeless, 'close', work.operation));
    await turns();
    expect(cleaned.outcome).toBe('done');
    expect(work.most()).toBe(2);
    work.endAll();
    await turns();
    expect(hopeless.overdue).toBe(0);
  });

  it('end quietly when what is cleaned up fails', async () => {
    const { operations } = siteOf(4, 1000);
    await operations.cleanUp(caller(), 'close', () => Promise.reject(new Error('gone')));
    expect(operations.overdue).toBe(0);
  });

  it('say nothing of one that was given up while it waited', async () => {
    const { operations, reports } = siteOf(2, 1000);
    const work = pending();
    watched(operations.run(caller(), 'stat', work.operation, { deadline: late }));
    const waiting = watched(operations.run(caller(), 'stat', work.operation, { deadline: soon }));
    await pass(1000);
    expect(waiting.outcome).toBe('unresponsive');
    expect(operations.overdue).toBe(0);
    expect(reports).toEqual([]);
    work.endAll();
  });

  it('of a session that waits for one that is lost are all refused at once', async () => {
    const { operations } = siteOf(8, 1000);
    const storage = await openBoundedStorage(operations, '/home', async () => ({ stat: pending().operation }) as never);
    const looked = watched(storage.stat('/x'));
    await pass(1000);
    expect(looked.outcome).toBe('unresponsive');
    const again = watched(storage.stat('/x'));
    await turns();
    expect(again.outcome).toBe('unresponsive');
  });
});
