/** How many threads the file operations of a site may take, when they are given up, and what becomes of those that return late. */

import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../../src/settings/units.ts';
import { openBoundedStorage } from '../../../src/storage/bounded-storage.ts';
import { type FileCaller, FileOperations } from '../../../src/storage/file-operations.ts';
import type { ReadableFile, Storage, Upload } from '../../../src/storage/storage.ts';

const unresponsive = { kind: 'unresponsive' };

function siteOf(threads: number, deadline = 50) {
  const reports: string[] = [];
  const operations = new FileOperations(
    { threads, operationTimeout: milliseconds(deadline) },
    (home, state) => void reports.push(`${home} ${state}`),
  );
  return { operations, reports };
}

const caller = (home = '/home'): FileCaller => ({ home, overdue: 0 });

/** Operations that return when the test says so. */
function pending() {
  const ends: (() => void)[] = [];
  let running = 0;
  let most = 0;
  return {
    operation: () =>
      new Promise<void>((resolve) => {
        running += 1;
        most = Math.max(most, running);
        ends.push(() => {
          running -= 1;
          resolve();
        });
      }),
    endAll: () => {
      for (const end of ends.splice(0)) end();
    },
    most: () => most,
  };
}

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

  it('are not given up for what the process itself was too busy to hear', async () => {
    const { operations } = siteOf(2, 20);
    const returned = operations.run(caller(), 'stat', () => new Promise((resolve) => setImmediate(resolve, 'in time')));
    const until = performance.now() + 100;
    while (performance.now() < until);
    expect(await returned).toBe('in time');
  });
});

describe('a bounded storage', () => {
  const never = () => new Promise<never>(() => undefined);

  /** A storage of which only what a test gives it is ever called. */
  const storageOf = (parts: Partial<Storage>) => parts as Storage;

  it.each<[string, Partial<Storage>, (storage: Storage) => Promise<unknown>]>([
    ['stat', { stat: never }, (storage) => storage.stat('/x')],
    [
      'list',
      { list: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }) },
      (storage) => firstOf(storage.list('/')),
    ],
    ['openRead', { openRead: never }, (storage) => storage.openRead('/x')],
    ['openWrite', { openWrite: never }, (storage) => storage.openWrite('/x', { kind: 'replace' })],
    ['makeDirectory', { makeDirectory: never }, (storage) => storage.makeDirectory('/x')],
    ['removeDirectory', { removeDirectory: never }, (storage) => storage.removeDirectory('/x')],
    ['removeFile', { removeFile: never }, (storage) => storage.removeFile('/x')],
    ['rename', { rename: never }, (storage) => storage.rename('/x', '/y', false)],
  ])('gives %s up', async (_name, parts, use) => {
    const storage = await openBoundedStorage(siteOf(10).operations, '/home', async () => storageOf(parts));
    await expect(use(storage)).rejects.toMatchObject(unresponsive);
  });

  it('gives up a home that does not open', async () => {
    await expect(openBoundedStorage(siteOf(2).operations, '/home', never)).rejects.toMatchObject(unresponsive);
  });

  it('gives up a chunk that cannot be read or written, and closes and removes whenever it can', async () => {
    const { operations } = siteOf(2);
    const done: string[] = [];
    const stalled = Promise.withResolvers<number>();
    const file = {
      facts: {},
      readInto: () => stalled.promise,
      close: async () => void done.push('closed'),
    } as unknown as ReadableFile;
    const storage = await openBoundedStorage(operations, '/home', async () =>
      storageOf({ openRead: async () => file }),
    );
    const opened = await storage.openRead('/x');
    await expect(opened.readInto(Buffer.alloc(1), 0)).rejects.toMatchObject(unresponsive);
    await opened.close();
    expect(done).toEqual([]);
    stalled.resolve(0);
    await expect.poll(() => done).toEqual(['closed']);
  });

  it('makes nothing visible when a commit returns after it was given up', async () => {
    const { operations } = siteOf(2, 5);
    const synced = Promise.withResolvers<void>();
    const outcome = Promise.withResolvers<string>();
    const upload = {
      commit: async (signal: AbortSignal) => {
        await synced.promise;
        outcome.resolve(signal.aborted ? 'given up' : 'visible');
      },
      abort: async () => undefined,
    } as unknown as Upload;
    const storage = await openBoundedStorage(operations, '/home', async () =>
      storageOf({ openWrite: async () => upload }),
    );
    await expect((await storage.openWrite('/x', { kind: 'replace' })).commit()).rejects.toMatchObject(unresponsive);
    synced.resolve();
    expect(await outcome.promise).toBe('given up');
  });

  it('disposes of a file that was opened too late', async () => {
    const { operations } = siteOf(2);
    const opening = Promise.withResolvers<ReadableFile>();
    const closed = Promise.withResolvers<void>();
    const storage = await openBoundedStorage(operations, '/home', async () =>
      storageOf({ openRead: () => opening.promise }),
    );
    await expect(storage.openRead('/x')).rejects.toMatchObject(unresponsive);
    opening.resolve({ close: async () => closed.resolve() } as ReadableFile);
    await closed.promise;
  });
});

async function firstOf<T>(source: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of source) return item;
  return undefined;
}
