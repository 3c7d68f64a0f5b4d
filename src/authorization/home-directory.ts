/**
 * User isolation: which directory of the host an account is confined to. It refuses account names that are not plainly one
 * path segment, and homes that lie outside the site’s root, by name or by link.
 */
import { lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { z } from 'zod';
import { type Denial, denial } from '../denial.ts';
import { errorMessage } from '../error-message.ts';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';

/** The modes of IIS’s `userIsolation` that make sense here; `DirectoryAttribute` is its `ActiveDirectory`, for any directory. */
export const userIsolation = z
  .strictObject({
    mode: z
      .enum(['None', 'IsolateAllDirectories', 'Template', 'DirectoryAttribute'])
      .default('IsolateAllDirectories')
      .describe(
        'None: all share physicalPath; IsolateAllDirectories: physicalPath/account; Template: as template says; DirectoryAttribute: home as the directory says',
      )
      .meta(iis('ftpServer/userIsolation@mode')),
    /**
     * `{directory}`: its name as configured; `{domain}`: DNS domain; `{id}`: what never changes, objectGUID or entryUUID. An account
     * that lacks one has no home, and a template without {accountName} and {id} gives several accounts one home.
     */
    template: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        'Home below physicalPath, of {accountName}, {directory}, {domain} and {id}, such as {domain}/{accountName}',
      ),
    /**
     * The first that fits counts, without regard to case, to slash or backslash, or to one at its end. The backslashes of what it fits
     * become slashes.
     */
    replacePrefixes: z
      .array(
        z.strictObject({
          from: z.string().min(1).max(1024).describe('Beginning of the directory’s value, such as \\\\fs1\\ftp'),
          to: z.string().min(1).max(1024).describe('Host path that stands for it'),
        }),
      )
      .max(100)
      .default([])
      .describe('With DirectoryAttribute: what stands for paths of another system'),
    createHome: z.boolean().default(false).describe('Make the home directory at the first login'),
  })
  .prefault({});

/** The homes of one site. */
export interface UserIsolation extends Decoded<typeof userIsolation> {
  /** Absolute host path of an existing directory; no home lies outside it. */
  readonly root: string;
  /**
   * `account`: `<root>/<accountName>`, for a site with one directory: namesakes in two directories share a home.
   * `directoryAndAccount`: `<root>/<directory>/<accountName>`, as IIS does with domains.
   */
  readonly layout: 'account' | 'directoryAndAccount';
}

/** Permission bits of directories made at login, before the process’s umask. */
const directoryMode = 0o750;

/** The facts of the mapped account that decide where its home is. */
export interface HomeOwner {
  readonly accountName: string;
  /** Name of the directory that holds the account, as configured. */
  readonly directory: string;
  /** The account’s homeDirectory attribute, as stored. */
  readonly homeDirectory?: string | undefined;
  /** DNS name of its domain. */
  readonly domain?: string | undefined;
  /** Stable and unique within the directory. */
  readonly id?: string;
}

export type HomeOutcome =
  /** Host path without links. `wouldBeMade`: it was only foreseen, and a login makes it. */
  | { readonly outcome: 'found'; readonly homeDirectory: string; readonly wouldBeMade?: true }
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
type Provision = (root: string, segments: readonly string[]) => Promise<string | undefined>;

async function homeDirectoryOf(isolation: UserIsolation, owner: HomeOwner, provide: Provision): Promise<HomeOutcome> {
  const segments = homeSegments(isolation, owner);
  if (typeof segments === 'string') return unavailable(owner, segments, { root: isolation.root });
  const home = join(isolation.root, ...segments);
  try {
    if (isolation.mode !== 'None' && isolation.createHome) {
      const missing = await provide(isolation.root, segments);
      if (missing !== undefined) return { outcome: 'found', homeDirectory: missing, wouldBeMade: true };
    }
    const [root, homeDirectory] = await Promise.all([realpath(isolation.root), realpath(home)]);
    if (segments.length > 0 && !isBelow(root, homeDirectory)) {
      return unavailable(owner, `The home ${home} is a link out of the root.`, { root, home: homeDirectory });
    }
    if ((await stat(homeDirectory)).isDirectory()) return { outcome: 'found', homeDirectory };
    return unavailable(owner, `The home ${home} is not a directory.`, { home });
  } catch (error) {
    const reason = errorMessage(error);
    return unavailable(owner, `The home ${home} cannot be used: ${reason}`, { home });
  }
}

