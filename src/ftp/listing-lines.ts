/** What LIST, NLST and STAT answer, line by line: the entries that an argument with options of `ls` calls, in the form it wants. */
import { type DirectoryEntry, type Storage, StorageError } from '../storage/storage.ts';
import type { Control } from './control/control.ts';
import type { AuthenticatedSession } from './control/session.ts';
import type { DirectoryBrowse } from './directory-browse.ts';
import { type ListOptions, parseListOptions } from './list-options.ts';
import { formatList, type LineStyle, nameMark, type ShownEntry, singleLine } from './listing.ts';
import { type CalledEntry, type ListedPart, type Walking, walkDirectory, walkPattern } from './listing-walk.ts';
import { type PathPattern, parsePathPattern } from './name-pattern.ts';
import { resolveVirtualPath } from './virtual-path.ts';

/** Lines held to be put in order, of one listing or of each of its directories. */
const maximumSorted = 20_000;

/** Without their ends, some at a time or none. */
export type ListingLines = AsyncIterable<readonly string[]>;

interface CalledListing {
  /** That is listed, or looked through; absent where one entry is shown by its name. */
  readonly directory?: string;
  /** Whether it holds the entries of one directory. */
  readonly isOfDirectory: boolean;
  readonly lines: ListingLines;
}

type Called =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'entry'; readonly entry: DirectoryEntry }
  | { readonly kind: 'pattern'; readonly path: string; readonly pattern: PathPattern };

/**
 * Names come with the path as it was called, so that they can be said to RETR as they are (RFC 1123 4.1.2.7); a long line of an entry of
 * a directory has its name alone.
 * @param argument options, and a path of which some names may have wildcards
 * @param style where no option says another
 * @returns undefined when nothing can be called so
 * @throws StorageError for what is not there or denied, before any line is made
 */
export async function listingLines(
  control: Control,
  { storage }: AuthenticatedSession,
  argument: string,
  style: ListOptions['style'],
): Promise<CalledListing | undefined> {
  const { options, called } = parseListOptions(argument, style);
  const isLong = options.style === 'long';
  const concerned = resolveVirtualPath(control.settings.workingDirectory, called);
  if (concerned !== undefined) control.siteLog?.concerned(concerned);
  const found = await find(storage, control.settings.workingDirectory, called, options);
  if (found === undefined) return undefined;
  const walking: Walking = {
    storage,
    options,
    needsFacts: isLong || options.marks !== 'none' || options.order === 'time' || options.order === 'size',
    browse: control.options.site.directoryBrowse,
    timer: control.options.timer,
  };
  const now = control.options.clock.now();
  const lineStyle = lineStyleOf(control.options.site.directoryBrowse);
  const text = (entry: ShownEntry, name: string) => {
    const mark = nameMark(entry, options.marks);
    if (!isLong) return `${singleLine(name)}${mark}`;
    return `${formatList({ ...entry, name }, now, lineStyle)}${entry.type === 'link' ? '' : mark}`;
  };
  switch (found.kind) {
    case 'entry':
      return {
        isOfDirectory: false,
        lines: once([text(found.entry, isLong || called === '' ? found.entry.name : called)]),
      };
    case 'pattern': {
      const parts = walkPattern(walking, found.path, found.pattern);
      return {
        directory: found.path,
        isOfDirectory: false,
        lines: formatted(parts, options, (one) => text(one.entry, one.called)),
      };
    }
    case 'directory': {
      const prefix = called === '' || called === '.' ? '' : `${called.replace(/\/+$/u, '')}/`;
      const parts = walkDirectory(walking, found.path, prefix);
      return {
        directory: found.path,
        isOfDirectory: true,
        lines: formatted(parts, options, (one) => text(one.entry, isLong ? one.entry.name : one.called)),
      };
    }
  }
}

const styles = new WeakMap<DirectoryBrowse, LineStyle>();

export function lineStyleOf(browse: DirectoryBrowse): LineStyle {
  const { showFlags } = browse;
  const style = styles.get(browse) ?? {
    isUnix: showFlags.includes('StyleUnix'),
    hasLongDate: showFlags.includes('LongDate'),
    isUtc: showFlags.includes('UseGmtTime'),
  };
  styles.set(browse, style);
  return style;
}

/** A name with wildcards is a pattern only where nothing is called just so: brackets are common in names. */
async function find(
  storage: Storage,
  workingDirectory: string,
  called: string,
  { showsItself }: ListOptions,
): Promise<Called | undefined> {
  const path = resolveVirtualPath(workingDirectory, called);
  if (path === undefined) return undefined;
  const pattern = parsePathPattern(called);
  const base = pattern && resolveVirtualPath(workingDirectory, pattern.base);
  try {
    const entry = showsItself ? await storage.entry(path) : await entryUnlessDirectory(storage, path);
    return entry ? { kind: 'entry', entry } : { kind: 'directory', path };
  } catch (error) {
    if (!pattern || base === undefined || !isMissing(error)) throw error;
  }
  const { type } = await storage.stat(base);
  if (type === 'directory') return { kind: 'pattern', path: base, pattern };
  throw new StorageError('not-a-directory', `${base}: holds no names`);
}

/**
 * A directory, also one that a link leads to, is listed by its entries, and anything else as itself.
 * @returns undefined for a directory
 */
async function entryUnlessDirectory(storage: Storage, path: string): Promise<DirectoryEntry | undefined> {
  const facts = await storage.stat(path).catch((error: unknown) => {
    const leadsNowhere = error instanceof StorageError && (error.kind === 'not-found' || error.kind === 'outside');
    if (!leadsNowhere) throw error;
  });
  return facts?.type === 'directory' ? undefined : storage.entry(path);
}

/** A name of a pattern may stand behind that of a file. */
function isMissing(error: unknown): boolean {
  return error instanceof StorageError && (error.kind === 'not-found' || error.kind === 'not-a-directory');
}

async function* once(lines: readonly string[]): AsyncGenerator<readonly string[]> {
  yield lines;
}

interface SortableLine {
  readonly text: string;
  readonly name: string;
  readonly rank: number;
}

async function* formatted(
  parts: AsyncIterable<ListedPart>,
  options: ListOptions,
  text: (entry: CalledEntry) => string,
): AsyncGenerator<readonly string[]> {
  let held: SortableLine[] = [];
  for await (const { heading, entries } of parts) {
    if (heading !== undefined && options.style === 'long') {
      yield inOrder(held, options);
      held = [];
      yield ['', `${singleLine(heading)}:`];
    }
    if (options.order === 'none') yield entries.map(text);
    else {
      held.push(
        ...entries.map((one) => ({ text: text(one), name: one.called, rank: rankOf(one.entry, options.order) })),
      );
      if (held.length > maximumSorted) {
        throw new StorageError('too-many', `a listing stopped: more than ${maximumSorted} names to be put in order`);
      }
    }
  }
  yield inOrder(held, options);
}

/** Newest and largest first, as `ls` has them. */
function rankOf({ facts }: ShownEntry, order: ListOptions['order']): number {
  if (order === 'time') return -(facts?.modifiedAt.getTime() ?? 0);
  return order === 'size' ? -(facts?.size ?? 0) : 0;
}

function inOrder(lines: readonly SortableLine[], { isReversed }: ListOptions): readonly string[] {
  const sorted = lines.toSorted((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  return (isReversed ? sorted.reverse() : sorted).map(({ text }) => text);
}
