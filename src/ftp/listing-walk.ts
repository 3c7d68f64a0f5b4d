/**
 * The entries that the argument of LIST, NLST or STAT calls: those of a directory, of directories below it, or those that a path with
 * wildcards fits. Each is judged by the storage as if it were called by its own name. It holds no more than one batch of entries, and
 * no more directories than it may still have to look into.
 */
import type { Timer } from '../clock.ts';
import { type FileType, type Storage, StorageError, type StorageErrorKind } from '../storage/storage.ts';
import type { DirectoryBrowse } from './directory-browse.ts';
import type { ListOptions } from './list-options.ts';
import type { ShownEntry } from './listing.ts';
import type { PathPattern } from './name-pattern.ts';

/** Directories that wait to be looked into, of one listing. */
const maximumPending = 10_000;
/** Names of a pattern, or directories below one another. */
const maximumDepth = 64;
/** Milliseconds that one listing with wildcards or of directories below may keep the file system busy. */
const maximumSearchTime = 300_000;

/** An entry, and what it is called in the words of the client. */
export interface CalledEntry {
  readonly entry: ShownEntry;
  readonly called: string;
}

export interface ListedPart {
  /** Of a directory below the one that was called: what it is called. */
  readonly heading?: string;
  readonly entries: readonly CalledEntry[];
}

export interface Walking {
  readonly storage: Storage;
  readonly options: ListOptions;
  /** Whether the entries are looked at, or only named. */
  readonly needsFacts: boolean;
  readonly browse: DirectoryBrowse;
  readonly timer: Timer;
}

/** A directory to be listed. */
interface Place {
  /** Virtual path. */
  readonly path: string;
  /** What its entries are called before their names: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly depth: number;
}

/** What a listing that looks into several directories may still cost. */
class SearchBudget {
  #names: number;
  #spent = 0;
  readonly #timer: Timer;

  constructor({ browse, timer }: Walking) {
    this.#names = browse.maximumNames;
    this.#timer = timer;
  }

  /** @throws StorageError `too-many` */
  count(): void {
    this.#names -= 1;
    if (this.#names < 0) throw tooMany('more names than directoryBrowse.maximumNames');
  }

  /** Counts the time of the file system, not that of the client. @throws StorageError `too-many` */
  async *timed<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    let askedAt = this.#timer();
    for await (const step of source) {
      this.#spent += this.#timer() - askedAt;
      if (this.#spent > maximumSearchTime) throw tooMany(`more than ${maximumSearchTime} ms`);
      yield step;
      askedAt = this.#timer();
    }
  }
}

function showsName({ options, browse }: Walking, name: string): boolean {
  return options.showsDotNames || browse.showDotFiles || !name.startsWith('.');
}

function entriesOf({ storage, needsFacts }: Walking, path: string, isWanted: (name: string) => boolean) {
  return needsFacts ? storage.list(path, isWanted) : storage.names(path, isWanted);
}

/** @param path of a directory @param prefix of what its entries are called @throws StorageError at any part */
export async function* walkDirectory(walking: Walking, path: string, prefix: string): AsyncGenerator<ListedPart> {
  const { storage, options, browse } = walking;
  const isShown = (name: string) => showsName(walking, name);
  if (!options.isRecursive || !browse.allowRecursiveLists) {
    for await (const entries of entriesOf(walking, path, isShown)) yield { entries: called(entries, prefix) };
    return;
  }
  const budget = new SearchBudget(walking);
  const wanted = (name: string) => {
    budget.count();
    return isShown(name);
  };
  const top: Place = { path, prefix, depth: 0 };
  const pending = [top];
  for (let place = pending.pop(); place; place = pending.pop()) {
    if (place !== top) yield { heading: place.prefix.slice(0, -1), entries: [] };
    const below: Place[] = [];
    for await (const entries of listed(place, place === top, storage.list(place.path, wanted), budget)) {
      // What a link leads to is listed where it is.
      for (const { name, type, access } of entries) {
        if (type === 'directory' && access.read) below.push(placeBelow(place, name, pending.length + below.length));
      }
      yield { entries: called(entries, place.prefix) };
    }
    pending.push(...below.reverse());
  }
}

/**
 * A wildcard fits no slash, and a dot at the beginning of a name only where such names are shown. A matched directory is an entry as
 * all others are.
 * @param path of what stands before the first pattern
 */
export async function* walkPattern(walking: Walking, path: string, pattern: PathPattern): AsyncGenerator<ListedPart> {
  const budget = new SearchBudget(walking);
  if (pattern.segments.length > maximumDepth) return;
  const top: Place = { path, prefix: pattern.base, depth: 0 };
  const pending = [top];
  for (let place = pending.pop(); place; place = pending.pop()) {
    const segment = pattern.segments[place.depth];
    const isLast = place.depth + 1 === pattern.segments.length;
    if (segment === undefined) return;
    if (typeof segment === 'string') {
      if (!isLast) pending.push(placeBelow(place, segment, pending.length));
      else {
        const entry = await walking.storage.entry(joined(place.path, segment)).catch(unlessPassedOver);
        if (entry) yield { entries: called([entry], place.prefix) };
      }
      continue;
    }
    const wanted = (name: string) => {
      budget.count();
      return segment.matches(name) && (segment.meansDotNames || showsName(walking, name));
    };
    if (isLast) {
      const found = entriesOf(walking, place.path, wanted);
      for await (const entries of listed(place, place === top, found, budget))
        yield { entries: called(entries, place.prefix) };
    } else {
      const below: Place[] = [];
      for await (const names of listed(place, place === top, walking.storage.names(place.path, wanted), budget)) {
        for (const { name, type } of names) {
          if (mayBeDirectory[type]) below.push(placeBelow(place, name, pending.length + below.length));
        }
      }
      pending.push(...below.reverse());
    }
  }
}

/** `other`: some directories do not say of what type their entries are. */
const mayBeDirectory: Readonly<Record<FileType, boolean>> = { directory: true, link: true, other: true, file: false };

/** What cannot be listed is passed over, whether it is denied or not there; of what the client called itself it hears. */
async function* listed<T>(
  place: Place,
  isCalled: boolean,
  source: AsyncIterable<T>,
  budget: SearchBudget,
): AsyncGenerator<T> {
  if (place.depth > maximumDepth) throw tooMany(`more than ${maximumDepth} directories below one another`);
  try {
    yield* budget.timed(source);
  } catch (error) {
    if (isCalled) throw error;
    unlessPassedOver(error);
  }
}

const passedOver: ReadonlySet<StorageErrorKind> = new Set([
  'not-found',
  'outside',
  'hidden',
  'filtered',
  'not-a-directory',
  'not-a-file',
  'denied',
  'forbidden',
  'name-invalid',
]);

function unlessPassedOver(error: unknown): undefined {
  if (!(error instanceof StorageError) || !passedOver.has(error.kind)) throw error;
}

/** @param waiting how many directories wait already @throws StorageError `too-many` */
function placeBelow({ path, prefix, depth }: Place, name: string, waiting: number): Place {
  if (waiting >= maximumPending) throw tooMany(`more than ${maximumPending} directories wait`);
  return { path: joined(path, name), prefix: `${prefix}${name}/`, depth: depth + 1 };
}

function joined(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

function called(entries: readonly ShownEntry[], prefix: string): readonly CalledEntry[] {
  return entries.map((entry) => ({ entry, called: `${prefix}${entry.name}` }));
}

function tooMany(what: string): StorageError {
  return new StorageError('too-many', `a listing stopped: ${what}`);
}
