/**
 * User isolation: which directory of the host an account is confined to, and what is laid over it. It refuses account names that are
 * not plainly one path segment, and homes that lie outside the site’s root, by name or by link.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Denial, denial } from '../denial.ts';
import { errorMessage } from '../error-message.ts';
import { type HomeNames, homeNames, isBelow } from './home-names.ts';
import { makeDirectories, missingDirectory, namesOnDisk } from './home-provision.ts';
import { type HomeOwner, isolationModes, type UserIsolation } from './user-isolation.ts';
import type { VirtualDirectory } from './virtual-directories.ts';

/** Where an account works. */
export interface Home {
  /** Host path without links. */
  readonly homeDirectory: string;
  /** Virtual path in which a session begins; absent: the root. */
  readonly startDirectory?: string;
  /** Laid over the home; absent: none is. */
  readonly virtualDirectories?: readonly VirtualDirectory[];
}

export type HomeOutcome =
  /** `wouldBeMade`: it was only foreseen, and a login makes it. */
  | ({ readonly outcome: 'found'; readonly wouldBeMade?: true } & Home)
  | { readonly outcome: 'denied'; readonly denial: Denial };

/** Never rejects: whatever stands in the way is the reason of a denial. Makes the home when `createHome` says so. */
export function findHomeDirectory(isolation: UserIsolation, owner: HomeOwner): Promise<HomeOutcome> {
  return homeDirectoryOf(isolation, owner, makeDirectories);
}

/** The same decision for who only wants to know it: nothing is made. */
export function foreseeHomeDirectory(isolation: UserIsolation, owner: HomeOwner): Promise<HomeOutcome> {
  return homeDirectoryOf(isolation, owner, missingDirectory);
}

/** What is done about directories of a home that are missing. @returns the home, where it is still missing afterwards */
type Provision = (root: string, segments: HomeNames) => Promise<string | undefined>;

async function homeDirectoryOf(isolation: UserIsolation, owner: HomeOwner, provide: Provision): Promise<HomeOutcome> {
  const ways = homeNames(isolation, owner);
  if (typeof ways === 'string') return unavailable(owner, ways, { root: isolation.root });
  try {
    const virtualHome = virtualHomeOf(isolation, ways);
    if (virtualHome) return { outcome: 'found', ...virtualHome };
    const names = await chosenNames(isolation, ways);
    if (typeof names === 'string') return unavailable(owner, names, { root: isolation.root });
    return await (isolation.mode === 'StartInUsersDirectory'
      ? sharedHome(isolation, owner, names, provide)
      : ownHome(isolation, owner, names, provide));
  } catch (error) {
    const home = join(isolation.root, ...(ways[0] ?? []));
    return unavailable(owner, `The home ${home} cannot be used: ${errorMessage(error)}`, { home });
  }
}

/** The home of each is one part of the root, or all of it. */
async function ownHome(
  isolation: UserIsolation,
  owner: HomeOwner,
  names: HomeNames,
  provide: Provision,
): Promise<HomeOutcome> {
  const home = join(isolation.root, ...names);
  const laid = laidOver(isolation, names);
  if (isolation.mode !== 'None' && isolation.createHome) {
    const missing = await provide(isolation.root, names);
    if (missing !== undefined) return { outcome: 'found', homeDirectory: missing, ...laid, wouldBeMade: true };
  }
  const [root, homeDirectory] = await Promise.all([realpath(isolation.root), realpath(home)]);
  if (names.length > 0 && !isBelow(root, homeDirectory)) {
    return unavailable(owner, `The home ${home} is a link out of the root.`, { root, home: homeDirectory });
  }
  if ((await stat(homeDirectory)).isDirectory()) return { outcome: 'found', homeDirectory, ...laid };
  return unavailable(owner, `The home ${home} is not a directory.`, { home });
}

/** All share the root; each begins in a directory of its own, where there is one. */
async function sharedHome(
  isolation: UserIsolation,
  owner: HomeOwner,
  names: HomeNames,
  provide: Provision,
): Promise<HomeOutcome> {
  const shared = await ownHome({ ...isolation, mode: 'None' }, owner, [], provide);
  if (shared.outcome === 'denied') return shared;
  const start = `/${names.join('/')}`;
  const isVirtual = isolation.virtualDirectories?.some(({ path }) => path === start) ?? false;
  if (!isVirtual && isolation.createHome) await provide(isolation.root, names);
  const isThere = isVirtual || (await isDirectoryIn(shared.homeDirectory, names));
  return isThere ? { ...shared, startDirectory: start } : shared;
}

async function isDirectoryIn(root: string, names: HomeNames): Promise<boolean> {
  try {
    const directory = await realpath(join(root, ...names));
    return isBelow(root, directory) && (await stat(directory)).isDirectory();
  } catch {
    return false;
  }
}

/** The first way whose directory is there, else the usual one; with the letter case of the disk in a tree that Windows left. */
async function chosenNames(isolation: UserIsolation, ways: readonly HomeNames[]): Promise<HomeNames | string> {
  const [usual = []] = ways;
  if (isolation.layout !== 'iis' || !isolationModes[isolation.mode].followsLayout) return usual;
  for (const names of ways) {
    const found = await namesOnDisk(isolation.root, names);
    if (found === 'ambiguous') {
      return `Several directories are named ${join(...names)} in other letter case; keep one of them.`;
    }
    if (found) return found;
  }
  return usual;
}

/** Of the others an account sees what lies below its own directory, and the rest does not exist for it. */
function laidOver(isolation: UserIsolation, names: HomeNames): Pick<Home, 'virtualDirectories'> {
  const all = isolation.virtualDirectories ?? [];
  const laid = isolationModes[isolation.mode].sharesVirtualDirectories
    ? all
    : all.flatMap(({ path, physicalPath }) => {
        const own = pathBelow(isolation, names, path);
        return own === undefined || own === '' ? [] : [{ path: own, physicalPath }];
      });
  return laid.length === 0 ? {} : { virtualDirectories: laid };
}

/** A home that is itself a virtual directory of the site. */
function virtualHomeOf(isolation: UserIsolation, ways: readonly HomeNames[]): Home | undefined {
  if (isolationModes[isolation.mode].sharesVirtualDirectories) return undefined;
  for (const names of ways) {
    const own = isolation.virtualDirectories?.find(({ path }) => pathBelow(isolation, names, path) === '');
    if (own) return { homeDirectory: own.physicalPath, ...laidOver(isolation, names) };
  }
  return undefined;
}

/** The rest of a path that leads into the directory of these names; empty for the directory itself. */
function pathBelow({ layout }: UserIsolation, names: HomeNames, path: string): string | undefined {
  const own = `/${names.join('/')}`;
  const compared = (text: string) => (layout === 'iis' ? text.toLowerCase() : text);
  const leads = compared(`${path}/`).startsWith(compared(`${own}/`));
  return leads ? path.slice(own.length) : undefined;
}

function unavailable(
  { accountName, homeDirectory }: HomeOwner,
  detail: string,
  facts: Readonly<Record<string, string>>,
): HomeOutcome {
  return { outcome: 'denied', denial: denial('home-unavailable', detail, { accountName, homeDirectory, ...facts }) };
}
