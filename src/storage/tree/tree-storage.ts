/**
 * The storage of a virtual tree: every path is looked for in the directory of the host that holds it, and nothing leads from one of
 * them into another, neither a link nor a rename. A virtual directory is opened when it is first needed, so that one whose disk is
 * gone keeps no client out of the others.
 */
import type { RequestFilter } from '../../authorization/request-filter.ts';
import type { HomeLocation } from '../home-location.ts';
import { lastNameOf } from '../names.ts';
import {
  type DirectoryEntry,
  type EntryAccess,
  type FileFacts,
  type NamedEntry,
  type Storage,
  StorageError,
  type WriteMode,
} from '../storage.ts';
import type { VirtualName, VirtualTree } from './virtual-tree.ts';

export interface TreeStorageOptions {
  readonly tree: VirtualTree;
  /** Opens the storage of one part of the tree. */
  readonly open: (place: HomeLocation) => Promise<Storage>;
  /** Whether listings show virtual directories, and what leads to them alone; they can be entered in any case. */
  readonly showsVirtualDirectories: boolean;
  /** Of names; absent: it refuses none. */
  readonly filter?: RequestFilter | undefined;
}

/** @throws what opening the home throws */
export async function openTreeStorage(options: TreeStorageOptions): Promise<Storage> {
  const home = await options.open(options.tree.home);
  return options.tree.virtual.length === 0 ? home : new TreeStorage(home, options);
}

type IsWanted = (name: string) => boolean;

class TreeStorage implements Storage {
  readonly #tree: VirtualTree;
  readonly #open: TreeStorageOptions['open'];
  readonly #showsVirtualDirectories: boolean;
  readonly #filter: RequestFilter | undefined;
  readonly #opened = new Map<string, Promise<Storage>>();

  constructor(home: Storage, { tree, open, showsVirtualDirectories, filter }: TreeStorageOptions) {
    this.#tree = tree;
    this.#open = open;
    this.#showsVirtualDirectories = showsVirtualDirectories;
    this.#filter = filter;
    this.#opened.set(tree.home.at, Promise.resolve(home));
  }

  async stat(path: string): Promise<FileFacts> {
    const look = async (storage: Storage) => ({ ...(await storage.stat(path)), name: lastNameOf(path) });
    return this.#orLeadingOn(path, look, (facts) => facts);
  }

  async entry(path: string): Promise<DirectoryEntry> {
    const look = async (storage: Storage) => {
      const { facts, ...entry } = await storage.entry(path);
      const name = lastNameOf(path);
      const isVirtual = this.#tree.virtual.some(({ at }) => at === path);
      return { ...entry, name, ...(facts && { facts: { ...facts, name } }), ...(isVirtual && { isVirtual }) };
    };
    const access = { read: true, write: false, move: false, isFixed: true };
    return this.#orLeadingOn(path, look, (facts) => ({
      name: facts.name,
      type: 'directory',
      access,
      facts,
      isVirtual: true,
    }));
  }

  list(path: string, isWanted?: IsWanted): AsyncIterable<readonly DirectoryEntry[]> {
    return this.#withVirtual(
      path,
      isWanted,
      (storage, wanted) => storage.list(path, wanted),
      async ({ name, path: at }) => {
        const unreadable = { name, type: 'directory' as const, access: inaccessible, isVirtual: true as const };
        return await this.entry(at).catch(() => unreadable);
      },
    );
  }

  names(path: string, isWanted?: IsWanted): AsyncIterable<readonly NamedEntry[]> {
    return this.#withVirtual(
      path,
      isWanted,
      (storage, wanted) => storage.names(path, wanted),
      async ({ name }) => ({
        name,
        type: 'directory' as const,
      }),
    );
  }

  async freeSpace(path: string) {
    return (await this.#at(path)).freeSpace(path);
  }

  async openRead(path: string) {
    return (await this.#at(path)).openRead(path);
  }

  async openWrite(path: string, mode: WriteMode, umask?: number) {
    return (await this.#at(path)).openWrite(path, mode, umask);
  }

  async makeDirectory(path: string, umask?: number) {
    return (await this.#at(path)).makeDirectory(path, umask);
  }

  async removeDirectory(path: string) {
    return (await this.#at(path)).removeDirectory(path);
  }

  async removeFile(path: string) {
    return (await this.#at(path)).removeFile(path);
  }

  async setModifiedTime(path: string, time: Date, accessedAt?: Date) {
    return (await this.#at(path)).setModifiedTime(path, time, accessedAt);
  }

  async setMode(path: string, bits: number) {
    return (await this.#at(path)).setMode(path, bits);
  }

  async makeLink(path: string, target: string) {
    if (this.#areApart(path, target)) {
      throw new StorageError('outside', `${path}: a link does not lead from one directory of the site into another`);
    }
    return (await this.#at(path)).makeLink(path, target);
  }

  async requireMovable(path: string) {
    return (await this.#at(path)).requireMovable(path);
  }

  async rename(from: string, to: string, replace: boolean) {
    const source = await this.#at(from);
    if (!this.#areApart(from, to)) return source.rename(from, to, replace);
    await source.requireMovable(from);
    throw new StorageError('other-file-system', `${to}: lies in another directory of the site than ${from}`);
  }

  #areApart(one: string, other: string): boolean {
    return this.#tree.placeOf(one).at !== this.#tree.placeOf(other).at;
  }

  #at(path: string): Promise<Storage> {
    const place = this.#tree.placeOf(path);
    const opened = this.#opened.get(place.at) ?? this.#open(place);
    this.#opened.set(place.at, opened);
    // A disk that comes back is found by the next command.
    opened.catch(() => this.#opened.delete(place.at));
    return opened;
  }

  /** What is not on the disk, and is the way to a virtual directory, has the facts of that directory. */
  async #orLeadingOn<T>(
    path: string,
    look: (storage: Storage) => Promise<T>,
    instead: (facts: FileFacts) => T,
  ): Promise<T> {
    try {
      return await look(await this.#at(path));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      for (const { at } of this.#tree.below(path)) {
        const facts = await this.stat(at).catch(() => undefined);
        if (facts) return instead({ ...facts, name: lastNameOf(path) });
      }
      throw error;
    }
  }

  /** What a virtual directory covers is not shown; what only leads to one is shown where the disk has nothing of its name. */
  async *#withVirtual<Entry extends NamedEntry>(
    path: string,
    isWanted: IsWanted = () => true,
    list: (storage: Storage, isWanted: IsWanted) => AsyncIterable<readonly Entry[]>,
    look: (name: VirtualName) => Promise<Entry>,
  ): AsyncGenerator<readonly Entry[]> {
    const added = new Map(this.#tree.namesIn(path).map((name) => [name.name, name]));
    try {
      const isOwn = (name: string) => isWanted(name) && added.get(name)?.isDirectory !== true;
      for await (const entries of list(await this.#at(path), isOwn)) {
        for (const { name } of entries) added.delete(name);
        yield entries;
      }
    } catch (error) {
      if (!isNotFound(error) || added.size === 0) throw error;
    }
    if (!this.#showsVirtualDirectories) return;
    const wanted = [...added.values()]
      .filter(({ path: at }) => this.#filter?.refusal(at, 'directory') === undefined)
      .filter(({ name }) => isWanted(name));
    if (wanted.length > 0) yield await Promise.all(wanted.map(look));
  }
}

/** Of a virtual directory that does not answer, or may not be read. */
const inaccessible: EntryAccess = { read: false, write: false, move: false, isFixed: true };

function isNotFound(error: unknown): boolean {
  return error instanceof StorageError && error.kind === 'not-found';
}
