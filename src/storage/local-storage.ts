/** The storage port on a local disk, confined to one home directory and to the rights of its account. */
import { rmdir, statfs, unlink } from 'node:fs/promises';
import type { AccessRights } from '../authorization/access-rights.ts';
import type { RequestFilter } from '../authorization/request-filter.ts';
import { makeLink, setMode, setTimes } from './changes.ts';
import { Confinement } from './confinement.ts';
import { listDirectory, nameDirectory, showEntry } from './directory-listing.ts';
import { toFileFacts } from './file-facts.ts';
import { openForReading } from './file-reading.ts';
import { type GuardedEntry, GuardedHome } from './guarded-home.ts';
import { lastNameOf } from './names.ts';
import { createDirectory, type NewMode, withoutBits } from './new-modes.ts';
import { renameEntry, requireMovable } from './rename.ts';
import { type Storage, StorageError } from './storage.ts';
import { translated } from './storage-errors.ts';
import type { VirtualTree } from './tree/virtual-tree.ts';
import { openUpload } from './upload.ts';

export interface LocalStorageOptions {
  /** Absolute host path of an existing directory. */
  readonly homeDirectory: string;
  /** What it is a part of, and where; absent: it is the whole of it. */
  readonly part?: { readonly tree: VirtualTree; readonly at: string };
  /** What the account may do now; asked anew at every operation. */
  readonly rights: () => AccessRights;
  /** Of names, whatever the rights are; default: none. */
  readonly filter?: RequestFilter | undefined;
  /** Of new files; default 0o640 before the process’s umask. A replaced file’s bits are kept. */
  readonly fileMode?: NewMode;
  /** Of new directories; default 0o750 before the process’s umask. */
  readonly directoryMode?: NewMode;
}

const usualFileMode: NewMode = { bits: 0o640, isExact: false };
const usualDirectoryMode: NewMode = { bits: 0o750, isExact: false };

/** @throws StorageError when the home cannot be used */
export async function openLocalStorage(options: LocalStorageOptions): Promise<Storage> {
  const { homeDirectory, part, rights, filter, fileMode = usualFileMode, directoryMode = usualDirectoryMode } = options;
  const confinement = await translated(`open ${homeDirectory}`, () => Confinement.within(homeDirectory, part?.at));
  const home = new GuardedHome(confinement, rights, part?.tree, filter);
  return {
    stat: (path) =>
      translated(`stat ${path}`, async () => {
        const { object, close } = await home.object(path, 'Read');
        await close();
        return toFileFacts(lastNameOf(path), object.stats);
      }),
    entry: (path) => translated(`look at ${path}`, () => showEntry(home, path)),
    list: (path, isWanted) => listDirectory(home, path, isWanted),
    names: (path, isWanted) => nameDirectory(home, path, isWanted),
    freeSpace: (path) =>
      translated(`free space of ${path}`, async () => {
        const { object, close } = await home.object(path, 'Read');
        try {
          if (!object.stats.isDirectory()) throw new StorageError('not-a-directory', `${path}: not a directory`);
          const { bavail, bsize } = await statfs(object.link, { bigint: true });
          return bavail * bsize;
        } finally {
          await close();
        }
      }),
    openRead: (path) =>
      translated(`read ${path}`, async () => {
        const { object, close } = await home.object(path, 'Read');
        return openForReading(path, object).finally(close);
      }),
    openWrite: (path, mode, umask = 0) =>
      translated(`write ${path}`, () => openUpload(home, path, mode, withoutBits(fileMode, umask))),
    makeDirectory: (path, umask = 0) =>
      translated(`make directory ${path}`, async () => {
        if (home.isRoot(path)) throw new StorageError('exists', `${path}: the root exists`);
        await withEntry(await home.newEntry(path, 'directory'), ({ directory, name }) =>
          createDirectory(directory, name, withoutBits(directoryMode, umask)),
        );
      }),
    removeDirectory: (path) =>
      translated(`remove directory ${path}`, async () =>
        withEntry(await home.entry(path, 'Write'), async (entry) => {
          await requireRemovable(path, entry);
          await (entry.object?.stats.isSymbolicLink() ? unlink(entry.hostPath) : rmdir(entry.hostPath));
        }),
      ),
    removeFile: (path) =>
      translated(`remove ${path}`, async () =>
        withEntry(await home.entry(path, 'Write'), async (entry) => {
          await requireRemovable(path, entry);
          await unlink(entry.hostPath);
        }),
      ),
    setModifiedTime: (path, time, accessedAt) =>
      translated(`set the time of ${path}`, () => setTimes(home, path, time, accessedAt)),
    setMode: (path, bits) => translated(`set the mode of ${path}`, () => setMode(home, path, bits)),
    makeLink: (path, target) => translated(`make link ${path} to ${target}`, () => makeLink(home, path, target)),
    requireMovable: (path) => translated(`rename ${path}`, () => requireMovable(home, path)),
    rename: (from, to, replace) => translated(`rename ${from} to ${to}`, () => renameEntry(home, from, to, replace)),
  };
}

async function withEntry(entry: GuardedEntry, action: (entry: GuardedEntry) => Promise<unknown>): Promise<void> {
  try {
    await action(entry);
  } finally {
    await entry.close();
  }
}

/** Without a link that its path needs a rule no longer finds what it is for. */
async function requireRemovable(path: string, { object, guard }: GuardedEntry): Promise<void> {
  if (object?.stats.isSymbolicLink()) await guard.requireUnfixed(path, object);
}
