/**
 * Keeps every operation inside the home. The kernel follows the path, and then is asked where the opened object really lies:
 * only what lies in the home is used, and only through its descriptor, so that a link or a directory swapped in later changes
 * nothing. It refuses to work without /proc (Linux).
 */
import { readlink } from 'node:fs/promises';
import { HomeLocation } from './home-location.ts';
import { invalidName, lastNameOf } from './names.ts';
import { decodeOctets } from './octet-text.ts';
import { type PinnedObject, pinTarget } from './pinned-object.ts';
import { StorageError } from './storage.ts';
import { isUploadName } from './upload-name.ts';

/** What Linux adds to the path of an object that has no name any more. */
const removedMark = ' (deleted)';

/** A pinned object, and where it lay when it was opened: its virtual path without links. */
export interface PlacedObject extends PinnedObject {
  readonly path: string;
}

export class Confinement {
  readonly location: HomeLocation;

  private constructor(location: HomeLocation) {
    this.location = location;
  }

  /**
   * @param homeDirectory absolute host path of an existing directory; it may itself be a link
   * @param at virtual path that leads to it; default `/`
   * @throws system errors, and `StorageError` when it is not a directory
   */
  static async within(homeDirectory: string, at?: string): Promise<Confinement> {
    const confinement = new Confinement(await HomeLocation.of(homeDirectory, at));
    const home = await confinement.pinDirectory(confinement.location.at);
    await home.close();
    return confinement;
  }

  /**
   * Opens what the path names, links followed as far as they stay in the home. The caller closes it.
   * @throws system errors; `StorageError` `outside` when it lies elsewhere, `name-invalid` when nothing may be called so
   */
  async pin(virtualPath: string): Promise<PlacedObject> {
    this.location.names(virtualPath);
    const object = await pinTarget(this.location.hostPath(virtualPath));
    try {
      return { ...object, path: await this.#pathOf(object, virtualPath) };
    } catch (error) {
      await object.close();
      throw error;
    }
  }

  /**
   * @param virtualPath absolute, and leading into the home
   * @returns the caller closes it
   * @throws StorageError `not-a-directory`, and as `pin`
   */
  async pinDirectory(virtualPath: string): Promise<PlacedObject> {
    const object = await this.pin(virtualPath);
    if (object.stats.isDirectory()) return object;
    await object.close();
    throw new StorageError('not-a-directory', `${virtualPath}: not a directory`);
  }

  /** As `pinDirectory`, and closes the directory when the action has ended in either way. */
  async withDirectory<T>(virtualPath: string, action: (directory: PlacedObject) => Promise<T>): Promise<T> {
    const directory = await this.pinDirectory(virtualPath);
    try {
      return await action(directory);
    } finally {
      await directory.close();
    }
  }

  async #pathOf({ link, stats }: PinnedObject, virtualPath: string): Promise<string> {
    const hostPath = decodeOctets(await readlink(link, { encoding: 'buffer' }));
    const path = this.location.virtualPath(hostPath);
    if (path === undefined) throw new StorageError('outside', `${virtualPath}: leads out of the home to ${hostPath}`);
    if (stats.nlink === 0n && hostPath.endsWith(removedMark)) {
      throw new StorageError('not-found', `${virtualPath}: removed while it was opened`);
    }
    if (isUploadName(lastNameOf(path))) throw invalidName(virtualPath);
    return path;
  }
}
