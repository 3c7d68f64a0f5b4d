/** The users and roles of an authorization rule of IIS, as accounts and groups of the directory. */

export interface RulePeople {
  /** Every account. */
  readonly everyAccount: boolean;
  /** By their own name, without a domain. */
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
  /** `?`, or `*` among the users: clients without an account, where the site has such. */
  readonly anonymous: boolean;
  /** A user called anonymous. IIS knows no such client, so that only what denies it counts. */
  readonly anonymousByName: boolean;
  /** What no account or group of a directory is; a rule that denies it cannot be carried over. */
  readonly unknown: readonly string[];
  /** Parts before a backslash, in lower case. */
  readonly domains: readonly string[];
}

/** Groups that hold every account that logs in. */
const everyAccountGroups: ReadonlySet<string> = new Set([
  'everyone',
  'authenticated users',
  'nt authority\\authenticated users',
]);

/** Groups of one Windows host; a directory has none of them, or others of the same name. */
const ofTheHost: ReadonlySet<string> = new Set([
  'administrators',
  'backup operators',
  'guests',
  'iis_iusrs',
  'iusr',
  'network service',
  'power users',
  'users',
]);

/**
 * @param users as the attribute has it
 * @param roles likewise
 * @param given names that an administrator gives in place of others
 */
export function readPeople(users: string, roles: string, given: ReadonlyMap<string, string>): RulePeople {
  const userNames = namesOf(users);
  const roleNames = namesOf(roles);
  const renamed = (name: string) => given.get(name.toLowerCase());
  const told = (names: readonly string[]) => names.flatMap((name) => renamed(name) ?? []);
  const untold = (names: readonly string[]) => names.filter((name) => renamed(name) === undefined);
  const accounts = untold(userNames).filter((name) => name !== '*' && name !== '?' && !isNameOfAnonymous(name));
  const groups = untold(roleNames).filter((name) => !everyAccountGroups.has(name.toLowerCase()));
  return {
    everyAccount: userNames.includes('*') || groups.length < untold(roleNames).length,
    accounts: distinct([...told(userNames), ...accounts.filter(isAccount).map(ownName)]),
    groups: distinct([...told(roleNames), ...groups.filter(isGroup).map(ownName)]),
    anonymous: userNames.includes('?') || userNames.includes('*'),
    anonymousByName: untold(userNames).some(isNameOfAnonymous),
    unknown: distinct([...accounts.filter((name) => !isAccount(name)), ...groups.filter((name) => !isGroup(name))]),
    domains: distinct(
      [...accounts, ...groups]
        .filter((name) => name.includes('\\'))
        .map((name) => name.split('\\')[0]?.toLowerCase() ?? ''),
    ),
  };
}

function namesOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** A user principal name may begin otherwise than the name of the account. */
function isAccount(name: string): boolean {
  return !name.includes('@') && ownName(name) !== '';
}

function isGroup(name: string): boolean {
  const isBuiltIn = name.toLowerCase().startsWith('builtin\\');
  return !isBuiltIn && !ofTheHost.has(ownName(name).toLowerCase()) && ownName(name) !== '';
}

/** As published files have it, by the name that clients give. */
function isNameOfAnonymous(name: string): boolean {
  return name.toLowerCase() === 'anonymous';
}

function ownName(name: string): string {
  return name.split('\\').at(-1) ?? '';
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
