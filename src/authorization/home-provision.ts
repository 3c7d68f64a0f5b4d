/** Directories of homes on the disk: what is there, and what is made. */
import { lstat, mkdir, opendir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { type HomeNames, isBelow } from './home-names.ts';

/** Permission bits of directories made at login, before the process’s umask. */
const directoryMode = 0o750;

/** Names of one directory looked at for one in other letter case. */
const maximumNames = 100_000;

/**
 * Names as the disk has them, whatever their letter case: Windows takes no notice of it.
 * @returns undefined where one is missing; `ambiguous` where several differ from a name in letter case only
 * @throws system errors
 */
export async function namesOnDisk(root: string, names: HomeNames): Promise<HomeNames | 'ambiguous' | undefined> {
  const found: string[] = [];
  for (const name of names) {
    const directory = join(root, ...found);
    const same = (await isMissing(join(directory, name))) ? await namesLike(name, directory) : [name];
    const [only, another] = same;
    if (another !== undefined) return 'ambiguous';
    if (only === undefined) return undefined;
    found.push(only);
  }
  return found;
}

async function namesLike(name: string, directory: string): Promise<readonly string[]> {
  const wanted = name.toLowerCase();
  const same: string[] = [];
  let looked = 0;
  for await (const entry of await opendir(directory)) {
    if (entry.name.toLowerCase() === wanted) same.push(entry.name);
    looked += 1;
    if (looked >= maximumNames) break;
  }
  return same;
}

/**
 * Makes what is missing below the root; never the root itself, whose disk may not be mounted, and nothing behind a link
 * that leads out of it.
 */
export async function makeDirectories(root: string, segments: HomeNames): Promise<undefined> {
  const realRoot = await realpath(root);
  let path = realRoot;
  for (const segment of segments) {
    if (path !== realRoot && !isBelow(realRoot, path)) return;
    await mkdir(join(path, segment), { mode: directoryMode }).catch((error: unknown) => {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!exists) throw error;
    });
    path = await realpath(join(path, segment));
  }
}

/** Where `makeDirectories` ends, when anything is missing. */
export async function missingDirectory(root: string, segments: HomeNames): Promise<string | undefined> {
  const realRoot = await realpath(root);
  let path = realRoot;
  for (const [index, segment] of segments.entries()) {
    if (path !== realRoot && !isBelow(realRoot, path)) return undefined;
    const entry = join(path, segment);
    // A link to nothing is an entry too: mkdir(2) does not replace it.
    if (await isMissing(entry)) return join(path, ...segments.slice(index));
    path = await realpath(entry);
  }
  return undefined;
}

async function isMissing(entry: string): Promise<boolean> {
  try {
    await lstat(entry);
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}
