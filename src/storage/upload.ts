/**
 * Receiving one file. A replacing upload is written under a hidden name beside its target and takes the target’s name only
 * when it is whole and on the disk, so that neither a lost connection, a full disk nor a killed process harms the old file.
 * Appending uploads, and those that continue at an offset, write into the file itself, or into a hidden copy of it.
 */
import { randomBytes } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readlink, rename, unlink } from 'node:fs/promises';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Denial, denial } from '../denial.ts';
import type { GuardedEntry, GuardedHome } from './guarded-home.ts';
import type { NewMode } from './new-modes.ts';
import { hostPath } from './octet-text.ts';
import { renameFile } from './rename.ts';
import { FilteredError, type SealedFile, StorageError, type Upload, type WriteMode } from './storage.ts';
import { errnoOf, translated } from './storage-errors.ts';
import {
  existingFile,
  type OpenedFile,
  openInPlace,
  openReplacement,
  type Placement,
} from './uploads/upload-opening.ts';

/**
 * What a client that gives up needs to close its connections one after another: a tenth of a millisecond by itself, more where the
 * scheduler lets the server run in between. It passes while the disk works, so that only very fast disks wait for it.
 */
const partingMilliseconds = 5;

/**
 * @param fileMode of a file that does not exist yet
 * @throws StorageError
 */
export async function openUpload(
  home: GuardedHome,
  virtualPath: string,
  mode: WriteMode,
  fileMode: NewMode,
): Promise<Upload> {
  if (home.isRoot(virtualPath)) throw new StorageError('not-a-file', `${virtualPath}: not a regular file`);
  const entry = await home.uploadTarget(virtualPath);
  try {
    const target = { entry, virtualPath, existing: existingFile(virtualPath, entry), fileMode };
    const opened = mode.kind === 'replace' ? await openReplacement(target, mode) : await openInPlace(target, mode);
    if (!opened.placement) await entry.close();
    return new FileUpload(virtualPath, { ...opened, maximum: home.filter?.maximumOctets });
  } catch (error) {
    await entry.close();
    throw error;
  }
}

/** Whatever changes a file changes the last of them, and no call sets that back. */
const fileFacts = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const;

async function isStill(path: string | Buffer, before: BigIntStats): Promise<boolean> {
  const now = await lstat(path, { bigint: true });
  return fileFacts.every((fact) => now[fact] === before[fact]);
}

class FileUpload implements Upload {
  readonly #virtualPath: string;
  readonly #opened: OpenedFile;
  #bytesWritten = 0;
  #isEnded = false;
  /** Whether the disk took everything so far. */
  #isWhole = true;
  #keptAs: string | undefined;
  /** As it was when its writing ended. */
  #sealed: BigIntStats | undefined;

  constructor(virtualPath: string, opened: OpenedFile) {
    this.#virtualPath = virtualPath;
    this.#opened = opened;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get keptAs(): string | undefined {
    return this.#keptAs;
  }

