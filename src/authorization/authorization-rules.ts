/**
 * The site’s authorization rules, as IIS FTP has them: Allow or Deny, for users or groups, Read or Write, below a virtual
 * path. What no rule allows is denied, and a rule that denies wins over every rule that allows.
 */
import { posix } from 'node:path';
import { z } from 'zod';
import { type Denial, denial } from '../denial.ts';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import type { AccessRights, JudgedPlace, Permission } from './access-rights.ts';
import { foldedPath } from './folded-path.ts';

const authorizationRule = z.strictObject({
  accessType: z
    .enum(['Allow', 'Deny'])
    .default('Allow')
    .describe('Deny wins over Allow')
    .meta(iis('system.ftpServer/security/authorization/add@accessType')),
  /** Without regard to case. */
  users: z
    .union([z.literal('*'), z.array(z.string().min(1).max(256)).max(10_000)])
    .optional()
    .describe('Account names, or * for every account that is logged in')
    .meta(iis('system.ftpServer/security/authorization/add@users')),
  /** Without regard to case. A name is only as unique as the directory makes it. */
  roles: z
    .array(z.string().min(1).max(1024))
    .max(1_000)
    .optional()
    .describe('Groups, by SID, distinguished name or name')
    .meta(iis('system.ftpServer/security/authorization/add@roles')),
  /** `Write` does not include `Read`. */
  permissions: z
    .array(z.enum(['Read', 'Write']))
    .min(1)
    .describe('What the rule allows or denies')
    .meta(iis('system.ftpServer/security/authorization/add@permissions')),
  /** A virtual path, with or without a slash at its end. */
  path: z
    .string()
    .max(4096)
    .regex(/^\/(?!(?:.*\/)?\.\.?(?:\/|$))/, { error: 'must be a path that begins with / and has no . or .. in it' })
    .default('/')
    .describe('The directory the rule is for, and all below it')
    .meta(iis('location@path')),
});

export const authorization = z
  .array(authorizationRule)
  .min(1)
  .max(1_000)
  .describe('Which accounts may read and write; no other account is let in');

export type AuthorizationRule = Decoded<typeof authorizationRule>;

/** What the rules look at: the mapped account and its groups, nested ones included. */
export interface AuthorizationSubject {
  readonly accountName: string;
  readonly groups: readonly {
    readonly sid?: string | undefined;
    readonly distinguishedName?: string | undefined;
    readonly name?: string | undefined;
  }[];
}

export type AuthorizationOutcome =
  | { readonly outcome: 'authorized'; readonly accessRights: AccessRights }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/**
 * @param rules in any order: the order decides nothing
 * @returns denied when the account may neither read nor write anywhere
 */
export function authorize(rules: readonly AuthorizationRule[], subject: AuthorizationSubject): AuthorizationOutcome {
  const isConcerned = concernsSubject(subject);
  const concerning = rules.filter(isConcerned).map(({ path, ...rule }) => ({ ...rule, path: plainPath(path) }));
  const has = (accessType: AuthorizationRule['accessType'], permission: Permission, place: JudgedPlace) =>
    concerning.some(
      (rule) =>
        rule.accessType === accessType &&
        rule.permissions.includes(permission) &&
        reaches[accessType](rule.path, place),
    );
  const denies = (permission: Permission, path: string, ruled: ReadonlySet<string> = nowhere) =>
    has('Deny', permission, { path, ruled });
  const accessRights: AccessRights = {
    allows: (permission, path, ruled = nowhere) =>
      has('Allow', permission, { path, ruled }) && !denies(permission, path, ruled),
    denies,
    rulePaths: placesOf(concerning),
    fixedPaths: placesOf(rules),
  };
  const isAllowedSomewhere = concerning.some(({ accessType, path, permissions }) =>
    permissions.some((permission) => accessType === 'Allow' && accessRights.allows(permission, path)),
  );
  if (isAllowedSomewhere) return { outcome: 'authorized', accessRights };
  return { outcome: 'denied', denial: notAuthorized(rules, concerning, subject) };
}

