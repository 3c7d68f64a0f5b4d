/** Judges places in one home by the rights of its account, as they are at the moment of one operation. */
import type { AccessRights, Permission } from '../authorization/access-rights.ts';
import type { FilteredKind, RequestFilter } from '../authorization/request-filter.ts';
import type { HomeLocation } from './home-location.ts';
import type { Location, Walk } from './path-walk.ts';
import type { PinnedObject } from './pinned-object.ts';
import {
  namedObjects,
  type RuleWay,
  ruledObjects,
  rulesOfMissing,
  rulesOfNewName,
  ruleWays,
  standsAboveRule,
} from './rules/rule-places.ts';
import { type EntryAccess, StorageError } from './storage.ts';
import { requirePath } from './storage-errors.ts';
import type { VirtualTree } from './tree/virtual-tree.ts';

export class Guard {
  readonly #home: HomeLocation;
  readonly #tree: VirtualTree;
  readonly #rights: AccessRights;
  readonly #ruled: ReadonlyMap<string, readonly string[]>;
  readonly filter: RequestFilter | undefined;
  readonly #covered: ReadonlySet<string>;
  #ways: Promise<readonly RuleWay[]> | undefined;

  private constructor(
    home: HomeLocation,
    tree: VirtualTree,
    rights: AccessRights,
    ruled: ReadonlyMap<string, readonly string[]>,
    covered: ReadonlySet<string>,
    filter: RequestFilter | undefined,
  ) {
    this.#home = home;
    this.#tree = tree;
    this.#rights = rights;
    this.#ruled = ruled;
    this.#covered = covered;
    this.filter = filter;
  }

  /**
   * Made after what is to be judged was pinned: what a rule is for cannot have come into being unseen.
   * @param home that is judged, a part of the tree
   */
  static async over(
    home: HomeLocation,
    tree: VirtualTree,
    rights: AccessRights,
    filter?: RequestFilter,
  ): Promise<Guard> {
    const ruled = await ruledObjects(home, tree.rulesFor(home, rights.rulePaths));
    return new Guard(home, tree, rights, ruled, await namedObjects(home, coveredPaths(home, tree)), filter);
  }

  /**
   * Judges the path that was asked for, the place where its object really lies, and the links between, by the names alone.
   * @param kind of the object, or of what is to be made
   * @throws FilteredError
   */
  requireUnfiltered(
    virtualPath: string,
    { path }: Location,
    kind: FilteredKind,
    links: readonly Location[] = [],
  ): void {
    if (!this.filter) return;
    for (const one of new Set([virtualPath, path])) requirePath(this.filter, one, kind, virtualPath);
    for (const link of links) requirePath(this.filter, link.path, 'directory', virtualPath);
  }

