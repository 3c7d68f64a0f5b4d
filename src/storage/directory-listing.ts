/**
 * Streams a directory without holding it in memory. It shows every name but those of unfinished uploads, links as links, and
 * of an entry that cannot be looked at, or may not be read, what the directory itself says. One bad entry hides no other.
 */
import { type BigIntStats, Dirent, type Stats } from 'node:fs';
import { opendir, readdir, readlink } from 'node:fs/promises';
import { statName, toFileFacts, typeOf } from './file-facts.ts';
import type { Guard } from './guard.ts';
import type { GuardedHome } from './guarded-home.ts';
import type { HomeLocation } from './home-location.ts';
import { parentOf } from './names.ts';
import { decodeOctets, hostPath } from './octet-text.ts';
import { type Location, walkPath } from './path-walk.ts';
import { identityOf } from './pinned-object.ts';
import { type DirectoryEntry, type EntryAccess, type FileFacts, type NamedEntry, StorageError } from './storage.ts';
import { errnoOf, toStorageError } from './storage-errors.ts';
import { isUploadName } from './upload-name.ts';

/** Entries looked at together, each by a thread of its own; `bounded-storage.ts` counts them. */
const lookAhead = 4;
/** Entries handed on together: what is waited for at each of them is not worth one. */
const batchSize = 64;
/** Directory entries fetched from the kernel per trip through the thread pool. */
const fetchedEntries = 256;

/** A directory that is being shown. */
interface Shown {
  readonly link: string;
  /** Of each of its entries; absent where each is judged by itself. */
  readonly access: EntryAccess | undefined;
  readonly location: Location;
  readonly home: HomeLocation;
  readonly guard: Guard;
}

type IsWanted = (name: string) => boolean;

/**
 * @param virtualPath absolute, from the home
 * @param isWanted others are not looked at
 * @throws StorageError at any entry
 */
export function listDirectory(
  home: GuardedHome,
  virtualPath: string,
  isWanted: IsWanted = () => true,
): AsyncGenerator<readonly DirectoryEntry[]> {
  return batchesOf(home, virtualPath, isWanted, lookAtAll);
}

/** As `listDirectory`, without a look at any entry. */
export function nameDirectory(
  home: GuardedHome,
  virtualPath: string,
  isWanted: IsWanted = () => true,
): AsyncGenerator<readonly NamedEntry[]> {
  return batchesOf(home, virtualPath, isWanted, async (_shown, names) => names);
}

/**
 * The entry that a listing of its directory shows.
 * @throws StorageError `not-found`, and where the rules deny reading
 */
export async function showEntry(home: GuardedHome, virtualPath: string): Promise<DirectoryEntry> {
  if (home.isRoot(virtualPath)) return showRoot(home);
  const { directory, name, location, guard, object, close } = await home.entry(virtualPath, 'Read');
  try {
    if (!object) throw new StorageError('not-found', `${virtualPath}: no such file or directory`);
    const above = { path: parentOf(location.path), identities: location.identities.slice(0, -1) };
    const shown = { link: directory.link, access: undefined, location: above, home: home.confinement.location, guard };
    const entry = await lookAt(shown, { name, type: typeOf(object.stats) });
    if (entry) return entry;
    throw new StorageError('not-found', `${virtualPath}: removed meanwhile`);
  } finally {
    await close();
  }
}

async function showRoot(home: GuardedHome): Promise<DirectoryEntry> {
  const { object, location, guard, close } = await home.object(home.confinement.location.at, 'Read');
  const access = await guard.accessTo(location, 'directory').finally(close);
  return { name: '', type: 'directory', access, facts: shownFacts(guard, '', object.stats) };
}

/** Yields now and then even while nothing is wanted, so that no step takes as long as the whole directory. */
async function* batchesOf<T>(
  home: GuardedHome,
  virtualPath: string,
  isWanted: IsWanted,
  look: (shown: Shown, names: readonly NamedEntry[]) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  try {
    const { object, location, guard, close } = await home.object(virtualPath, 'Read');
    try {
      const { accessToAll: access } = guard;
      const shown = { link: object.link, access, location, home: home.confinement.location, guard };
      let names: NamedEntry[] = [];
      let passed = 0;
      for await (const entry of namesIn(object.link)) {
        if (!isUploadName(entry.name) && !guard.filter?.hides(entry.name) && isWanted(entry.name)) names.push(entry);
        else passed += 1;
        if (names.length < batchSize && passed < fetchedEntries) continue;
        yield await look(shown, names);
        names = [];
        passed = 0;
      }
      yield await look(shown, names);
    } finally {
      await close();
    }
  } catch (error) {
    throw toStorageError(error, `list ${virtualPath}`);
  }
}

