/** Where a path of a virtual tree really leads, for who explains it; nothing is opened but to look at it. */
import type { JudgedPlace } from '../../authorization/access-rights.ts';
import type { HomeLocation } from '../home-location.ts';
import { type Location, walkPath } from '../path-walk.ts';
import { ruledObjects } from '../rules/rule-places.ts';
import { StorageError } from '../storage.ts';
import type { VirtualTree } from './virtual-tree.ts';

export interface PlacedPath extends JudgedPlace {
  /** Host path. */
  readonly host: string;
  /** The links on the way. */
  readonly links: readonly JudgedPlace[];
  /** `missing`: as far as the host path leads, it is there; `outside`: a link leads out, `host` is where it stands. */
  readonly state: 'found' | 'missing' | 'outside' | 'unreadable';
}

/**
 * @param virtualPath absolute, normalised
 * @param rulePaths of all rules of the site
 * @returns by its text alone where the directory that holds it cannot be opened
 * @throws StorageError `name-invalid`
 */
export async function placePath(
  tree: VirtualTree,
  virtualPath: string,
  rulePaths: readonly string[],
): Promise<PlacedPath> {
  const place = tree.placeOf(virtualPath);
  const names = place.names(virtualPath);
  const walk = await walkPath(place, names, true).catch(() => undefined);
  if (!walk)
    return { path: virtualPath, ruled: new Set(), host: hostOf(place, virtualPath), links: [], state: 'missing' };
  try {
    const ruled = await ruledObjects(place, tree.rulesFor(place, rulePaths));
    const judged = ({ path, identities }: Location): JudgedPlace => ({
      path,
      ruled: new Set(identities.flatMap((identity) => ruled.get(identity) ?? [])),
    });
    const { location, links, end } = walk;
    return { ...judged(location), host: hostOf(place, location.path), links: links.map(judged), state: stateOf(end) };
  } finally {
    await walk.close();
  }
}

function hostOf(place: HomeLocation, virtualPath: string): string {
  return virtualPath === place.at ? place.path : place.hostPath(virtualPath);
}

function stateOf(end: Awaited<ReturnType<typeof walkPath>>['end']): PlacedPath['state'] {
  if (end.kind !== 'failed') return end.kind;
  return end.error instanceof StorageError && end.error.kind === 'outside' ? 'outside' : 'unreadable';
}
