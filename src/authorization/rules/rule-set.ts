/** The rules of a site made ready: a login pays for the rules that name it, and not for those of all other accounts. */
import type { Clock } from '../../clock.ts';
import { type Denial, denial } from '../../denial.ts';
import type { AccessRights, JudgedPlace, Permission, RuleDecision } from '../access-rights.ts';
import type { AuthorizationOrder, AuthorizationRule } from '../authorization-rules.ts';
import {
  type ConditionName,
  type LoginCircumstances,
  type ReadyConditions,
  readyConditions,
} from './rule-conditions.ts';
import { isWithin, plainPath, type ReadyRule, reaches } from './rule-reach.ts';
import { type NamedSubject, PeopleIndex } from './subject-names.ts';

/** What the rules look at: the mapped account, its groups, nested ones included, and how it logs in. */
export interface AuthorizationSubject extends NamedSubject {
  readonly circumstances: LoginCircumstances;
}

export type AuthorizationOutcome =
  | { readonly outcome: 'authorized'; readonly accessRights: AccessRights; readonly unmet: readonly UnmetRule[] }
  | { readonly outcome: 'denied'; readonly denial: Denial };

/** A rule that names the account, and does not concern its login. */
export interface UnmetRule {
  /** Place in the list of rules. */
  readonly index: number;
  readonly conditions: readonly ConditionName[];
}

export class RuleSet {
  readonly #rules: readonly ReadyRule[];
  readonly #people: PeopleIndex;
  readonly #order: AuthorizationOrder;
  readonly #clock: Clock;
  /** By path, in the order of the list. */
  readonly #at = new Map<string, ReadyRule[]>();
  readonly #fixedPaths: readonly string[];

  /**
   * @param rules in the order of the list, which decides where the order is `firstMatch`
   * @param clock for rules that hold at certain times
   */
  constructor(rules: readonly AuthorizationRule[], order: AuthorizationOrder, clock: Clock) {
    const conditions = new Map<string, ReadyConditions | undefined>();
    this.#rules = rules.map((rule, index) => ({
      index,
      accessType: rule.accessType,
      permissions: rule.permissions,
      path: plainPath(rule.path),
      conditions: sharedConditions(conditions, rule),
    }));
    this.#people = new PeopleIndex(rules);
    this.#order = order;
    this.#clock = clock;
    for (const rule of this.#rules) {
      const there = this.#at.get(rule.path);
      if (there) there.push(rule);
      else this.#at.set(rule.path, [rule]);
    }
    this.#fixedPaths = [...this.#at.keys()].filter((path) => path !== '/');
  }

  /** What the subject may do where, be it let in or not. */
  rightsOf(subject: AuthorizationSubject): AccessRights {
    return this.#rightsBy(this.#concerning(subject).concerning);
  }

  /** @returns denied when the login may neither read nor write anywhere now */
  authorize(subject: AuthorizationSubject): AuthorizationOutcome {
    const { concerning, unmet } = this.#concerning(subject);
    const accessRights = this.#rightsBy(concerning);
    const isAllowedSomewhere = this.#rules.some(
      ({ index, accessType, permissions, path }) =>
        accessType === 'Allow' &&
        concerning[index] === 1 &&
        permissions.some((permission) => accessRights.allows(permission, path)),
    );
    if (isAllowedSomewhere) return { outcome: 'authorized', accessRights, unmet };
    const { now, later } = this.#byTime(concerning);
    return { outcome: 'denied', denial: this.#notAuthorized(subject, now, [...unmet, ...later]) };
  }

  #concerning(subject: AuthorizationSubject) {
    const concerning = this.#people.naming(subject);
    const unmet: UnmetRule[] = [];
    const known = new Map<
      ReadyConditions,
      Readonly<Record<AuthorizationRule['accessType'], readonly ConditionName[]>>
    >();
    for (const { index, accessType, conditions } of this.#rules) {
      if (!conditions || concerning[index] !== 1) continue;
      const failing = known.get(conditions) ?? failingConditions(conditions, subject.circumstances);
      known.set(conditions, failing);
      if (failing[accessType].length === 0) continue;
      concerning[index] = 0;
      unmet.push({ index, conditions: failing[accessType] });
    }
    return { concerning, unmet };
  }

  #rightsBy(concerning: Uint8Array): AccessRights {
    const own = new Map<string, readonly ReadyRule[]>();
    const rulesAt = (path: string): readonly ReadyRule[] => {
      const known = own.get(path);
      if (known) return known;
      const there = this.#at.get(path)?.filter(({ index }) => concerning[index] === 1) ?? [];
      if (there.length > 0) own.set(path, there);
      return there;
    };
    const verdict = (permission: Permission, place: JudgedPlace) =>
      verdictOf(this.#order, candidates(place, rulesAt), permission, place, this.#clock);
    let rulePaths: readonly string[] | undefined;
    const hasRules = (path: string) => this.#at.get(path)?.some(({ index }) => concerning[index] === 1) ?? false;
    const fixedPaths = this.#fixedPaths;
    return {
      allows: (permission, path, ruled = nowhere) => verdict(permission, { path, ruled }) === 'Allow',
      denies: (permission, path, ruled = nowhere) => verdict(permission, { path, ruled }) === 'Deny',
      get rulePaths() {
        rulePaths ??= fixedPaths.filter(hasRules);
        return rulePaths;
      },
      fixedPaths,
      decide: (permission, place, links = []) => this.#decide(concerning, permission, place, links),
    };
  }

  #decide(
    concerning: Uint8Array,
    permission: Permission,
    place: JudgedPlace,
    links: readonly JudgedPlace[],
  ): RuleDecision {
    const now = this.#clock.now();
    const decidingAt = (where: JudgedPlace) => {
      const found = this.#rules.filter((rule) => concerning[rule.index] === 1 && matches(rule, permission, where, now));
      if (this.#order === 'firstMatch') return found.slice(0, 1);
      const denying = found.filter(isDeny);
      return denying.length > 0 ? denying : found;
    };
    const denying = [place, ...links].flatMap((where) => decidingAt(where).filter(isDeny));
    const deciding = denying.length > 0 ? denying : decidingAt(place);
    const rules = [...new Set(deciding.map(({ index }) => index))].sort((one, other) => one - other);
    return { isAllowed: denying.length === 0 && rules.length > 0, rules };
  }

  /** Of the rules that concern a login, how many hold now, and which do not. */
  #byTime(concerning: Uint8Array): { readonly now: number; readonly later: readonly UnmetRule[] } {
    const all = this.#rules.filter(({ index }) => concerning[index] === 1);
    const time = this.#clock.now();
    const later = all.filter(({ conditions }) => conditions?.isTime?.(time) === false);
    return { now: all.length - later.length, later: later.map(({ index }) => ({ index, conditions: ['times'] })) };
  }

  #notAuthorized({ accountName, groups }: AuthorizationSubject, count: number, unmet: readonly UnmetRule[]): Denial {
    const rules = this.#rules.length;
    const unmetRules = unmet.slice(0, 20).map(unmetText);
    const named =
      count === 0
        ? `None of ${rules} authorization rules names ${accountName} or one of its ${groups.length} groups.`
        : `The ${count} authorization rules that concern ${accountName} allow nothing, or deny all they allow.`;
    const detail =
      unmet.length === 0
        ? named
        : `${count === 0 ? 'No authorization rule concerns this login' : named.slice(0, -1)}; ${unmet.length} more name ${accountName}, and not such a login: ${unmetRules.join('; ')}.`;
    return denial('not-authorized', detail, {
      accountName,
      rules,
      concerningRules: count,
      groups: groups.slice(0, 20).map((group) => group.sid ?? group.distinguishedName ?? group.name ?? ''),
      ...(unmet.length > 0 && { unmetRules }),
    });
  }
}