/** Names as the kernel hands them out, in its order, octets and all. */
export async function* namesIn(directory: string): AsyncGenerator<NamedEntry> {
  /** Latin-1 has a character for every octet; Node’s types do not know the encoding `buffer` here. */
  const names = await opendir(directory, { encoding: 'latin1', bufferSize: fetchedEntries });
  let isFirst = true;
  try {
    for await (const entry of names) {
      if (isFirst && !saysTypes(entry)) break;
      isFirst = false;
      yield { name: fromLatin1(entry.name), type: typeOf(entry) };
    }
    if (!isFirst) return;
  } catch (error) {
    if (!isFirst) throw error;
  }
  for (const name of await readdir(directory, { encoding: 'buffer' }))
    yield { name: decodeOctets(name), type: 'other' };
}

/**
 * Where the directory does not say of what type its entries are, Node looks at each by a path of its own making, and fails as
 * a whole when one cannot be looked at.
 */
function saysTypes(entry: Dirent): boolean {
  return Object.getPrototypeOf(entry) === Dirent.prototype;
}

function fromLatin1(name: string): string {
  return decodeOctets(Buffer.from(name, 'latin1'));
}

async function lookAtAll(shown: Shown, names: readonly NamedEntry[]): Promise<readonly DirectoryEntry[]> {
  const seen: (DirectoryEntry | undefined)[] = [];
  let next = 0;
  const lookOn = async () => {
    for (let at = next++; at < names.length; at = next++) {
      const entry = names[at];
      if (entry) seen[at] = await lookAt(shown, entry);
    }
  };
  await Promise.all(Array.from({ length: lookAhead }, lookOn));
  return seen.filter((entry) => entry !== undefined);
}

/** @returns undefined when it went away after its name was read */
async function lookAt(shown: Shown, { name, type }: NamedEntry): Promise<DirectoryEntry | undefined> {
  const { link, location, guard } = shown;
  try {
    const stats = await statName(hostPath(`${link}/${name}`));
    const access =
      shown.access ??
      (await guard.accessTo(
        { path: pathBelow(location, name), identities: [...location.identities, identityOf(stats)] },
        stats.isDirectory() ? 'directory' : 'file',
      ));
    if (!access.read) return { name, type: typeOf(stats), access };
    const target = stats.isSymbolicLink() ? await targetOf(shown, name) : undefined;
    return {
      name,
      type: typeOf(stats),
      access,
      facts: shownFacts(guard, name, stats),
      ...(target !== undefined && { target }),
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    const access =
      shown.access ?? (await guard.accessTo({ path: pathBelow(location, name), identities: location.identities }));
    return { name, type, access: { ...access, move: false } };
  }
}

/** What the link says, unless it leads out of the home or to what the account may not read. */
async function targetOf({ link, location, home, guard }: Shown, name: string): Promise<string | undefined> {
  const walk = await walkPath(home, home.names(pathBelow(location, name)), true, guard.filter);
  await walk.close();
  if (walk.end.kind === 'failed' && walk.end.error instanceof StorageError && walk.end.error.kind === 'outside') {
    return undefined;
  }
  if (!(await guard.accessTo(walk.location)).read) return undefined;
  const target = decodeOctets(await readlink(hostPath(`${link}/${name}`), { encoding: 'buffer' }));
  return target.startsWith('/') ? home.virtualPath(target) : target;
}

/** The links of a directory are its own and one for each directory in it: their number tells of hidden ones. */
function shownFacts({ filter }: Guard, name: string, stats: Stats | BigIntStats): FileFacts {
  const facts = toFileFacts(name, stats);
  return filter?.hidesNames && facts.type === 'directory' ? { ...facts, linkCount: 1 } : facts;
}

function pathBelow({ path }: Location, name: string): string {
  return `${path === '/' ? '' : path}/${name}`;
}
