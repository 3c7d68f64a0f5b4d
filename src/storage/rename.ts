/**
 * Renaming inside one home. Linux’s rename(2) replaces silently and Node has no renameat2(RENAME_NOREPLACE), so a target that
 * must not be replaced is first taken by a call that fails when the name exists: link(2) for files, mkdir(2) for directories.
 */
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import type { Confinement } from './confinement.ts';
import { StorageError } from './storage.ts';
import { errnoOf } from './storage-errors.ts';

/** @throws system errors; `StorageError` */
export function renameEntry(confinement: Confinement, from: string, to: string, replace: boolean): Promise<void> {
  return confinement.withEntry(from, (source) =>
    confinement.withEntry(to, async (target) => {
      if (replace) return rename(source, target);
      const stats = await lstat(source);
      return stats.isDirectory() ? renameDirectory(source, target) : renameFile(source, target);
    }),
  );
}

/**
 * For a moment the file has both names; a crash in that moment loses neither. File systems without hard links, and files of
 * another owner under fs.protected_hardlinks, take the second way: an empty file of ours reserves the name.
 */
async function renameFile(source: string, target: string): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if (!cannotLink.has(errnoOf(error) ?? '')) throw error;
    return renameOver(source, target);
  }
  try {
    await unlink(source);
  } catch (error) {
    await unlink(target);
    throw error;
  }
}

const cannotLink = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function renameOver(source: string, target: string): Promise<void> {
  const reservation = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  await reservation.close();
  try {
    await rename(source, target);
  } catch (error) {
    await unlink(target);
    throw error;
  }
}

/** rename(2) replaces a directory only while it is empty, so nothing that came into the reservation meanwhile is lost. */
async function renameDirectory(source: string, target: string): Promise<void> {
  await mkdir(target, 0o700);
  try {
    await rename(source, target);
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY')
      throw new StorageError('exists', 'rename: the target came into being meanwhile');
    await rmdir(target);
    throw error;
  }
}
