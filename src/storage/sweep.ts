/**
 * Removes what uploads of killed processes left behind. It touches only regular files with the storage’s own hidden names
 * that nobody has written to for a while, follows no links, and gives up after a bounded number of entries.
 */
import { lstat, unlink } from 'node:fs/promises';
import { Confinement } from './confinement.ts';
import { namesIn } from './directory-listing.ts';
import { translated } from './storage-errors.ts';
import { isUploadName } from './upload-name.ts';

export interface SweepOptions {
  /** Absolute host path; everything below it is looked at. */
  readonly root: string;
  /** Uploads last written to before this moment are leftovers. Choose it longer ago than any transfer may stall. */
  readonly writtenBefore: Date;
  /** Entries looked at before giving up; default 1,000,000, some seconds of work. */
  readonly maximumEntries?: number;
}

export interface SweepResult {
  readonly removed: number;
  readonly entries: number;
  /** Directories and leftovers that could not be read or removed, or vanished meanwhile. */
  readonly skipped: number;
  /** False when `maximumEntries` was reached. */
  readonly isComplete: boolean;
}

/** @throws StorageError when the root cannot be opened; what lies below it is skipped when it cannot */
export async function sweepUploads(options: SweepOptions): Promise<SweepResult> {
  const { root, writtenBefore, maximumEntries = 1_000_000 } = options;
  const confinement = await translated(`sweep ${root}`, () => Confinement.within(root));
  const counts = { removed: 0, entries: 0, skipped: 0 };
  const directories = ['/'];
  const isExhausted = () => counts.entries >= maximumEntries;
  const skip = () => {
    counts.skipped += 1;
  };

  const look = async (path: string, hostPath: string, name: string) => {
    const stats = await lstat(hostPath);
    if (stats.isDirectory() && !isUploadName(name)) directories.push(path === '/' ? `/${name}` : `${path}/${name}`);
    if (!stats.isFile() || !isUploadName(name) || stats.mtime >= writtenBefore) return;
    await unlink(hostPath);
    counts.removed += 1;
  };
  const visit = (path: string) =>
    confinement.withDirectory(path, async ({ link }) => {
      for await (const name of namesIn(link)) {
        if (isExhausted()) return;
        counts.entries += 1;
        await look(path, `${link}/${name}`, name).catch(skip);
      }
    });

  for (let path = directories.pop(); path !== undefined && !isExhausted(); path = directories.pop()) {
    await visit(path).catch(skip);
  }
  return { ...counts, isComplete: !isExhausted() };
}
