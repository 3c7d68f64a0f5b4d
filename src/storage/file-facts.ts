/** What the file system says of an object, in the words of the storage port. */
import { type BigIntStats, lstat, type Stats } from 'node:fs';
import { identityOf } from './pinned-object.ts';
import type { FileFacts, FileType } from './storage.ts';

/**
 * As `lstat` of node:fs/promises says it in big integers, with a tenth of the garbage, which counts in directories of a million names:
 * numbers say it as exactly unless the file system has inodes beyond what they hold.
 * @param path host path @throws system errors
 */
export function statName(path: string | Buffer): Promise<Stats | BigIntStats> {
  return new Promise((resolve, reject) => {
    lstat(path, (error, stats) => {
      if (error) reject(error);
      else if (Number.isSafeInteger(stats.ino) && Number.isSafeInteger(stats.dev)) resolve(stats);
      else lstat(path, { bigint: true }, (failure, exact) => (failure ? reject(failure) : resolve(exact)));
    });
  });
}

/** @param name last segment of the virtual path; empty for the root */
export function toFileFacts(name: string, stats: Stats | BigIntStats): FileFacts {
  const type = typeOf(stats);
  return {
    name,
    type,
    size: type === 'file' ? Number(stats.size) : 0,
    modifiedAt: stats.mtime,
    mode: Number(stats.mode) & 0o777,
    linkCount: Number(stats.nlink),
    owner: Number(stats.uid),
    group: Number(stats.gid),
    unique: identityOf(stats),
  };
}

/** @param kind stats, or what the directory itself says of an entry */
export function typeOf(kind: Pick<BigIntStats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): FileType {
  if (kind.isFile()) return 'file';
  if (kind.isDirectory()) return 'directory';
  return kind.isSymbolicLink() ? 'link' : 'other';
}
