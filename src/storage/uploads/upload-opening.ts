/**
 * Opening the file that an upload is written into: a hidden one beside its target, which takes its name later, a hidden copy of what is
 * there, to go on with, or the file itself.
 */
import { constants } from 'node:fs';
import { access, copyFile, type FileHandle, open, unlink } from 'node:fs/promises';
import { requireFile } from '../file-reading.ts';
import type { GuardedEntry } from '../guarded-home.ts';
import { createFile, type NewMode } from '../new-modes.ts';
import type { PinnedObject } from '../pinned-object.ts';
import { StorageError, type WriteMode } from '../storage.ts';
import { errnoOf } from '../storage-errors.ts';
import { createUploadName } from '../upload-name.ts';

const createNew = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const openExisting = constants.O_WRONLY | constants.O_NONBLOCK;

/** The entry of a file that the upload creates: its directory is held while the upload runs, and synced at its end. */
export interface Placement {
  readonly entry: GuardedEntry;
  /** Hidden name that becomes the entry’s; absent when the file was created under its final name. */
  readonly temporary?: string;
  /** Whether what came of it stays when it is given up. */
  readonly keepsPartial?: boolean;
  /** Whose content it went on with; it must still be what was copied when the upload takes its place. */
  readonly copied?: PinnedObject;
}

export interface OpenedFile {
  readonly handle: FileHandle;
  /** Bytes from the beginning of the file; absent: at its end, wherever that is at each write. */
  readonly start?: number;
  readonly placement?: Placement | undefined;
  /** Octets that the file may have. */
  readonly maximum?: number | undefined;
}

export interface UploadTarget {
  readonly entry: GuardedEntry;
  readonly virtualPath: string;
  readonly existing: PinnedObject | undefined;
  readonly fileMode: NewMode;
}

/** A link that is still one leads nowhere; an upload takes its name. */
export function existingFile(virtualPath: string, { object }: GuardedEntry): PinnedObject | undefined {
  if (!object || object.stats.isSymbolicLink()) return undefined;
  requireFile(virtualPath, object);
  return object;
}

/** The new file keeps the permission bits of the one it replaces; that one must be writable, as if it were overwritten. */
export async function openReplacement(
  { entry, existing, fileMode }: UploadTarget,
  { keepsPartial = false }: Extract<WriteMode, { kind: 'replace' }>,
): Promise<OpenedFile> {
  if (existing) await access(existing.link, constants.W_OK);
  const temporary = `${entry.directory.link}/${createUploadName()}`;
  const handle = await createFile(temporary, createNew, entry.directory, fileMode);
  if (existing) await handle.chmod(Number(existing.stats.mode & 0o777n));
  return { handle, start: 0, placement: { entry, temporary, keepsPartial } };
}

export async function openInPlace(
  target: UploadTarget,
  mode: Exclude<WriteMode, { kind: 'replace' }>,
): Promise<OpenedFile> {
  const { entry, virtualPath, existing, fileMode } = target;
  const size = Number(existing?.stats.size ?? 0n);
  if (mode.kind === 'at' && !(mode.offset >= 0 && mode.offset <= size)) {
    throw new StorageError('beyond-end', `${virtualPath}: offset ${mode.offset} is beyond the end at ${size}`);
  }
  if (mode.isHidden) return openCopy(target, mode.kind === 'at' ? mode.offset : size);
  const position = mode.kind === 'at' ? { start: mode.offset } : {};
  const append = mode.kind === 'append' ? constants.O_APPEND : 0;
  if (existing) return { handle: await openPlain(existing, append), ...position };
  const handle = await createFile(entry.hostPath, createNew | append, entry.directory, fileMode);
  return { handle, ...position, placement: { entry } };
}

/** A hidden copy that goes on at an offset, which what is there reaches. */
async function openCopy(target: UploadTarget, start: number): Promise<OpenedFile> {
  const { existing } = target;
  const { handle, placement } = await openReplacement(target, { kind: 'replace' });
  if (!existing || !placement?.temporary) return { handle, start, placement };
  try {
    await copyFile(existing.link, placement.temporary, constants.COPYFILE_FICLONE);
    // The copy has the bits of its source, those too that a client must not keep on a file that it writes.
    await handle.chmod(Number(existing.stats.mode & 0o777n));
    return { handle, start, placement: { ...placement, copied: existing } };
  } catch (error) {
    await handle.close();
    await unlink(placement.temporary);
    throw error;
  }
}

const setIdBits = 0o6000n;

/**
 * Opens an existing file for writing, its set-user-id and set-group-id bits cleared: a client that may write into a program must not
 * run code as its owner. The kernel clears them at the first write of an unprivileged process, which may not be able to itself.
 */
async function openPlain({ link, stats }: PinnedObject, append: number): Promise<FileHandle> {
  const handle = await open(link, openExisting | append);
  if ((stats.mode & setIdBits) === 0n) return handle;
  try {
    await handle.chmod(Number(stats.mode & 0o1777n));
    return handle;
  } catch (error) {
    if (errnoOf(error) === 'EPERM' && process.getuid?.() !== 0) return handle;
    await handle.close();
    throw error;
  }
}
