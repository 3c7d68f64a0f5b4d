/**
 * From a virtual path to a pinned object that the account may use. The object is pinned first and judged then, by where it
 * really lies, and what was judged is what is used. What may not be used is denied whether it exists or not.
 */
import type { AccessRights, Permission } from '../authorization/access-rights.ts';
import type { FilteredKind, RequestFilter } from '../authorization/request-filter.ts';
import type { Confinement, PlacedObject } from './confinement.ts';
import { Guard, requireRootRight } from './guard.ts';
import { lastNameOf, parentOf } from './names.ts';
import { hostPath } from './octet-text.ts';
import { type Location, type Walk, walkPath } from './path-walk.ts';
import { type PinnedObject, pinName } from './pinned-object.ts';
import { StorageError } from './storage.ts';
import { errnoOf, requirePath } from './storage-errors.ts';
import { VirtualTree } from './tree/virtual-tree.ts';

export interface GuardedObject {
  readonly object: PinnedObject;
  readonly location: Location;
  readonly guard: Guard;
  close(): Promise<void>;
}

/** A name in its directory. What it names may be absent, or a link that nothing here follows. */
export interface GuardedEntry {
  readonly directory: PinnedObject;
  readonly name: string;
  /** Host path of the name in the pinned directory. */
  readonly hostPath: string | Buffer;
  readonly object?: PinnedObject;
  readonly location: Location;
  readonly guard: Guard;
  close(): Promise<void>;
}

/** A home, or one of the virtual directories laid over it. */
export class GuardedHome {
  readonly confinement: Confinement;
  readonly filter: RequestFilter | undefined;
  readonly #rights: () => AccessRights;
  readonly #tree: VirtualTree;
  /** Without a rule below the root, and with nothing laid over a part of it, the kernel may follow a path by itself. */
  readonly #isPlain: boolean;

  /**
   * @param rights asked anew at every operation
   * @param tree that it is a part of; default: it is the whole of it
   * @param filter of names; default: none
   */
  constructor(
    confinement: Confinement,
    rights: () => AccessRights,
    tree = new VirtualTree(confinement.location),
    filter?: RequestFilter,
  ) {
    this.confinement = confinement;
    this.#rights = rights;
    this.#tree = tree;
    this.filter = filter;
    this.#isPlain = tree.coversOf(confinement.location).length === 0;
  }

  /** @throws StorageError `name-invalid` */
  isRoot(virtualPath: string): boolean {
    return this.confinement.location.names(virtualPath).length === 0;
  }

  /**
   * What the path leads to, links followed. The caller closes it.
   * @throws system errors; `StorageError` `denied`, `outside`, `not-found` and others
   */
  async object(virtualPath: string, permission: Permission): Promise<GuardedObject> {
    const segments = this.confinement.location.names(virtualPath);
    if (this.filter) requirePath(this.filter, virtualPath, 'unknown');
    const rights = this.#rights();
    if (this.#isPlain && rights.rulePaths.length === 0) {
      requireRootRight(rights, permission, virtualPath);
      const object = await unlessDoubtful(() => this.#straight(virtualPath, this.confinement.pin(virtualPath)));
      if (object) {
        return closedOnError(object, async ({ close }) => {
          const location = { path: object.path, identities: [object.identity] };
          const guard = await this.#guard(rights);
          guard.requireUnfiltered(virtualPath, location, kindOf(object));
          return { object, location, guard, close };
        });
      }
    }
    return closedOnError(await this.#walk(segments, true), async (walk) => {
      const guard = await this.#guard(rights);
      guard.requireUnfiltered(virtualPath, walk.location, kindAt(walk), walk.links);
      await requireAtEnd(guard, [permission], virtualPath, walk);
      if (walk.end.kind !== 'found') throw unreached(walk, virtualPath);
      return { object: walk.end.object, location: walk.location, guard, close: walk.close };
    });
  }

  /**
   * The name itself, for operations that do not follow links (rename, rmdir, unlink), and make none. The caller closes it.
   * @throws as `object`; `forbidden` for the root, which is in no directory of the home
   */
  entry(virtualPath: string, ...permissions: readonly Permission[]): Promise<GuardedEntry> {
    return this.#entry(virtualPath, permissions);
  }

  /**
   * A name that is about to be made (link, mkdir, rename, or open with O_EXCL): where two spellings may be one name, the disk
   * is asked by a trial.
   * @param made what gets the name; a link counts as a file
   * @throws as `entry`
   */
  newEntry(virtualPath: string, made: 'file' | 'directory'): Promise<GuardedEntry> {
    return this.#entry(virtualPath, ['Write'], made);
  }

