/**
 * Keeps every operation inside the home. A path is opened first, with O_PATH, which touches no device and waits for no FIFO;
 * then the kernel is asked where the opened object really lies; only what lies in the home is used, and it is used through
 * its descriptor, so that a link or a directory swapped in later changes nothing. It refuses to work without /proc (Linux).
 */
import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { StorageError } from './storage.ts';
import { isUploadName } from './upload-name.ts';

/** open(2): a descriptor that only stands for the object. Node does not name the constant; the value is Linux’s. */
const O_PATH = 0o10000000;

/** What Linux adds to the path of an object that has no name any more. */
const removedMark = ' (deleted)';

/** An object of the file system that lies in the home and cannot be exchanged for another while this is held. */
export interface PinnedObject {
  /** A host path that leads to this very object, whatever becomes of its name. */
  readonly link: string;
  /** Its virtual path when it was opened, without links. */
  readonly path: string;
  readonly stats: BigIntStats;
  close(): Promise<void>;
}

export class Confinement {
  readonly #home: string;
  readonly #inside: string;

  private constructor(home: string) {
    this.#home = home;
    this.#inside = home.endsWith('/') ? home : `${home}/`;
  }

  /**
   * @param homeDirectory absolute host path of an existing directory; it may itself be a link
   * @throws system errors, and `StorageError` when it is not a directory
   */
  static async within(homeDirectory: string): Promise<Confinement> {
    const confinement = new Confinement(await realpath(homeDirectory));
    await confinement.withDirectory('/', () => Promise.resolve());
    return confinement;
  }

  /**
   * Opens what the path names, links followed as far as they stay in the home. The caller closes it.
   * @throws system errors; `StorageError` `forbidden` when it lies outside, `name-invalid` when nothing may be called so
   */
  async pin(virtualPath: string): Promise<PinnedObject> {
    const segments = segmentsOf(virtualPath);
    const handle = await open(`${this.#inside}${segments.join('/')}`, constants.O_RDONLY | O_PATH);
    try {
      return await this.#pinned(handle, virtualPath);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async withObject<T>(virtualPath: string, action: (object: PinnedObject) => Promise<T>): Promise<T> {
    const object = await this.pin(virtualPath);
    try {
      return await action(object);
    } finally {
      await object.close();
    }
  }

  async pinDirectory(virtualPath: string): Promise<PinnedObject> {
    const object = await this.pin(virtualPath);
    if (object.stats.isDirectory()) return object;
    await object.close();
    throw new StorageError('not-a-directory', `${virtualPath}: not a directory`);
  }

  async withDirectory<T>(virtualPath: string, action: (directory: PinnedObject) => Promise<T>): Promise<T> {
    const directory = await this.pinDirectory(virtualPath);
    try {
      return await action(directory);
    } finally {
      await directory.close();
    }
  }

  /**
   * Runs an action on a name in its directory. The name itself is not looked at: it may be absent, or a link, and the action
   * must be one that does not follow links (link, mkdir, rename, rmdir, unlink, or open with O_EXCL).
   * @param action `entry` is the host path of the name in the pinned directory
   */
  async withEntry<T>(virtualPath: string, action: (entry: string) => Promise<T>): Promise<T> {
    const { parent, name } = splitVirtualPath(virtualPath);
    return this.withDirectory(parent, (directory) => action(`${directory.link}/${name}`));
  }

  async #pinned(handle: FileHandle, virtualPath: string): Promise<PinnedObject> {
    const link = `/proc/self/fd/${handle.fd}`;
    const hostPath = await readlink(link);
    if (hostPath !== this.#home && !hostPath.startsWith(this.#inside)) {
      throw new StorageError('forbidden', `${virtualPath}: leads out of the home to ${hostPath}`);
    }
    const stats = await handle.stat({ bigint: true });
    if (stats.nlink === 0n && hostPath.endsWith(removedMark)) {
      throw new StorageError('not-found', `${virtualPath}: removed while it was opened`);
    }
    const path = hostPath === this.#home ? '/' : `/${hostPath.slice(this.#inside.length)}`;
    if (isUploadName(path.slice(path.lastIndexOf('/') + 1))) throw invalidName(virtualPath);
    return { link, path, stats, close: () => handle.close() };
  }
}

/** @throws StorageError `forbidden` for the root, which is in no directory of the home */
export function splitVirtualPath(virtualPath: string): { readonly parent: string; readonly name: string } {
  const segments = segmentsOf(virtualPath);
  const name = segments.pop();
  if (name === undefined) throw new StorageError('forbidden', '/: the root cannot be changed');
  return { parent: `/${segments.join('/')}`, name };
}

function segmentsOf(virtualPath: string): string[] {
  if (virtualPath === '/') return [];
  const [first, ...segments] = virtualPath.split('/');
  const isNormalised = first === '' && segments.every((segment) => !['', '.', '..'].includes(segment));
  if (!isNormalised || virtualPath.includes('\0') || segments.some(isUploadName)) throw invalidName(virtualPath);
  return segments;
}

function invalidName(virtualPath: string): StorageError {
  return new StorageError('name-invalid', `${virtualPath}: not a name for a file`);
}
