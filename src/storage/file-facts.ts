/** What the file system says of an object, in the words of the storage port. */
import type { BigIntStats } from 'node:fs';
import type { FileFacts } from './storage.ts';

/** @param name last segment of the virtual path; empty for the root */
export function toFileFacts(name: string, stats: BigIntStats): FileFacts {
  const type = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  return {
    name,
    type,
    size: type === 'file' ? Number(stats.size) : 0,
    modifiedAt: stats.mtime,
    mode: Number(stats.mode & 0o777n),
    linkCount: Number(stats.nlink),
    unique: `${stats.dev.toString(16)}g${stats.ino.toString(16)}`,
  };
}
