/** A storage whose every operation waits its turn among those of its site and is given up at a deadline. */
import { type Milliseconds, milliseconds } from '../settings/units.ts';
import type { FileCaller, FileOperations, OperationOptions } from './file-operations.ts';
import type { ReadableFile, Storage, Upload } from './storage.ts';

/** Entries of a directory that the storage looks at together. */
const listingThreads = 4;
/** Deadlines that a commit has: it waits until everything written is on the disk. */
const commitTimes = 10;

type Run = <T>(subject: string, operation: () => Promise<T>, options?: OperationOptions<T>) => Promise<T>;

/**
 * @param home host path of the home
 * @param open opens the storage that is bounded; it may hang like any other operation
 * @throws StorageError `unresponsive`, and what `open` throws
 */
export async function openBoundedStorage(
  operations: FileOperations,
  home: string,
  open: () => Promise<Storage>,
): Promise<Storage> {
  const caller: FileCaller = { home, overdue: 0 };
  const run: Run = (subject, operation, options) => operations.run(caller, subject, operation, options);
  const cleanUp = (subject: string, operation: () => Promise<unknown>) =>
    operations.cleanUp(caller, subject, operation);
  const longDeadline = () => milliseconds(operations.limits.operationTimeout * commitTimes);
  const storage = await run('open the home', open);
  return {
    stat: (path) => run(`stat ${path}`, () => storage.stat(path)),
    entry: (path) => run(`look at ${path}`, () => storage.entry(path)),
    list: (path, isWanted) =>
      inTurns(storage.list(path, isWanted), {
        next: (step) => run(`list ${path}`, step, { weight: listingThreads }),
        end: (step) => cleanUp(`list ${path}`, step),
      }),
    names: (path, isWanted) =>
      inTurns(storage.names(path, isWanted), {
        next: (step) => run(`list ${path}`, step),
        end: (step) => cleanUp(`list ${path}`, step),
      }),
    freeSpace: (path) => run(`free space of ${path}`, () => storage.freeSpace(path)),
    openRead: async (path) => {
      const options = { discard: (late: ReadableFile) => late.close() };
      const file = await run(`read ${path}`, () => storage.openRead(path), options);
      return {
        facts: file.facts,
        readInto: (buffer, offset) => run(`read ${path}`, () => file.readInto(buffer, offset)),
        close: () => cleanUp(`close ${path}`, () => file.close()),
      };
    },
    openWrite: async (path, mode, umask) => {
      const options = { discard: (late: Upload) => late.abort() };
      const upload = await run(`write ${path}`, () => storage.openWrite(path, mode, umask), {
        ...options,
        // What is there is copied first.
        ...(mode.kind !== 'replace' && mode.isHidden && { deadline: longDeadline() }),
      });
      return {
        get bytesWritten() {
          return upload.bytesWritten;
        },
        get keptAs() {
          return upload.keptAs;
        },
        write: (chunk) => run(`write ${path}`, () => upload.write(chunk)),
        seal: () => run(`seal ${path}`, () => upload.seal(), { deadline: longDeadline() }),
        commit: (signal) => commit(run, longDeadline(), path, upload, signal),
        abort: () => cleanUp(`give up ${path}`, () => upload.abort()),
      };
    },
    makeDirectory: (path, umask) => run(`make directory ${path}`, () => storage.makeDirectory(path, umask)),
    removeDirectory: (path) => run(`remove directory ${path}`, () => storage.removeDirectory(path)),
    removeFile: (path) => run(`remove ${path}`, () => storage.removeFile(path)),
    setModifiedTime: (path, time, accessedAt) =>
      run(`set the time of ${path}`, () => storage.setModifiedTime(path, time, accessedAt)),
    setMode: (path, bits) => run(`set the mode of ${path}`, () => storage.setMode(path, bits)),
    makeLink: (path, target) => run(`make link ${path}`, () => storage.makeLink(path, target)),
    requireMovable: (path) => run(`rename ${path}`, () => storage.requireMovable(path)),
    rename: (from, to, replace) => run(`rename ${from} to ${to}`, () => storage.rename(from, to, replace)),
  };
}

/** A commit that was given up makes nothing visible when its file system wakes up: its client was told that it failed. */
async function commit(run: Run, deadline: Milliseconds, path: string, upload: Upload, signal: AbortSignal | undefined) {
  const givenUp = new AbortController();
  const signals = [givenUp.signal, ...(signal ? [signal] : [])];
  try {
    await run(`store ${path}`, () => upload.commit(AbortSignal.any(signals)), { deadline });
  } catch (error) {
    givenUp.abort();
    throw error;
  }
}

interface Steps {
  /** Runs one step of the iteration in its turn. */
  readonly next: <T>(step: () => Promise<T>) => Promise<T>;
  readonly end: (step: () => Promise<unknown>) => Promise<void>;
}

async function* inTurns<T>(source: AsyncIterable<T>, { next, end }: Steps): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await next(() => iterator.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await end(async () => iterator.return?.());
  }
}