function isDeny({ accessType }: ReadyRule): boolean {
  return accessType === 'Deny';
}

const nowhere: ReadonlySet<string> = new Set();

/** `authorization[3] (networks)`. */
export function unmetText({ index, conditions }: UnmetRule): string {
  return `authorization[${index}] (${conditions.join(', ')})`;
}

/** Rules of one text are judged once for a login. */
function sharedConditions(known: Map<string, ReadyConditions | undefined>, rule: AuthorizationRule) {
  const { authentication, extendedKeyUsage, policies, issuers, networks, times } = rule;
  const text = JSON.stringify([authentication, extendedKeyUsage, policies, issuers, networks, times]);
  if (!known.has(text)) known.set(text, readyConditions(rule));
  return known.get(text);
}

/** Unknown is not enough for a rule that allows, and enough for one that denies. */
function failingConditions({ steady }: ReadyConditions, circumstances: LoginCircumstances) {
  const answers = steady.map(({ name, holds }) => ({ name, held: holds(circumstances) }));
  return {
    Allow: answers.filter(({ held }) => held !== 'yes').map(({ name }) => name),
    Deny: answers.filter(({ held }) => held === 'no').map(({ name }) => name),
  };
}

/** Rules whose path leads to the place, or to a directory above it. */
function* candidates({ path, ruled }: JudgedPlace, rulesAt: (path: string) => readonly ReadyRule[]) {
  yield* rulesAt('/');
  for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) yield* rulesAt(path.slice(0, end));
  if (path !== '/') yield* rulesAt(path);
  for (const one of ruled) if (!isWithin(one, path)) yield* rulesAt(one);
}

function verdictOf(
  order: AuthorizationOrder,
  rules: Iterable<ReadyRule>,
  permission: Permission,
  place: JudgedPlace,
  clock: Clock,
): AuthorizationRule['accessType'] | undefined {
  let deciding: ReadyRule | undefined;
  let now: Date | undefined;
  for (const rule of rules) {
    if (deciding && (order === 'firstMatch' ? rule.index > deciding.index : rule.accessType === 'Allow')) continue;
    now ??= clock.now();
    if (!matches(rule, permission, place, now)) continue;
    if (order === 'denyWins' && rule.accessType === 'Deny') return 'Deny';
    deciding = rule;
  }
  return deciding?.accessType;
}

/** Of a rule that concerns the login. */
function matches(rule: ReadyRule, permission: Permission, place: JudgedPlace, now: Date): boolean {
  return (
    rule.permissions.includes(permission) &&
    (rule.conditions?.isTime?.(now) ?? true) &&
    reaches[rule.accessType](rule.path, place)
  );
}
