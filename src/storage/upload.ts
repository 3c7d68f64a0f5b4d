/**
 * Receiving one file. A replacing upload is written under a hidden name beside its target and takes the target’s name only
 * when it is whole and on the disk, so that neither a lost connection, a full disk nor a killed process harms the old file.
 * Appending uploads, and those that continue at an offset, write into the file itself.
 */
import { constants } from 'node:fs';
import { access, type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { type Confinement, type PinnedObject, splitVirtualPath } from './confinement.ts';
import { requireFile } from './file-reading.ts';
import { StorageError, type Upload, type WriteMode } from './storage.ts';
import { errnoOf, translated } from './storage-errors.ts';
import { createUploadName } from './upload-name.ts';

const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const openExisting = constants.O_WRONLY | constants.O_NONBLOCK;

/** The directory of a file that the upload creates: to be held while the upload runs, and to be synced at its end. */
interface Placement {
  readonly directory: PinnedObject;
  /** Absent when the file was created under its final name. */
  readonly rename?: { readonly from: string; readonly to: string };
}

interface Opened {
  readonly handle: FileHandle;
  /** Bytes from the beginning of the file; absent: at its end, wherever that is at each write. */
  readonly start?: number;
  readonly placement?: Placement;
}

/** @param fileMode permission bits of files that do not exist yet, before the process’s umask */
export async function openUpload(
  confinement: Confinement,
  virtualPath: string,
  mode: WriteMode,
  fileMode: number,
): Promise<Upload> {
  const existing = await pinIfPresent(confinement, virtualPath);
  try {
    if (existing) requireFile(virtualPath, existing);
    const target = { confinement, virtualPath, existing, fileMode };
    const opened = mode.kind === 'replace' ? await openReplacement(target) : await openInPlace(target, mode);
    return new FileUpload(virtualPath, opened);
  } finally {
    await existing?.close();
  }
}

interface Target {
  readonly confinement: Confinement;
  readonly virtualPath: string;
  readonly existing: PinnedObject | undefined;
  readonly fileMode: number;
}

async function pinIfPresent(confinement: Confinement, virtualPath: string): Promise<PinnedObject | undefined> {
  try {
    return await confinement.pin(virtualPath);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The new file keeps the permission bits of the one it replaces; that one must be writable, as if it were overwritten. */
async function openReplacement({ confinement, virtualPath, existing, fileMode }: Target): Promise<Opened> {
  if (existing) await access(existing.link, constants.W_OK);
  const { parent, name } = splitVirtualPath(existing?.path ?? virtualPath);
  const directory = await confinement.pinDirectory(parent);
  const from = `${directory.link}/${createUploadName()}`;
  try {
    const handle = await open(from, createNew, fileMode);
    if (existing) await handle.chmod(Number(existing.stats.mode & 0o777n));
    return { handle, start: 0, placement: { directory, rename: { from, to: `${directory.link}/${name}` } } };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

async function openInPlace(target: Target, mode: Exclude<WriteMode, { kind: 'replace' }>): Promise<Opened> {
  const { confinement, virtualPath, existing, fileMode } = target;
  const size = Number(existing?.stats.size ?? 0n);
  if (mode.kind === 'at' && !(mode.offset >= 0 && mode.offset <= size)) {
    throw new StorageError('beyond-end', `${virtualPath}: offset ${mode.offset} is beyond the end at ${size}`);
  }
  const position = mode.kind === 'at' ? { start: mode.offset } : {};
  const append = mode.kind === 'append' ? constants.O_APPEND : 0;
  if (existing) return { handle: await open(existing.link, openExisting | append), ...position };
  const { parent, name } = splitVirtualPath(virtualPath);
  const directory = await confinement.pinDirectory(parent);
  try {
    const handle = await open(`${directory.link}/${name}`, createNew | append, fileMode);
    return { handle, ...position, placement: { directory } };
  } catch (error) {
    await directory.close();
    throw error;
  }
}

class FileUpload implements Upload {
  readonly #virtualPath: string;
  readonly #opened: Opened;
  #bytesWritten = 0;
  #isEnded = false;

  constructor(virtualPath: string, opened: Opened) {
    this.#virtualPath = virtualPath;
    this.#opened = opened;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  write(chunk: Buffer): Promise<void> {
    const { handle, start } = this.#opened;
    return translated(`write ${this.#virtualPath}`, async () => {
      for (let done = 0; done < chunk.length; ) {
        const position = start === undefined ? null : start + this.#bytesWritten;
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position);
        if (bytesWritten === 0) throw new StorageError('fault', `write ${this.#virtualPath}: nothing was written`);
        done += bytesWritten;
        this.#bytesWritten += bytesWritten;
      }
    });
  }

  /** Contents first, then the name, then the directory that holds the name: after a power cut the old file or the new one. */
  commit(signal?: AbortSignal): Promise<void> {
    const { handle, placement } = this.#opened;
    return translated(`store ${this.#virtualPath}`, async () => {
      try {
        if (this.#isEnded) throw new StorageError('fault', `store ${this.#virtualPath}: the upload has ended`);
        await handle.datasync();
        signal?.throwIfAborted();
        if (placement?.rename) await rename(placement.rename.from, placement.rename.to);
        this.#isEnded = true;
        if (placement) await syncDirectory(placement.directory);
      } finally {
        await this.abort();
        await this.#release();
      }
    });
  }

  async abort(): Promise<void> {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const temporary = this.#opened.placement?.rename?.from;
    if (temporary) await unlink(temporary).catch(() => undefined);
    await this.#release();
  }

  /** Closing a handle twice resolves; what close(2) reports has been reported by fdatasync before. */
  async #release(): Promise<void> {
    await this.#opened.handle.close().catch(() => undefined);
    await this.#opened.placement?.directory.close().catch(() => undefined);
  }
}

/** Errors that say this directory or file system cannot be synced, by permission or by nature: nothing more can be done. */
const unsyncable = new Set(['EACCES', 'EINVAL', 'ENOTSUP']);

async function syncDirectory(directory: PinnedObject): Promise<void> {
  try {
    const handle = await open(directory.link, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!unsyncable.has(errnoOf(error) ?? '')) throw error;
  }
}
