/**
 * Renaming inside one home. Linux’s rename(2) replaces silently and Node has no renameat2(RENAME_NOREPLACE), so a target that
 * must not be replaced is first taken by a call that fails when the name exists: link(2) for files, mkdir(2) for directories.
 */
import { constants } from 'node:fs';
import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import type { GuardedEntry, GuardedHome } from './guarded-home.ts';
import { FilteredError, StorageError } from './storage.ts';
import { errnoOf } from './storage-errors.ts';

type HostPath = GuardedEntry['hostPath'];

/**
 * Fails as `renameEntry` does for its source. A client that moves a file may reach it under the rights of its new place, so reading
 * is needed too; and what a rule is for stays where the rule finds it.
 */
export async function requireMovable(home: GuardedHome, path: string): Promise<void> {
  const source = await movableEntry(home, path);
  await source.close();
}

/** @throws system errors; `StorageError` */
export async function renameEntry(home: GuardedHome, from: string, to: string, replace: boolean): Promise<void> {
  const source = await movableEntry(home, from);
  try {
    const target = await home.newEntry(to, source.object.stats.isDirectory() ? 'directory' : 'file');
    try {
      await requireNoRuleAt(to, source, target);
      if (replace) await rename(source.hostPath, target.hostPath);
      else if (source.object.stats.isDirectory()) await renameDirectory(source.hostPath, target.hostPath);
      else await renameFile(source.hostPath, target.hostPath);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

type ExistingEntry = GuardedEntry & Required<Pick<GuardedEntry, 'object'>>;

async function movableEntry(home: GuardedHome, path: string): Promise<ExistingEntry> {
  const entry = await home.entry(path, 'Read', 'Write');
  const { object, guard } = entry;
  try {
    if (!object) throw new StorageError('not-found', `${path}: no such file or directory`);
    await guard.requireUnfixed(path, object);
    const refusal = object.stats.isDirectory() ? home.filter?.refusalToMove(entry.location.path) : undefined;
    if (refusal) throw new FilteredError('filtered', refusal);
    return { ...entry, object };
  } catch (error) {
    await entry.close();
    throw error;
  }
}

/** A directory or link must not become the way to what a rule is for, nor a link or directory on that way be replaced. */
async function requireNoRuleAt(path: string, source: ExistingEntry, target: GuardedEntry): Promise<void> {
  const { directory, name, object, guard } = target;
  if (object && !object.stats.isFile()) await guard.requireUnfixed(path, object);
  if (!source.object.stats.isFile()) await guard.requireNoRuleBelow(path, directory, name);
}

/**
 * A target that exists is not replaced. For a moment the file has both names; a crash in that moment loses neither. File systems without hard links, and files of
 * another owner under fs.protected_hardlinks, take the second way: an empty file of ours reserves the name.
 */
export async function renameFile(source: HostPath, target: HostPath): Promise<void> {
  try {
    await link(source, target);
  } catch (error) {
    if (!cannotLink.has(errnoOf(error))) throw error;
    return renameOver(source, target);
  }
  try {
    await unlink(source);
  } catch (error) {
    await unlink(target);
    throw error;
  }
}

const cannotLink = new Set<string | undefined>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

async function renameOver(source: HostPath, target: HostPath): Promise<void> {
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
async function renameDirectory(source: HostPath, target: HostPath): Promise<void> {
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