  async #entry(
    virtualPath: string,
    permissions: readonly Permission[],
    made?: 'file' | 'directory',
  ): Promise<GuardedEntry> {
    const segments = this.confinement.location.names(virtualPath);
    if (this.filter) requirePath(this.filter, virtualPath, made ?? 'unknown');
    const name = segments.at(-1);
    if (name === undefined) throw new StorageError('forbidden', `${virtualPath}: the root cannot be changed`);
    const rights = this.#rights();
    if (this.#isPlain && rights.rulePaths.length === 0) {
      for (const permission of permissions) requireRootRight(rights, permission, virtualPath);
      const entry = await unlessDoubtful(() => this.#plainEntry(parentOf(virtualPath), name));
      if (entry) {
        return closedOnError(entry, async ({ object, location }) => {
          const guard = await this.#guard(rights);
          guard.requireUnfiltered(virtualPath, location, made ?? kindOf(object));
          return { ...entry, name, guard };
        });
      }
    }
    return closedOnError(await this.#walk(segments, false), async (walk) => {
      const { location, links, directory, end } = walk;
      const guard = await this.#guard(rights);
      guard.requireUnfiltered(virtualPath, location, made ?? kindAt(walk), links);
      const isNew = end.kind === 'missing' && end.names.length === 1;
      if (isNew && made) {
        const ruled = await guard.rulesOfNew(end.directory, name);
        for (const permission of permissions) guard.require(permission, virtualPath, location, links, ruled);
      } else await requireAtEnd(guard, permissions, virtualPath, walk);
      if (!directory || (end.kind !== 'found' && !isNew)) throw unreached(walk, virtualPath);
      const object = end.kind === 'found' ? { object: end.object } : {};
      return { directory, name, hostPath: entryPath(directory, name), ...object, location, guard, close: walk.close };
    });
  }

  /**
   * Where an upload goes: the name itself, or what it leads to if it is a link. A link that leads nowhere is itself replaced.
   * @throws as `entry`
   */
  async uploadTarget(virtualPath: string): Promise<GuardedEntry> {
    const entry = await this.newEntry(virtualPath, 'file');
    if (!entry.object?.stats.isSymbolicLink()) return entry;
    return closedOnError(entry, async ({ guard }) => {
      const walk = await this.#walk(this.confinement.location.names(virtualPath), true);
      return closedOnError(walk, async ({ location, links, directory, end, close }) => {
        guard.requireUnfiltered(virtualPath, location, 'file', links);
        guard.require('Write', virtualPath, location, links);
        if (end.kind === 'failed') throw end.error;
        await (end.kind === 'missing' ? walk : entry).close();
        if (end.kind === 'missing') return entry;
        if (!directory) throw new StorageError('not-a-file', `${virtualPath}: leads to the home itself`);
        const name = lastNameOf(location.path);
        return { directory, name, hostPath: entryPath(directory, name), object: end.object, location, guard, close };
      });
    });
  }

  async #plainEntry(parent: string, name: string) {
    const directory = await this.#straight(parent, this.confinement.pinDirectory(parent));
    return closedOnError(directory, async ({ path, identity, link }) => {
      const object = await unlessMissing(() => pinName(`${link}/${name}`));
      const location = { path: `${path === '/' ? '' : path}/${name}`, identities: object ? [object.identity] : [] };
      const close = async () => {
        await object?.close();
        await directory.close();
      };
      return { directory, hostPath: entryPath(directory, name), ...(object && { object }), location, close, identity };
    });
  }

  /** As the kernel finds it; where names are filtered only by the path that was asked for, so that no name on the way goes unseen. */
  async #straight(virtualPath: string, pinned: Promise<PlacedObject>): Promise<PlacedObject> {
    const object = await pinned;
    if (!this.filter || object.path === virtualPath) return object;
    await object.close();
    throw new StorageError('not-found', `${virtualPath}: really lies at ${object.path}`);
  }

  #walk(segments: readonly string[], followLast: boolean): Promise<Walk> {
    return walkPath(this.confinement.location, segments, followLast, this.filter);
  }

  #guard(rights: AccessRights): Promise<Guard> {
    return Guard.over(this.confinement.location, this.#tree, rights, this.filter);
  }
}

function entryPath(directory: PinnedObject, name: string): string | Buffer {
  return hostPath(`${directory.link}/${name}`);
}

/** What is not there, or no directory, counts as a file. */
function kindOf(object: PinnedObject | undefined): FilteredKind {
  return object?.stats.isDirectory() ? 'directory' : 'file';
}

function kindAt({ end }: Walk): FilteredKind {
  return kindOf(end.kind === 'found' ? end.object : undefined);
}

/** Where the walk ended: at an object, or before names that are missing, of which rules may be for some. */
async function requireAtEnd(
  guard: Guard,
  permissions: readonly Permission[],
  virtualPath: string,
  walk: Walk,
): Promise<void> {
  const { location, links, end } = walk;
  if (end.kind === 'missing') {
    return guard.requireMissing(permissions, virtualPath, walk, end.directory, end.names);
  }
  for (const permission of permissions) guard.require(permission, virtualPath, location, links);
}

function unreached({ end }: Walk, virtualPath: string): unknown {
  if (end.kind === 'failed') return end.error;
  return new StorageError('not-found', `${virtualPath}: no such file or directory`);
}

/**
 * Nothing when the kernel could not reach it: its answer tells of what lies outside where a link leads there, so that
 * the path is then followed name by name.
 */
async function unlessDoubtful<T>(open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch {
    return undefined;
  }
}

async function unlessMissing<T>(open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function closedOnError<T extends { close(): Promise<void> }, R>(
  held: T,
  use: (held: T) => Promise<R>,
): Promise<R> {
  try {
    return await use(held);
  } catch (error) {
    await held.close();
    throw error;
  }
}
