/** The storage port on a local disk, confined to one home directory. */
import { mkdir, rmdir, unlink } from 'node:fs/promises';
import { Confinement, splitVirtualPath } from './confinement.ts';
import { listDirectory } from './directory-listing.ts';
import { toFileFacts } from './file-facts.ts';
import { openForReading } from './file-reading.ts';
import { renameEntry } from './rename.ts';
import type { Storage } from './storage.ts';
import { translated } from './storage-errors.ts';
import { openUpload } from './upload.ts';

export interface LocalStorageOptions {
  /** Absolute host path of an existing directory. */
  readonly homeDirectory: string;
  /** Permission bits of new files before the process’s umask; default 0o640. A replaced file’s bits are kept. */
  readonly fileMode?: number;
  /** Permission bits of new directories before the process’s umask; default 0o750. */
  readonly directoryMode?: number;
}

/** @throws StorageError when the home cannot be used */
export async function openLocalStorage(options: LocalStorageOptions): Promise<Storage> {
  const { homeDirectory, fileMode = 0o640, directoryMode = 0o750 } = options;
  const confinement = await translated(`open ${homeDirectory}`, () => Confinement.within(homeDirectory));
  return {
    stat: (path) =>
      translated(`stat ${path}`, () =>
        confinement.withObject(path, async ({ stats }) => toFileFacts(nameOf(path), stats)),
      ),
    list: (path) => listDirectory(confinement, path),
    openRead: (path) =>
      translated(`read ${path}`, () => confinement.withObject(path, (object) => openForReading(path, object))),
    openWrite: (path, mode) => translated(`write ${path}`, () => openUpload(confinement, path, mode, fileMode)),
    makeDirectory: (path) =>
      translated(`make directory ${path}`, () =>
        confinement.withEntry(path, (entry) => mkdir(entry, { mode: directoryMode }).then(() => undefined)),
      ),
    removeDirectory: (path) => translated(`remove directory ${path}`, () => confinement.withEntry(path, rmdir)),
    removeFile: (path) => translated(`remove ${path}`, () => confinement.withEntry(path, unlink)),
    rename: (from, to, replace) =>
      translated(`rename ${from} to ${to}`, () => renameEntry(confinement, from, to, replace)),
  };
}

function nameOf(path: string): string {
  return path === '/' ? '' : splitVirtualPath(path).name;
}