/** Path segments of the home below the root, or the sentence that says why the account has no home. */
function homeSegments(isolation: UserIsolation, owner: HomeOwner): readonly string[] | string {
  switch (isolation.mode) {
    case 'None':
      return [];
    case 'IsolateAllDirectories': {
      const names = isolation.layout === 'account' ? [owner.accountName] : [owner.directory, owner.accountName];
      return names.every(isSafeSegment) ? names : 'The account’s name cannot be the name of a directory.';
    }
    case 'Template':
      if (isolation.template === undefined) return 'The site has no template of homes.';
      return templateSegments(isolation.template, owner);
    case 'DirectoryAttribute':
      return attributeSegments(isolation.root, hostPath(owner.homeDirectory, isolation.replacePrefixes));
  }
}

/** Each fact fills one segment, or a part of one: none can add segments, because the result is judged after the split. */
function templateSegments(template: string, owner: HomeOwner): readonly string[] | string {
  const { accountName, directory, domain, id } = owner;
  const facts: Readonly<Record<string, string | undefined>> = { accountName, directory, domain, id };
  const missing: string[] = [];
  const segments = template.split('/').map((segment) =>
    segment.replace(/\{([^{}]*)\}/g, (_whole, name: string) => {
      const fact = Object.hasOwn(facts, name) ? facts[name] : undefined;
      if (fact === undefined || fact === '') missing.push(name);
      return fact ?? '';
    }),
  );
  if (missing.length > 0) return `The account has no ${missing.join(' and no ')} for the template of its home.`;
  return segments.every(isSafeSegment) ? segments : 'The template gives a name that no directory may have.';
}

function hostPath(
  attribute: string | undefined,
  replacements: readonly { readonly from: string; readonly to: string }[],
): string | undefined {
  if (attribute === undefined) return undefined;
  const path = slashed(attribute);
  for (const { from, to } of replacements) {
    const prefix = unended(slashed(from));
    const rest = path.slice(prefix.length);
    const fits = path.slice(0, prefix.length).toLowerCase() === prefix.toLowerCase() && /^(?:\/|$)/.test(rest);
    if (fits) return `${unended(to)}${rest}`;
  }
  return attribute;
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}

/** Without the slash at its end: a prefix means the same with it. */
function unended(path: string): string {
  return path.replace(/\/$/, '');
}

function attributeSegments(root: string, attribute: string | undefined): readonly string[] | string {
  if (attribute === undefined) return 'The account has no homeDirectory attribute.';
  const home = attribute.replace(/(?<=[^/])\/$/, '');
  if (!isAbsolute(home) || normalize(home) !== home) return 'The homeDirectory attribute is not a plain absolute path.';
  if (!isBelow(normalize(root), home)) return 'The homeDirectory attribute does not lie below the root.';
  const segments = home.slice(normalize(root).length).split('/').filter(Boolean);
  return segments.every(isSafeSegment) ? segments : 'The homeDirectory attribute has a segment that is not allowed.';
}

/** Not empty, not hidden (so neither `.` nor `..`), no separator, nothing invisible, and short enough for a file system. */
function isSafeSegment(segment: string): boolean {
  return /^[^./\p{C}][^/\p{C}]*$/u.test(segment) && Buffer.byteLength(segment) <= 255;
}

function isBelow(root: string, path: string): boolean {
  const prefix = root.endsWith('/') ? root : `${root}/`;
  return path.startsWith(prefix) && path.length > prefix.length;
}

/**
 * Makes what is missing below the root; never the root itself, whose disk may not be mounted, and nothing behind a link
 * that leads out of it.
 */
async function makeDirectories(root: string, segments: readonly string[]): Promise<undefined> {
  const realRoot = await realpath(root);
  let path = realRoot;
  for (const segment of segments) {
    if (path !== realRoot && !isBelow(realRoot, path)) return;
    await mkdir(join(path, segment), { mode: directoryMode }).catch((error: unknown) => {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      if (!exists) throw error;
    });
    path = await realpath(join(path, segment));
  }
}

/** Where `makeDirectories` ends, when anything is missing. */
async function missingDirectory(root: string, segments: readonly string[]): Promise<string | undefined> {
  const realRoot = await realpath(root);
  let path = realRoot;
  for (const [index, segment] of segments.entries()) {
    if (path !== realRoot && !isBelow(realRoot, path)) return undefined;
    const entry = join(path, segment);
    // A link to nothing is an entry too: mkdir(2) does not replace it.
    if (await isMissing(entry)) return join(path, ...segments.slice(index));
    path = await realpath(entry);
  }
  return undefined;
}

async function isMissing(entry: string): Promise<boolean> {
  try {
    await lstat(entry);
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}

function unavailable(
  { accountName, homeDirectory }: HomeOwner,
  detail: string,
  facts: Readonly<Record<string, string>>,
): HomeOutcome {
  return { outcome: 'denied', denial: denial('home-unavailable', detail, { accountName, homeDirectory, ...facts }) };
}
