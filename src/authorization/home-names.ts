/** The names that lead from the root of a site to the home of an account. None of them can lead elsewhere. */
import { isAbsolute, normalize } from 'node:path';
import type { HomeOwner, UserIsolation } from './user-isolation.ts';

/** Names below the root. */
export type HomeNames = readonly string[];

/** @returns the ways there may be, the first is the usual one; or the sentence that says why the account has no home */
export function homeNames(isolation: UserIsolation, owner: HomeOwner): readonly HomeNames[] | string {
  switch (isolation.mode) {
    case 'None':
      return [[]];
    case 'StartInUsersDirectory':
    case 'IsolateRootDirectoryOnly':
    case 'IsolateAllDirectories': {
      const ways = accountNames[isolation.layout](owner);
      return ways.flat().every(isSafeSegment) ? ways : 'The account’s name cannot be the name of a directory.';
    }
    case 'Template':
      if (isolation.template === undefined) return 'The site has no template of homes.';
      return single(templateSegments(isolation.template, owner));
    case 'DirectoryAttribute':
      return single(attributeSegments(isolation.root, hostPath(owner.homeDirectory, isolation.replacePrefixes)));
  }
}

function single(names: HomeNames | string): readonly HomeNames[] | string {
  return typeof names === 'string' ? names : [names];
}

/** IIS keeps the homes of local accounts there. */
const localUsers = 'LocalUser';

const accountNames: Readonly<Record<UserIsolation['layout'], (owner: HomeOwner) => readonly HomeNames[]>> = {
  account: ({ accountName }) => [[accountName]],
  directoryAndAccount: ({ directory, accountName }) => [[directory, accountName]],
  iis: ({ accountName, domain, netbiosDomain = domain?.split('.')[0]?.toUpperCase() }) =>
    domain === undefined
      ? [[localUsers, accountName]]
      : [netbiosDomain, domain].flatMap((name) => (name === undefined ? [] : [[name, accountName]])),
};

/** Each fact fills one segment, or a part of one: none can add segments, because the result is judged after the split. */
function templateSegments(template: string, owner: HomeOwner): HomeNames | string {
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

function attributeSegments(root: string, attribute: string | undefined): HomeNames | string {
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

/** Of host paths. */
export function isBelow(root: string, path: string): boolean {
  const prefix = root.endsWith('/') ? root : `${root}/`;
  return path.startsWith(prefix) && path.length > prefix.length;
}
