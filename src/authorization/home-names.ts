/** The names that lead from the root of a site to the home of an account. None of them can lead elsewhere. */
import { isAbsolute, normalize } from 'node:path';
import { type HomeOwner, isolationModes, type UserIsolation } from './user-isolation.ts';

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
      if (owner.isAnonymous) return [anonymousNames(isolation, owner.accountName)];
      const ways = accountNames[isolation.layout](owner);
      if (!ways.flat().every(isSafeSegment)) return 'The account’s name cannot be the name of a directory.';
      const shared =
        !isolationModes[isolation.mode].sharesRoot && ways.some((names) => isAnonymousHome(isolation, names));
      return shared ? homeOfAnonymous : ways;
    }
    case 'Template':
      if (isolation.template === undefined) return 'The site has no template of homes.';
      return single(templateHome(isolation, isolation.template, owner));
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

/** Where IIS has them: a tree that it left works as it lies. */
function anonymousNames({ mode, layout }: UserIsolation, anonymousName: string): HomeNames {
  if (mode === 'StartInUsersDirectory') return ['default'];
  return layout === 'iis' ? [localUsers, 'Public'] : [anonymousName];
}

/** Or lies in it; in whatever letter case, for the file system may fold it. */
function isAnonymousHome(isolation: UserIsolation, names: HomeNames): boolean {
  if (isolation.anonymousName === undefined) return false;
  const anonymous = anonymousNames(isolation, isolation.anonymousName);
  return anonymous.every((name, index) => names[index]?.toLowerCase() === name.toLowerCase());
}

/** What an account has of a directory, anonymous clients do not have. */
function templateHome({ anonymousName }: UserIsolation, template: string, owner: HomeOwner): HomeNames | string {
  if (owner.isAnonymous) return templateSegments(template, { accountName: owner.accountName });
  const names = templateSegments(template, owner);
  const shared = anonymousName === undefined ? '' : templateSegments(template, { accountName: anonymousName });
  if (typeof names === 'string' || typeof shared === 'string') return names;
  const isShared = names.join('/').toLowerCase() === shared.join('/').toLowerCase();
  return isShared ? homeOfAnonymous : names;
}

const homeOfAnonymous = 'The directory of the account’s name is the home of anonymous clients.';

/** Each fact fills one segment, or a part of one: none can add segments, because the result is judged after the split. */
function templateSegments(
  template: string,
  { accountName, directory, domain, id }: Partial<HomeOwner>,
): HomeNames | string {
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
