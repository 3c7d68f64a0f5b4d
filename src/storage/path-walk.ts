/**
 * Follows a virtual path name by name, each opened in the directory before it, so that what lies outside the home is never
 * touched and every directory and link on the way is known. Links are followed here, not by the kernel.
 */
import { readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import type { RequestFilter } from '../authorization/request-filter.ts';
import type { HomeLocation } from './home-location.ts';
import { namesOf } from './names.ts';
import { decodeOctets, hostPath } from './octet-text.ts';
import { type PinnedObject, pinName, pinTarget } from './pinned-object.ts';
import { StorageError } from './storage.ts';
import { errnoOf, requirePath } from './storage-errors.ts';
import { isUploadName } from './upload-name.ts';

/** As Linux follows at most. */
const maximumLinks = 40;
/** Names looked at; more than any path that fits into PATH_MAX has, and what a knot of links may cost. */
const maximumSteps = 2048;

/** Where something lies, or where its name is free. */
export interface Location {
  /** Virtual path without links. */
  readonly path: string;
  /** Identities of the directories above it, the home’s first, and then its own if it exists. */
  readonly identities: readonly string[];
}

export interface Walk {
  /** How far the way led: to the object, or to the name that is missing or could not be opened. */
  readonly location: Location;
  /** The links that were followed. */
  readonly links: readonly Location[];
  /** Identities of all directories and links on the way, the object’s included. */
  readonly met: ReadonlySet<string>;
  /** The directory that holds the object or lacks it; absent when the object is the home itself. */
  readonly directory?: PinnedObject;
  readonly end:
    | { readonly kind: 'found'; readonly object: PinnedObject }
    /** The first of the names is not in the directory; what follows it was not looked for. */
    | { readonly kind: 'missing'; readonly directory: PinnedObject; readonly names: readonly string[] }
    | { readonly kind: 'failed'; readonly error: unknown };
  close(): Promise<void>;
}

/**
 * @param segments names below the home
 * @param followLast whether a link at the end is followed, or is itself the object
 * @param filter of names that the way must not lead through, not even by a link and back out by `..`
 * @returns never rejects for what the path leads to; the caller closes it
 * @throws system errors when the home itself cannot be opened
 */
export async function walkPath(
  home: HomeLocation,
  segments: readonly string[],
  followLast: boolean,
  filter?: RequestFilter,
): Promise<Walk> {
  return new PathWalk(home, await pinTarget(home.path), segments, followLast, filter).run();
}

class PathWalk {
  readonly #home: HomeLocation;
  readonly #followLast: boolean;
  readonly #filter: RequestFilter | undefined;
  readonly #links: Location[] = [];
  readonly #met = new Set<string>();
  #pending: string[];
  #steps = 0;
  /** The directory reached. */
  #here: PinnedObject;
  #names: string[] = [];
  /** Of the directories down to the one reached, the home’s first. */
  #identities: string[];

  constructor(
    home: HomeLocation,
    root: PinnedObject,
    segments: readonly string[],
    followLast: boolean,
    filter: RequestFilter | undefined,
  ) {
    this.#home = home;
    this.#filter = filter;
    this.#here = root;
    this.#identities = [root.identity];
    this.#met.add(root.identity);
    this.#pending = [...segments];
    this.#followLast = followLast;
  }

  async run(): Promise<Walk> {
    try {
      for (let name = this.#pending[0]; name !== undefined; name = this.#pending[0]) {
        this.#count(name);
        if (name === '..') await this.#ascend();
        else {
          const child = await this.#open(name);
          if (!child) return this.#ended({ kind: 'missing', directory: this.#here, names: this.#pending });
          const isLast = this.#pending.length === 1;
          this.#met.add(child.identity);
          if (child.stats.isSymbolicLink() && (!isLast || this.#followLast)) await this.#follow(name, child);
          else if (isLast) return this.#ended({ kind: 'found', object: child });
          // What is no directory holds no names: the kernel says so at the next of them.
          else
            await this.#moveTo(
              child,
              [...this.#names, name],
              [...this.#identities, child.identity],
              this.#pending.slice(1),
            );
        }
      }
      return this.#ended({ kind: 'found', object: this.#here });
    } catch (error) {
      return this.#ended({ kind: 'failed', error });
    }
  }

  #count(name: string): void {
    this.#steps += 1;
    if (isUploadName(name)) throw new StorageError('name-invalid', `${name}: not a name for a file`);
    if (this.#filter?.hides(name)) requirePath(this.#filter, this.#locate([name]).path, 'unknown');
    if (this.#steps > maximumSteps) throw new StorageError('not-found', `${name}: beyond ${maximumSteps} names`);
  }

  async #open(name: string): Promise<PinnedObject | undefined> {
    try {
      return await pinName(`${this.#here.link}/${name}`);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async #follow(name: string, link: PinnedObject): Promise<void> {
    await link.close();
    this.#links.push(this.#locate([name], link.identity));
    if (this.#links.length > maximumLinks) throw new StorageError('not-found', `${name}: a knot of links`);
    const octets = await readlink(hostPath(`${this.#here.link}/${name}`), { encoding: 'buffer' });
    const target = decodeOctets(octets);
    const rest = this.#pending.slice(1);
    if (target.startsWith('/')) await this.#restart([target, ...rest].join('/'));
    else this.#pending = [...namesOf(target), ...rest];
  }

  /** A link may lead above the home and back into it by the home’s own host path. */
  async #ascend(): Promise<void> {
    const rest = this.#pending.slice(1);
    if (this.#names.length === 0) {
      let above = posix.dirname(this.#home.path);
      for (; rest[0] === '..'; rest.shift()) above = posix.dirname(above);
      return this.#restart([above, ...rest].join('/'));
    }
    const parent = await pinName(`${this.#here.link}/..`);
    if (parent.identity === this.#identities.at(-2)) {
      return this.#moveTo(parent, this.#names.slice(0, -1), this.#identities.slice(0, -1), rest);
    }
    await parent.close();
    throw new StorageError('not-found', `${this.#names.join('/')}: moved meanwhile`);
  }

  async #restart(host: string): Promise<void> {
    const pending = await this.#home.segmentsOf(`/${namesOf(host).join('/')}`);
    const root = await pinTarget(this.#home.path);
    await this.#moveTo(root, [], [root.identity], pending);
  }

  async #moveTo(directory: PinnedObject, names: string[], identities: string[], pending: string[]): Promise<void> {
    await this.#here.close();
    this.#here = directory;
    this.#names = names;
    this.#identities = identities;
    this.#pending = pending;
  }

  #locate(names: readonly string[], ...own: readonly string[]): Location {
    const kept = names.includes('..') ? names.slice(0, names.indexOf('..')) : names;
    return { path: this.#home.pathOf([...this.#names, ...kept]), identities: [...this.#identities, ...own] };
  }

  #ended(end: Walk['end']): Walk {
    const here = this.#here;
    const found = end.kind === 'found' ? end.object : undefined;
    const child = found === here ? undefined : found;
    return {
      location: this.#locate(this.#pending, ...(child ? [child.identity] : [])),
      links: this.#links,
      met: this.#met,
      ...(found === here ? {} : { directory: here }),
      end,
      close: async () => {
        await child?.close();
        await here.close();
      },
    };
  }
}