  /**
   * @param links that were followed on the way: a rule that denies one of them denies what it leads to
   * @param ruled rules for the object, which may not exist yet
   * @throws StorageError `denied`; `not-found` for what a virtual directory covers
   */
  require(
    permission: Permission,
    virtualPath: string,
    location: Location,
    links: readonly Location[] = [],
    ruled: readonly string[] = [],
  ): void {
    const isAllowed = this.#rights.allows(permission, location.path, this.#ruledBy(location, ruled));
    const deniedLink = links.find((link) => this.#rights.denies(permission, link.path, this.#ruledBy(link)));
    if (!isAllowed || deniedLink) throw accessDenied(permission, virtualPath, deniedLink?.path ?? location.path);
    this.#requireUncovered(virtualPath, location);
  }

  /** Rules for a new name in the directory: the disk itself says whether two spellings are one name. */
  async rulesOfNew(directory: PinnedObject, name: string): Promise<readonly string[]> {
    return rulesOfNewName(await this.#ownWays(), directory, name);
  }

  /**
   * For what looks for names that are missing: needs the permission whichever way the file system compares names.
   * @throws StorageError `denied`
   */
  async requireMissing(
    permissions: readonly Permission[],
    virtualPath: string,
    { location, links }: Pick<Walk, 'location' | 'links'>,
    directory: PinnedObject,
    names: readonly string[],
  ): Promise<void> {
    const { surely, perhaps } = rulesOfMissing(await this.#ownWays(), directory, names);
    for (const permission of permissions) {
      for (const ruled of [surely, perhaps]) this.require(permission, virtualPath, location, links, ruled);
    }
  }

  /** Of everything in the home but its root, where no rule is for less than the home; absent otherwise. */
  get accessToAll(): EntryAccess | undefined {
    const { rulePaths, fixedPaths } = this.#rights;
    if (rulePaths.length > 0 || fixedPaths.length > 0 || this.filter?.judgesPaths) return undefined;
    if (coveredPaths(this.#home, this.#tree).length > 0) return undefined;
    const [read, write] = [this.#rights.allows('Read', '/'), this.#rights.allows('Write', '/')];
    return { read, write, move: read && write, isFixed: false };
  }

  /**
   * @param location in the home, of an object that exists
   * @param kind of the object
   * @returns what the rules allow there; `isFixed`: rules depend on it, so it cannot be moved
   */
  async accessTo(location: Location, kind: FilteredKind = 'unknown'): Promise<EntryAccess> {
    const ruled = this.#ruledBy(location);
    const isFiltered = this.filter?.refusal(location.path, kind) !== undefined;
    const read = !isFiltered && this.#rights.allows('Read', location.path, ruled);
    const write = !isFiltered && this.#rights.allows('Write', location.path, ruled);
    const isFixed = await this.#isFixed(location.identities.at(-1));
    return { read, write, move: read && write && location.path !== this.#home.at && !isFixed, isFixed };
  }

  /**
   * What a rule is for, and what leads to it, stays where the rule finds it.
   * @throws StorageError `ruled`
   */
  async requireUnfixed(virtualPath: string, { identity }: PinnedObject): Promise<void> {
    if (await this.#isFixed(identity)) throw fixed(virtualPath);
  }

  /** @throws StorageError `ruled` when a directory or link of this name stands above what a rule is for */
  async requireNoRuleBelow(virtualPath: string, directory: PinnedObject, name: string): Promise<void> {
    for (const way of await this.#allWays()) if (await standsAboveRule(way, directory, name)) throw fixed(virtualPath);
  }

  async #isFixed(identity: string | undefined): Promise<boolean> {
    return identity !== undefined && (await this.#allWays()).some(({ met }) => met.has(identity));
  }

  async #ownWays(): Promise<readonly RuleWay[]> {
    return (await this.#allWays()).filter(({ rulePath }) => this.#rights.rulePaths.includes(rulePath));
  }

  #allWays(): Promise<readonly RuleWay[]> {
    this.#ways ??= ruleWays([
      ...this.#tree.rulesFor(this.#home, this.#rights.fixedPaths),
      ...coveredPaths(this.#home, this.#tree).map((path) => ({ path, place: this.#home })),
    ]);
    return this.#ways;
  }

  /** A link, or another spelling, may lead to what has the path of a virtual directory and is not in it. */
  #requireUncovered(virtualPath: string, { path, identities }: Location): void {
    const isCovered = this.#tree.placeOf(path).at !== this.#home.at;
    if (!isCovered && !identities.some((identity) => this.#covered.has(identity))) return;
    throw new StorageError('not-found', `${virtualPath}: a virtual directory covers it`);
  }

  #ruledBy({ identities }: Location, more: readonly string[] = []): ReadonlySet<string> {
    return new Set([...identities.flatMap((identity) => this.#ruled.get(identity) ?? []), ...more]);
  }
}

/** Where virtual directories are laid over this home: what has these names in it cannot be reached, and stays. */
function coveredPaths(home: HomeLocation, tree: VirtualTree): readonly string[] {
  return tree.coversOf(home).map(({ at }) => at);
}

/** Without rules below the root the home is judged as one, before anything is looked at. */
export function requireRootRight(rights: AccessRights, permission: Permission, virtualPath: string): void {
  if (!rights.allows(permission, virtualPath)) throw accessDenied(permission, virtualPath, virtualPath);
}

function accessDenied(permission: Permission, path: string, object: string): StorageError {
  const message = `the authorization rules do not allow ${permission} at ${object}`;
  return new StorageError('denied', message, { facts: { permission, path, ...(object !== path && { object }) } });
}

function fixed(virtualPath: string): StorageError {
  return new StorageError(
    'ruled',
    `${virtualPath}: an authorization rule or a virtual directory is for it, or its path leads through it`,
  );
}
