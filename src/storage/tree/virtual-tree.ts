/** The tree that one login sees: its home, and the virtual directories laid over it, each a directory of the host by itself. */
import type { VirtualDirectory } from '../../authorization/virtual-directories.ts';
import { HomeLocation } from '../home-location.ts';
import { lastNameOf, parentOf } from '../names.ts';
import { isWithin } from '../rules/mount-table.ts';

/** A rule of authorization in the directory of the host that decides what its path leads to. */
export interface PlacedRule {
  readonly path: string;
  readonly place: HomeLocation;
}

export class VirtualTree {
  readonly home: HomeLocation;
  readonly virtual: readonly HomeLocation[];
  /** The deepest first. */
  readonly #places: readonly HomeLocation[];

  constructor(home: HomeLocation, virtualDirectories: readonly VirtualDirectory[] = []) {
    this.home = home;
    this.virtual = virtualDirectories.map(({ path, physicalPath }) => new HomeLocation(physicalPath, path));
    this.#places = [...this.virtual, home].sort((one, other) => other.at.length - one.at.length);
  }

  /** @param virtualPath absolute, normalised @returns whose files are at this path */
  placeOf(virtualPath: string): HomeLocation {
    return this.#places.find((place) => place.holds(virtualPath)) ?? this.home;
  }

  /** Virtual directories that cover what lies in this place at their own paths. */
  coversOf({ at }: HomeLocation): readonly HomeLocation[] {
    return this.virtual.filter((one) => one.at !== at && this.#beneath(one).at === at);
  }

  /**
   * The rules that may concern objects of this place: those whose paths lead into it, and those of directories of the host that hold it
   * or lie in it. What another virtual directory leads to by a second way stays denied.
   */
  rulesFor(place: HomeLocation, rulePaths: readonly string[]): readonly PlacedRule[] {
    const ownerOf = (path: string) => {
      const owner = this.placeOf(path);
      return owner.at === place.at ? place : owner;
    };
    return rulePaths
      .map((path) => ({ path, place: ownerOf(path) }))
      .filter((rule) => isWithin(rule.place.path, place.path) || isWithin(place.path, rule.place.path));
  }

  /** Names that the tree adds to the directory at this path. */
  namesIn(virtualPath: string): readonly VirtualName[] {
    const names = new Map<string, VirtualName>();
    for (const { at } of this.virtual) {
      for (let path = at; path !== '/'; path = parentOf(path)) {
        if (parentOf(path) === virtualPath && !names.get(path)?.isDirectory)
          names.set(path, { name: lastNameOf(path), path, isDirectory: path === at });
      }
    }
    return [...names.values()];
  }

  /** Virtual directories below the path. */
  below(virtualPath: string): readonly HomeLocation[] {
    const prefix = virtualPath === '/' ? '/' : `${virtualPath}/`;
    return this.virtual.filter(({ at }) => at.startsWith(prefix));
  }

  #beneath({ at }: HomeLocation): HomeLocation {
    return this.placeOf(parentOf(at));
  }
}

export interface VirtualName {
  readonly name: string;
  readonly path: string;
  /** A virtual directory itself; otherwise one lies below the name. */
  readonly isDirectory: boolean;
}
