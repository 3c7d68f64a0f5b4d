/** A storage whose file operations wait their turn and are given up: what each call becomes, and what is disposed of late. */
import { describe, expect, it } from 'vitest';
import { openBoundedStorage } from '../../../src/storage/bounded-storage.ts';
import type { ReadableFile, Storage, Upload } from '../../../src/storage/storage.ts';
import { pending, siteOf, unresponsive } from './site-operations.ts';

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
    [
      'names',
      { names: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }) },
      (storage) => firstOf(storage.names('/')),
    ],
    ['openRead', { openRead: never }, (storage) => storage.openRead('/x')],
    ['openWrite', { openWrite: never }, (storage) => storage.openWrite('/x', { kind: 'replace' })],
    ['makeDirectory', { makeDirectory: never }, (storage) => storage.makeDirectory('/x')],
    ['removeDirectory', { removeDirectory: never }, (storage) => storage.removeDirectory('/x')],
    ['removeFile', { removeFile: never }, (storage) => storage.removeFile('/x')],
    ['setModifiedTime', { setModifiedTime: never }, (storage) => storage.setModifiedTime('/x', new Date(0))],
    ['setMode', { setMode: never }, (storage) => storage.setMode('/x', 0)],
    ['makeLink', { makeLink: never }, (storage) => storage.makeLink('/x', '/y')],
    ['rename', { rename: never }, (storage) => storage.rename('/x', '/y', false)],
  ])('gives %s up', async (_name, parts, use) => {
    const storage = await openBoundedStorage(siteOf(10).operations, '/home', async () => storageOf(parts));
    await expect(use(storage)).rejects.toMatchObject(unresponsive);
  });

  it('hands every call on with its arguments, and its answer back', async () => {
    const calls: unknown[] = [];
    const answering =
      (name: string, answer: unknown) =>
      async (...given: unknown[]) => {
        calls.push([name, ...given]);
        return answer;
      };
    const names = [
      'stat',
      'entry',
      'freeSpace',
      'makeDirectory',
      'removeDirectory',
      'removeFile',
      'setModifiedTime',
      'setMode',
      'makeLink',
      'requireMovable',
      'rename',
    ] as const;
    const parts = Object.fromEntries(names.map((name) => [name, answering(name, `${name} done`)]));
    const storage = await openBoundedStorage(siteOf(10).operations, '/home', async () => storageOf(parts));
    for (const name of names)
      expect(await (storage[name] as (...given: unknown[]) => unknown)('/x', '/y', true)).toBe(`${name} done`);
    const given = {
      makeDirectory: ['/x', '/y'],
      rename: ['/x', '/y', true],
      setModifiedTime: ['/x', '/y', true],
      setMode: ['/x', '/y'],
      makeLink: ['/x', '/y'],
    };
    expect(calls).toEqual(names.map((name) => [name, ...(name in given ? given[name as keyof typeof given] : ['/x'])]));
  });

  it('lists whole, and ends a listing that its reader leaves', async () => {
    const done: string[] = [];
    async function* names() {
      try {
        yield* ['a', 'b'];
      } finally {
        done.push('ended');
      }
    }
    const list = () => names() as unknown as ReturnType<Storage['list']>;
    const storage = await openBoundedStorage(siteOf(10).operations, '/home', async () => storageOf({ list }));
    expect(await allOf(storage.list('/'))).toEqual(['a', 'b']);
    expect(done).toEqual(['ended']);
    expect(await firstOf(storage.list('/'))).toBe('a');
    expect(done).toEqual(['ended', 'ended']);
  });

  it('lists where the listing knows no end before its own', async () => {
    const only = { value: 'a', done: false };
    const ends = { value: undefined, done: true };
    const list = () => {
      const steps = [only, ends];
      return { [Symbol.asyncIterator]: () => ({ next: async () => steps.shift() }) } as never;
    };
    const storage = await openBoundedStorage(siteOf(10).operations, '/home', async () => storageOf({ list }));
    expect(await allOf(storage.list('/'))).toEqual(['a']);
  });

  it('takes four threads for a step of a listing', async () => {
    const work = pending();
    const next = () => work.operation().then(() => ({ value: undefined, done: true }));
    const list = () => ({ [Symbol.asyncIterator]: () => ({ next }) }) as never;
    const storage = await openBoundedStorage(siteOf(14, 5000).operations, '/home', async () => storageOf({ list }));
    const listings = [firstOf(storage.list('/')), firstOf(storage.list('/'))];
    await new Promise(setImmediate);
    expect(work.most()).toBe(1);
    work.endAll();
    await new Promise(setImmediate);
    work.endAll();
    await Promise.all(listings);
  });

  it('writes, commits with the signal of its caller, and gives up', async () => {
    const { operations } = siteOf(10);
    const done: unknown[] = [];
    let signal: AbortSignal | undefined;
    const upload = {
      bytesWritten: 7,
      write: async (chunk: Buffer) => void done.push(chunk.toString()),
      commit: async (given: AbortSignal) => {
        signal = given;
      },
      abort: async () => void done.push('given up'),
    } as unknown as Upload;
    const storage = await openBoundedStorage(operations, '/home', async () =>
      storageOf({ openWrite: async () => upload }),
    );
    const opened = await storage.openWrite('/x', { kind: 'replace' });
    expect(opened.bytesWritten).toBe(7);
    await opened.write(Buffer.from('chunk'));
    const caller = new AbortController();
    await opened.commit(caller.signal);
    expect(signal?.aborted).toBe(false);
    caller.abort();
    expect(signal?.aborted).toBe(true);
    await opened.abort();
    expect(done).toEqual(['chunk', 'given up']);
  });

  it('gives a commit ten times as long as another operation', async () => {
    const { operations } = siteOf(10, 20);
    const committed = Promise.withResolvers<void>();
    const upload = { commit: () => committed.promise, write: never } as unknown as Upload;
    const storage = await openBoundedStorage(operations, '/home', async () =>
      storageOf({ openWrite: async () => upload }),
    );
    const opened = await storage.openWrite('/x', { kind: 'replace' });
    const commit = opened.commit();
    // Begun later, and given up earlier.
    await expect((await storage.openWrite('/y', { kind: 'replace' })).write(Buffer.alloc(1))).rejects.toMatchObject(
      unresponsive,
    );
    committed.resolve();
    await expect(commit).resolves.toBeUndefined();
  });

  it('gives up an upload that was opened too late', async () => {
    const opening = Promise.withResolvers<Upload>();
    const aborted = Promise.withResolvers<void>();
    const storage = await openBoundedStorage(siteOf(2).operations, '/home', async () =>
      storageOf({ openWrite: () => opening.promise }),
    );
    await expect(storage.openWrite('/x', { kind: 'replace' })).rejects.toMatchObject(unresponsive);
    opening.resolve({ abort: async () => aborted.resolve() } as unknown as Upload);
    await aborted.promise;
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

async function allOf<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}
