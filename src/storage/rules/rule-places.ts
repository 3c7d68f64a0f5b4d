/**
 * What the paths of authorization rules lead to in one home. A rule is told by device and inode of its object, so that links,
 * letter case, accents and mounts lead around none; a rule whose object does not exist yet, by the directory that will hold it.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, realpath, rmdir, stat } from 'node:fs/promises';
import { foldedPath } from '../../authorization/folded-path.ts';
import type { HomeLocation } from '../home-location.ts';
import { decodeOctets, hostPath } from '../octet-text.ts';
import { walkPath } from '../path-walk.ts';
import { identityOf, type PinnedObject } from '../pinned-object.ts';
import { errnoOf } from '../storage-errors.ts';
import type { PlacedRule } from '../tree/virtual-tree.ts';
import { createUploadName } from '../upload-name.ts';
import { isWithin, mountsOfPartsOf, readMounts } from './mount-table.ts';

/**
 * @param home in which the objects are met
 * @returns by identity, the rules whose path leads there; a path that leads nowhere now has no object that could be reached
 */
export async function ruledObjects(
  home: HomeLocation,
  rules: readonly PlacedRule[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const ruled = new Map<string, string[]>();
  const mounts = rules.length > 0 ? await readMounts() : [];
  const holdsMounts = mounts.some(({ point }) => point !== home.path && isWithin(point, home.path));
  // One after another: an operation takes one file thread at a time, so that a path that hangs takes no more.
  for (const { path, place } of rules) {
    const host = place.hostPath(path);
    const isForeign = place.at !== home.at;
    const real = holdsMounts || isForeign ? await realPathOf(host) : host;
    const parts = holdsMounts ? mountsOfPartsOf(real, home.path, mounts) : [];
    // What holds the home is not met on any way in it.
    const whole = isForeign && isWithin(home.path, real) ? [home.path] : [];
    for (const object of [host, ...parts, ...whole]) {
      const identity = await identityAt(object);
      if (identity !== undefined) ruled.set(identity, [...(ruled.get(identity) ?? []), path]);
    }
  }
  return ruled;
}

/** The way to what a rule is for, as far as it exists. */
export interface RuleWay {
  readonly rulePath: string;
  /** Identities of the directories and links that the way needs, and of its end. */
  readonly met: ReadonlySet<string>;
  /** Where the way ends too early: in which directory, and the names that are not there. */
  readonly missing?: { readonly directory: string; readonly names: readonly string[] };
}

/** @returns identities of what has these names itself, as far as it exists */
export async function namedObjects(home: HomeLocation, virtualPaths: readonly string[]): Promise<ReadonlySet<string>> {
  const identities = new Set<string>();
  for (const path of virtualPaths) {
    const look = await lookAtName(home.hostPath(path));
    if (isObject(look)) identities.add(look.identity);
  }
  return identities;
}

/**
 * @returns one way for a rule, in their order
 * @throws system errors other than that something is missing
 */
export async function ruleWays(rules: readonly PlacedRule[]): Promise<readonly RuleWay[]> {
  const looks = new Map<string, Promise<Look>>();
  const ways: RuleWay[] = [];
  for (const { path, place } of rules)
    ways.push((await plainWay(place, path, looks)) ?? (await followedWay(place, path)));
  return ways;
}

/** Undefined: it cannot be looked at. */
type Look = { readonly identity: string; readonly stats: BigIntStats } | 'missing' | undefined;

/**
 * One look per name instead of a descriptor: most ways lead through plain directories, and a site may have many rules.
 * @param looks by host path: rules share the beginnings of their ways
 * @returns undefined when a link, or what cannot be looked at, stands on the way
 */
async function plainWay(
  home: HomeLocation,
  rulePath: string,
  looks: Map<string, Promise<Look>>,
): Promise<RuleWay | undefined> {
  const lookAt = (names: readonly string[]) => {
    const host = names.length === 0 ? home.path : home.hostPath(home.pathOf(names));
    const look = looks.get(host) ?? lookAtName(host);
    looks.set(host, look);
    return look;
  };
  const names = home.names(rulePath);
  const met = new Set<string>();
  let here = await lookAt([]);
  for (const [index, name] of names.entries()) {
    if (!isObject(here) || !here.stats.isDirectory()) return undefined;
    met.add(here.identity);
    const next = await lookAt([...names.slice(0, index), name]);
    if (next === 'missing') return { rulePath, met, missing: { directory: here.identity, names: names.slice(index) } };
    here = next;
  }
  if (!isObject(here) || here.stats.isSymbolicLink()) return undefined;
  return { rulePath, met: met.add(here.identity) };
}

async function lookAtName(host: string): Promise<Look> {
  try {
    const stats = await lstat(hostPath(host), { bigint: true });
    return { identity: identityOf(stats), stats };
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'missing' : undefined;
  }
}

function isObject(look: Look): look is Exclude<Look, 'missing' | undefined> {
  return typeof look === 'object';
}

async function followedWay(home: HomeLocation, rulePath: string): Promise<RuleWay> {
  const walk = await walkPath(home, home.names(rulePath), true);
  await walk.close();
  const { met, end } = walk;
  if (end.kind !== 'missing') return { rulePath, met };
  return { rulePath, met, missing: { directory: end.directory.identity, names: end.names } };
}

/** @returns the rules whose object a new name in the directory becomes, a name that only a link says included */
export async function rulesOfNewName(
  ways: readonly RuleWay[],
  directory: PinnedObject,
  name: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const way of ways) {
    const [last, beyond] = missingIn(way, directory);
    if (last === undefined || beyond !== undefined) continue;
    if (await isOneName(directory, last, name)) found.push(way.rulePath);
  }
  return found;
}

