/** What the file system says of an object, in the words of the storage port. */
import type { BigIntStats } from 'node:fs';
import { identityOf } from './pinned-object.ts';
import type { FileFacts, FileType } from './storage.ts';

/** @param name last segment of the virtual path; empty for the root */
export function toFileFacts(name: string, stats: BigIntStats): FileFacts {
  const type = typeOf(stats);
  return {
    name,
    type,
    size: type === 'file' ? Number(stats.size) : 0,
    modifiedAt: stats.mtime,
    mode: Number(stats.mode & 0o777n),
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