  write(chunk: Buffer): Promise<void> {
    const { handle, start } = this.#opened;
    return translated(`write ${this.#virtualPath}`, async () => {
      this.#isWhole = false;
      await this.#requireRoom(chunk.length);
      for (let done = 0; done < chunk.length; ) {
        const position = start === undefined ? null : start + this.#bytesWritten;
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position);
        if (bytesWritten === 0) throw new StorageError('fault', `write ${this.#virtualPath}: nothing was written`);
        done += bytesWritten;
        this.#bytesWritten += bytesWritten;
      }
      this.#isWhole = true;
    });
  }

  /** What a file holds already counts, or pieces add up to what may not come in one. @throws FilteredError */
  async #requireRoom(octets: number): Promise<void> {
    const { handle, start, maximum } = this.#opened;
    if (maximum === undefined) return;
    const length = octets + (start === undefined ? (await handle.stat()).size : start + this.#bytesWritten);
    if (length > maximum) throw new FilteredError('too-large', tooLarge(this.#virtualPath, length, maximum));
  }

  /**
   * Contents first, then the name, then the directory that holds the name: after a power cut the old file or the new one. The
   * directory is opened before, so that what can fail without a change fails so; only its sync can fail behind the new name.
   *
   * A client that gives up by itself ends the octets in order, with close_notify, and is gone a moment later. RFC 959 cannot tell
   * that from a whole file unless the control connection ends before the name is taken, so the signal is looked at then, not earlier.
   * What ends afterwards has a file that was answered 226; the client did not wait for that.
   */
  commit(signal?: AbortSignal): Promise<void> {
    const { handle, placement } = this.#opened;
    return translated(`store ${this.#virtualPath}`, async () => {
      try {
        this.#isWhole = false;
        await Promise.all([this.#sealed ?? handle.datasync(), setTimeout(partingMilliseconds)]);
        this.#isWhole = true;
        await pendingEventsSeen();
        signal?.throwIfAborted();
        if (placement) {
          await this.#requireUnchanged(placement);
          await this.#takeName(placement);
        }
      } finally {
        await this.abort();
        await this.#release();
      }
    });
  }

  seal(): Promise<SealedFile> {
    const { handle, placement } = this.#opened;
    return translated(`seal ${this.#virtualPath}`, async () => {
      if (!placement?.temporary) throw new StorageError('fault', `${this.#virtualPath}: is written in the open`);
      await handle.datasync();
      // No writer is left, this one neither.
      await handle.close();
      this.#sealed = await lstat(placement.temporary, { bigint: true });
      const name = placement.temporary.slice(placement.temporary.lastIndexOf('/'));
      return { file: `${await readlink(placement.entry.directory.link)}${name}`, bytes: Number(this.#sealed.size) };
    });
  }

  /** What was examined is what gets the name, and what was gone on with is what is replaced. */
  async #requireUnchanged({ entry, temporary, copied }: Placement): Promise<void> {
    if (temporary !== undefined && this.#sealed && !(await isStill(temporary, this.#sealed)))
      throw new StorageError('changed', `${this.#virtualPath}: the upload is not what was examined`);
    if (copied && !(await isStill(entry.hostPath, copied.stats)))
      throw new StorageError('changed', `${this.#virtualPath}: no longer the file that was gone on with`);
  }

  async #takeName({ entry, temporary }: Placement): Promise<void> {
    const directory = await unlessUnsyncable(() =>
      open(entry.directory.link, constants.O_RDONLY | constants.O_DIRECTORY),
    );
    try {
      if (temporary) await rename(temporary, entry.hostPath);
      this.#isEnded = true;
      await unlessUnsyncable(async () => directory?.sync()).catch((error: unknown) => {
        throw notDurable(this.#virtualPath, error);
      });
    } finally {
      await directory?.close().catch(() => undefined);
    }
  }

  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { placement } = this.#opened;
    if (placement) await this.#leave(placement).catch(() => undefined);
    await this.#release();
  }

  async #leave({ entry, temporary, keepsPartial }: Placement): Promise<void> {
    if (temporary === undefined) await this.#removeIfEmpty(entry);
    else if (keepsPartial && this.#isWhole && this.#bytesWritten > 0)
      this.#keptAs = await keepPartial(temporary, entry);
    else await unlink(temporary);
  }

  /** A file that was created under its final name, and into which nothing was written, was never sent. */
  async #removeIfEmpty({ hostPath }: GuardedEntry): Promise<void> {
    const [opened, named] = await Promise.all([this.#opened.handle.stat(), lstat(hostPath)]);
    if (opened.size === 0 && opened.ino === named.ino && opened.dev === named.dev) await unlink(hostPath);
  }

  /** Closing a handle twice resolves; what close(2) reports has been reported by fdatasync before. */
  async #release(): Promise<void> {
    await this.#opened.handle.close().catch(() => undefined);
    await this.#opened.placement?.entry.close().catch(() => undefined);
  }
}

/**
 * A name that was free becomes that of the partial file, so that its client finds it where it sent it; a file that has the name stays, and
 * the partial one gets a name of its own beside it.
 * @returns its virtual path
 */
async function keepPartial(
  temporary: string,
  { directory, name, location, hostPath: final }: GuardedEntry,
): Promise<string> {
  const place = location.path.slice(0, location.path.lastIndexOf('/') + 1);
  const ownName = `${name}.partial.${randomBytes(4).toString('hex')}`;
  try {
    await renameFile(temporary, final);
    return `${place}${name}`;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await renameFile(temporary, hostPath(`${directory.link}/${ownName}`));
    return `${place}${ownName}`;
  } finally {
    // Without effect behind a rename that succeeded.
    await unlink(temporary).catch(() => undefined);
  }
}

/**
 * Resolves when the event loop has looked at every socket once more. The end of a client may lie in the kernel already when the
 * disk is done: the first turn only ends the one that is under way.
 */
async function pendingEventsSeen(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** Errors that say this directory or file system cannot be synced, by permission or by nature: nothing more can be done. */
const unsyncable = new Set<string | undefined>(['EACCES', 'EINVAL', 'ENOTSUP']);

async function unlessUnsyncable<T>(step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (unsyncable.has(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Neither a success nor a file left as it was: who sent it must hear that the new one is there, and may be gone after a power cut. */
function notDurable(virtualPath: string, cause: unknown): StorageError {
  const message = `store ${virtualPath}: the file is whole and in place, but its directory is not on the disk: ${errnoOf(cause) ?? String(cause)}`;
  return new StorageError('not-durable', message, { cause });
}

function tooLarge(path: string, octets: number, limit: number): Denial {
  const detail = `${path} gets ${octets} octets or more; maxAllowedContentLength is ${limit}.`;
  return denial('upload-too-large', detail, { path, octets, limit });
}
