/**
 * Removes what uploads of killed processes left behind. It touches only what has one of the storage’s own hidden names and was
 * not written to for a while, follows no links, and gives up after a bounded number of entries.
 */
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { Confinement } from './confinement.ts';
import { namesIn } from './directory-listing.ts';
import { hostPath } from './octet-text.ts';
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

  const look = async (path: string, host: string | Buffer, name: string) => {
    const stats = await lstat(host);
    if (!isUploadName(name)) {
      if (stats.isDirectory()) directories.push(path === '/' ? `/${name}` : `${path}/${name}`);
      return;
    }
    if (stats.mtime >= writtenBefore || !(stats.isFile() || stats.isDirectory())) return;
    await (stats.isFile() ? unlink(host) : removeTrial(host));
    counts.removed += 1;
  };
  const visit = (path: string) =>
    confinement.withDirectory(path, async ({ link }) => {
      for await (const { name } of namesIn(link)) {
        if (isExhausted()) return;
        counts.entries += 1;
        await look(path, hostPath(`${link}/${name}`), name).catch(skip);
      }
    });

  for (let path = directories.pop(); path !== undefined && !isExhausted(); path = directories.pop()) {
    await visit(path).catch(skip);
  }
  return { ...counts, isComplete: !isExhausted() };
}

/** A directory in which two names were tried holds at most one empty directory. */
async function removeTrial(host: string | Buffer): Promise<void> {
  for (const name of await readdir(host, { encoding: 'buffer' })) {
    await rmdir(Buffer.concat([Buffer.from(host), Buffer.from('/'), name]));
  }
  await rmdir(host);
}