/**
 * @param names the first is not in the directory
 * @returns the rules for what these names lead to: surely, and where the file system compares names as
 *   loosely as any does. Which of them it is only a trial tells, and who looks for a name that is missing changes nothing.
 */
export function rulesOfMissing(ways: readonly RuleWay[], directory: PinnedObject, names: readonly string[]) {
  const rulesBy = (compared: (name: string) => string) =>
    ways
      .filter((way) => {
        const missing = missingIn(way, directory);
        const isAbove = missing.every((name, index) => compared(name) === compared(names[index] ?? ''));
        return missing.length > 0 && isAbove;
      })
      .map(({ rulePath }) => rulePath);
  return { surely: rulesBy((name) => name), perhaps: rulesBy(foldedPath) };
}

/** Whether something with this name stands above what a rule is for. */
export async function standsAboveRule(way: RuleWay, directory: PinnedObject, name: string): Promise<boolean> {
  const [first, second] = missingIn(way, directory);
  return first !== undefined && second !== undefined && isOneName(directory, first, name);
}

function missingIn({ missing }: RuleWay, directory: PinnedObject): readonly string[] {
  return missing?.directory === directory.identity ? missing.names : [];
}

async function identityAt(host: string): Promise<string | undefined> {
  try {
    return identityOf(await stat(hostPath(host), { bigint: true }));
  } catch {
    return undefined;
  }
}

/** @returns the path itself when it leads nowhere */
async function realPathOf(host: string): Promise<string> {
  try {
    return decodeOctets(await realpath(hostPath(host), { encoding: 'buffer' }));
  } catch {
    return host;
  }
}

/** Asks the file system, by a hidden directory that takes over how its parent compares names. */
async function isOneName(directory: PinnedObject, first: string, second: string): Promise<boolean> {
  if (first === second) return true;
  if (foldedPath(first) !== foldedPath(second)) return false;
  const trial = `${directory.link}/${createUploadName()}`;
  await mkdir(trial, { mode: 0o700 });
  try {
    const made = hostPath(`${trial}/${first}`);
    await mkdir(made);
    return await lstat(hostPath(`${trial}/${second}`))
      .then(() => true, isMissing)
      .finally(() => rmdir(made));
  } finally {
    await rmdir(trial);
  }
}

function isMissing(error: unknown): false {
  if (errnoOf(error) === 'ENOENT') return false;
  throw error;
}
