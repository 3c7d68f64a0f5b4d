/** Changes to objects that are there, and links to them: each judged first, and done to what was judged. */
import { symlink, utimes } from 'node:fs/promises';
import { posix } from 'node:path';
import type { GuardedHome, GuardedObject } from './guarded-home.ts';
import { setBits } from './new-modes.ts';
import { encodeOctets } from './octet-text.ts';
import { StorageError } from './storage.ts';

/** @param accessedAt absent: as it is @throws system errors, StorageError */
export async function setTimes(
  home: GuardedHome,
  path: string,
  modifiedAt: Date,
  accessedAt: Date | undefined,
): Promise<void> {
  await changing(home, path, async ({ object: { link, stats } }) => {
    await utimes(link, accessedAt ?? Number(stats.atimeNs) / 1e9, modifiedAt);
  });
}

/** @param bits of the file; those above the nine of a directory stay beside it @throws system errors, StorageError */
export async function setMode(home: GuardedHome, path: string, bits: number): Promise<void> {
  await changing(home, path, ({ object }) => setBits(object, bits));
}

/** Of a file or a directory, links followed: nothing is done to a device. */
async function changing(
  home: GuardedHome,
  path: string,
  change: (changed: GuardedObject) => Promise<void>,
): Promise<void> {
  const changed = await home.object(path, 'Write');
  try {
    const { stats } = changed.object;
    if (!stats.isFile() && !stats.isDirectory()) {
      throw new StorageError('not-a-file', `${path}: neither a file nor a directory`);
    }
    await change(changed);
  } finally {
    await changed.close();
  }
}

/**
 * Makes a link to what is there and may be read. It says the way from where the link really lies to where the target really lies, so
 * that it leads nowhere else when the home is moved as a whole. It lends no rights: what it leads to is judged where it lies.
 * @throws system errors; StorageError `ruled` where the link becomes the way to what a rule is for
 */
export async function makeLink(home: GuardedHome, path: string, target: string): Promise<void> {
  const { location: leadsTo, close } = await home.object(target, 'Read');
  await close();
  const { directory, name, hostPath, location, guard, close: closeEntry } = await home.newEntry(path, 'file');
  try {
    await guard.requireNoRuleBelow(path, directory, name);
    const way = posix.relative(posix.dirname(location.path), leadsTo.path);
    await symlink(encodeOctets(way === '' ? '.' : way), hostPath);
  } finally {
    await closeEntry();
  }
}
