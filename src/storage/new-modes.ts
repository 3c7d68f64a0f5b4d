/**
 * The permission bits of what the storage makes new. In a directory whose set-group-ID bit is set, for people who work there together,
 * what is made gives the group what the directory gives it, whatever the umask is, as a default access control list has it.
 */
import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises';
import { hostPath } from './octet-text.ts';
import { type PinnedObject, pinName } from './pinned-object.ts';
import { errnoOf } from './storage-errors.ts';

export interface NewMode {
  readonly bits: number;
  /** Whether they are set as they are; otherwise the umask of the process takes bits away, too. */
  readonly isExact: boolean;
}

const setGroupId = 0o2000n;
const groupBits = 0o070n;
const specialBits = 0o7000n;
/** A file is no program because its directory may be searched. */
const groupBitsOfFile = 0o060;

/** @param umask bits that its client wants taken away */
export function withoutBits({ bits, isExact }: NewMode, umask: number): NewMode {
  return { bits: bits & ~umask, isExact };
}

/** Opens a file with flags that make it. @param path host path in the directory @throws system errors */
export async function createFile(
  path: string | Buffer,
  flags: number,
  directory: PinnedObject,
  mode: NewMode,
): Promise<FileHandle> {
  const shared = sharedBits(directory) & groupBitsOfFile;
  const bits = mode.bits | shared;
  const handle = await open(path, flags, bits);
  if (mode.isExact || shared !== 0)
    await unlessUnchangeable(() => handle.chmod(bits)).catch(async (error: unknown) => {
      await handle.close();
      throw error;
    });
  return handle;
}

/** @param name in the directory @throws system errors */
export async function createDirectory(directory: PinnedObject, name: string, mode: NewMode): Promise<void> {
  const shared = sharedBits(directory);
  const bits = mode.bits | shared;
  await mkdir(hostPath(`${directory.link}/${name}`), { mode: bits });
  if (!mode.isExact && shared === 0) return;
  const made = await pinName(`${directory.link}/${name}`);
  try {
    if (made.stats.isDirectory()) await setBits(made, bits);
  } finally {
    await made.close();
  }
}

/** A directory keeps its special bits: without set-group-ID those who work in it no longer share what they make. */
export async function setBits({ link, stats }: PinnedObject, bits: number): Promise<void> {
  const kept = stats.isDirectory() ? Number(stats.mode & specialBits) : 0;
  await chmod(link, bits | kept);
}

function sharedBits({ stats }: PinnedObject): number {
  return (stats.mode & setGroupId) === 0n ? 0 : Number(stats.mode & groupBits);
}

/** File systems without modes of their own: what was made has what they give it. */
const unchangeable = new Set<string | undefined>(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

async function unlessUnchangeable(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!unchangeable.has(errnoOf(error))) throw error;
  }
}
