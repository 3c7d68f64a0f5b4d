/**
 * An object of the file system held by a descriptor that only stands for it: opening it touches no device and waits for no
 * FIFO, and whatever becomes of its name, what was judged is what is used. It needs /proc (Linux).
 */
import type { BigIntStats, Stats } from 'node:fs';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostPath } from './octet-text.ts';

/** open(2): a descriptor that only stands for the object. Node does not name the constant; the value is Linux’s. */
const O_PATH = 0o10000000;

export interface PinnedObject {
  /** A host path that leads to this very object. */
  readonly link: string;
  readonly stats: BigIntStats;
  /** Device and inode: equal for every name of the object, whatever links, letter case or mounts lead to it. */
  readonly identity: string;
  /** May be called again. */
  close(): Promise<void>;
}

/**
 * What the name itself stands for: a link at the end of the path is the object.
 * @param path host path, as `hostPath` encodes it
 * @throws system errors
 */
export function pinName(path: string): Promise<PinnedObject> {
  return pin(path, constants.O_NOFOLLOW);
}

/** What the path leads to, and as `pinName`. */
export function pinTarget(path: string): Promise<PinnedObject> {
  return pin(path, 0);
}

async function pin(path: string, flags: number): Promise<PinnedObject> {
  const handle = await open(hostPath(path), O_PATH | flags);
  try {
    const stats = await handle.stat({ bigint: true });
    const link = `/proc/self/fd/${handle.fd}`;
    return { link, stats, identity: identityOf(stats), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @returns device and inode, hexadecimal: equal for two names of one object while it is open */
export function identityOf(stats: Pick<Stats | BigIntStats, 'dev' | 'ino'>): string {
  return `${stats.dev.toString(16)}g${stats.ino.toString(16)}`;
}