/** What the rules come to at one place, and which of them. */
export interface RuleDecision {
  readonly isAllowed: boolean;
  /** Places in the list of rules: of those that deny, or else of those that allow. None: no rule allows it. */
  readonly rules: readonly number[];
}

/**
 * For who wants to know why. A login decides by `authorize`, which comes to the same.
 * @param links that lead to the place: a rule that denies one of them denies what it leads to
 */
export function decidingRules(
  rules: readonly AuthorizationRule[],
  subject: AuthorizationSubject,
  permission: Permission,
  place: JudgedPlace,
  links: readonly JudgedPlace[] = [],
): RuleDecision {
  const isConcerned = concernsSubject(subject);
  const indices = (accessType: AuthorizationRule['accessType'], places: readonly JudgedPlace[]) =>
    rules.flatMap((rule, index) => {
      const isDeciding =
        rule.accessType === accessType &&
        rule.permissions.includes(permission) &&
        isConcerned(rule) &&
        places.some((one) => reaches[accessType](plainPath(rule.path), one));
      return isDeciding ? [index] : [];
    });
  const denying = indices('Deny', [place, ...links]);
  if (denying.length > 0) return { isAllowed: false, rules: denying };
  const allowing = indices('Allow', [place]);
  return { isAllowed: allowing.length > 0, rules: allowing };
}

const nowhere: ReadonlySet<string> = new Set();

/**
 * A rule that denies reaches whatever its path leads to, through links too. One that allows reaches what really lies at its
 * path, where the spelling may differ only as file systems that fold names let it: a link must not lend rights to its target.
 */
const reaches: Readonly<Record<AuthorizationRule['accessType'], (rulePath: string, place: JudgedPlace) => boolean>> = {
  Deny: (rulePath, { path, ruled }) => isWithin(rulePath, path) || ruled.has(rulePath),
  Allow: (rulePath, { path, ruled }) =>
    isWithin(rulePath, path) || (ruled.has(rulePath) && isWithin(foldedPath(rulePath), foldedPath(path))),
};

function placesOf(rules: readonly AuthorizationRule[]): readonly string[] {
  return [...new Set(rules.map(({ path }) => plainPath(path)))].filter((path) => path !== '/');
}

/** A rule that names no user and no role concerns no account. */
export function concernsSubject(
  subject: AuthorizationSubject,
): (rule: Pick<AuthorizationRule, 'users' | 'roles'>) => boolean {
  const accountName = folded(subject.accountName);
  const groups = new Set(
    subject.groups
      .flatMap(({ sid, distinguishedName, name }) => [sid, distinguishedName, name])
      .filter((identity) => identity !== undefined)
      .map(folded),
  );
  return ({ users = [], roles = [] }) =>
    users === '*' ||
    users.some((user) => folded(user) === accountName) ||
    roles.some((role) => groups.has(folded(role)));
}

/** However a path is spelled, a rule that denies must not miss it. */
function plainPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

function isWithin(prefix: string, virtualPath: string): boolean {
  return prefix === '/' || virtualPath === prefix || virtualPath.startsWith(`${prefix}/`);
}

/**
 * Directories compare names without regard to case, and distinguished names without regard to a space at their separators
 * (RFC 4514 2.4 writes none, RFC 2253 allowed one): a spelling must not make a rule that denies miss its group.
 */
function folded(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/ ?(?<!\\)([,=+]) ?/g, '$1');
}

function notAuthorized(
  rules: readonly AuthorizationRule[],
  concerning: readonly AuthorizationRule[],
  { accountName, groups }: AuthorizationSubject,
): Denial {
  const detail =
    concerning.length === 0
      ? `None of ${rules.length} authorization rules names ${accountName} or one of its ${groups.length} groups.`
      : `The ${concerning.length} authorization rules that concern ${accountName} allow nothing, or deny all they allow.`;
  return denial('not-authorized', detail, {
    accountName,
    rules: rules.length,
    concerningRules: concerning.length,
    groups: groups.slice(0, 20).map((group) => group.sid ?? group.distinguishedName ?? group.name ?? ''),
  });
}
