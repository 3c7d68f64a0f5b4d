/** The rules of a site made ready: a login pays for the rules that name it, and not for those of all other accounts. */
import type { Clock } from '../../clock.ts';
import { type Denial, denial } from '../../denial.ts';
import type { AccessRights, JudgedPlace, Permission, RuleDecision } from '../access-rights.ts';
import type { AuthorizationOrder, AuthorizationRule } from '../authorization-rules.ts';
import { ConcerningRules, type UnmetRule, unmetText } from './concerning-rules.ts';
import { conditionNames, type LoginCircumstances, type ReadyConditions, readyConditions } from './rule-conditions.ts';
import { isPathWithin, plainPath, type ReadyRule, reaches } from './rule-reach.ts';
import { type NamedSubject, PeopleIndex } from './subject-names.ts';

/** What the rules look at: the mapped account, its groups, nested ones included, and how it logs in. */
export interface AuthorizationSubject extends NamedSubject {
  readonly circumstances: LoginCircumstances;
}

export type AuthorizationOutcome =
  | {
      readonly outcome: 'authorized';
      readonly accessRights: AccessRights;
      /** Rules that name the account, and do not concern its login: for who wants to know. */
      readonly unmet: () => readonly UnmetRule[];
    }
  | { readonly outcome: 'denied'; readonly denial: Denial };

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

  /** @returns denied when the login may neither read nor write anywhere now */
  authorize(subject: AuthorizationSubject): AuthorizationOutcome {
    const concerning = this.#concerning(subject);
    const accessRights = this.#rightsBy(concerning);
    for (const path of this.#allowingPaths(concerning)) {
      if (permissions.some((permission) => accessRights.allows(permission, path)))
        return { outcome: 'authorized', accessRights, unmet: () => concerning.unmet(this.#rules) };
    }
    return { outcome: 'denied', denial: this.#notAuthorized(subject, concerning) };
  }

  #concerning(subject: AuthorizationSubject): ConcerningRules {
    const { circumstances } = subject;
    const isAnonymous = circumstances.method === 'anonymous';
    const named = isAnonymous ? this.#people.namingAnonymous() : this.#people.naming(subject);
    return new ConcerningRules(named, circumstances);
  }

  /** Each once: many rules may be for one path. */
  *#allowingPaths(concerning: ConcerningRules): Generator<string> {
    for (const [path, there] of this.#at) {
      if (there.some((rule) => rule.accessType === 'Allow' && concerning.has(rule))) yield path;
    }
  }

  #rightsBy(concerning: ConcerningRules): AccessRights {
    const own = new Map<string, readonly ReadyRule[]>();
    const rulesAt = (path: string): readonly ReadyRule[] => {
      const known = own.get(path);
      if (known) return known;
      const there = this.#at.get(path)?.filter((rule) => concerning.has(rule)) ?? [];
      // What has no rule is not kept: clients choose such paths.
      if (there.length > 0) own.set(path, there);
      return there;
    };
    const verdict = (permission: Permission, place: JudgedPlace) =>
      verdictOf(this.#order, rulesAt, permission, place, this.#clock.now());
    const [at, fixedPaths] = [this.#at, this.#fixedPaths];
    let rulePaths: readonly string[] | undefined;
    return {
      allows: (permission, path, ruled = nowhere) => verdict(permission, { path, ruled }) === 'Allow',
      denies: (permission, path, ruled = nowhere) => verdict(permission, { path, ruled }) === 'Deny',
      get rulePaths() {
        rulePaths ??= fixedPaths.filter((path) => at.get(path)?.some(({ index }) => concerning.names(index)));
        return rulePaths;
      },
      fixedPaths,
      decide: (permission, place, links = []) => this.#decide(concerning, permission, place, links),
    };
  }

  #decide(
    concerning: ConcerningRules,
    permission: Permission,
    place: JudgedPlace,
    links: readonly JudgedPlace[],
  ): RuleDecision {
    const now = this.#clock.now();
    const decidingAt = (where: JudgedPlace) => {
      const found = this.#rules.filter((rule) => concerning.has(rule) && matches(rule, permission, where, now));
      if (this.#order === 'firstMatch') return found.slice(0, 1);
      const denying = found.filter(isDeny);
      return denying.length > 0 ? denying : found;
    };
    const denying = [place, ...links].flatMap((where) => decidingAt(where).filter(isDeny));
    const deciding = denying.length > 0 ? denying : decidingAt(place);
    const rules = [...new Set(deciding.map(({ index }) => index))].sort((one, other) => one - other);
    return { isAllowed: denying.length === 0 && rules.length > 0, rules };
  }

  #notAuthorized({ accountName, groups }: AuthorizationSubject, concerning: ConcerningRules): Denial {
    const time = this.#clock.now();
    const all = this.#rules.filter((rule) => concerning.has(rule));
    const later = all.filter(({ conditions }) => conditions?.isTime?.(time) === false);
    const count = all.length - later.length;
    const unmet = [
      ...concerning.unmet(this.#rules),
      ...later.map(({ index }): UnmetRule => ({ index, conditions: ['times'] })),
    ];
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

const permissions: readonly Permission[] = ['Read', 'Write'];

const nowhere: ReadonlySet<string> = new Set();

/** Rules of one text are judged once for a login. */
function sharedConditions(known: Map<string, ReadyConditions | undefined>, rule: AuthorizationRule) {
  const text = JSON.stringify(conditionNames.map((name) => rule[name]));
  if (!known.has(text)) known.set(text, readyConditions(rule));
  return known.get(text);
}

/** Paths above the place, itself, and what leads to it by another name. */
function* pathsTo({ path, ruled }: JudgedPlace): Generator<string> {
  yield '/';
  for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) yield path.slice(0, end);
  if (path !== '/') yield path;
  for (const one of ruled) if (!isPathWithin(one, path)) yield one;
}

/** @param rulesAt those of one path, in the order of the list */
function verdictOf(
  order: AuthorizationOrder,
  rulesAt: (path: string) => readonly ReadyRule[],
  permission: Permission,
  place: JudgedPlace,
  now: Date,
): AuthorizationRule['accessType'] | undefined {
  let deciding: ReadyRule | undefined;
  for (const path of pathsTo(place)) {
    for (const rule of rulesAt(path)) {
      if (order === 'firstMatch' && deciding && rule.index > deciding.index) break;
      if (order === 'denyWins' && deciding && rule.accessType === 'Allow') continue;
      if (!matches(rule, permission, place, now)) continue;
      if (order === 'denyWins' && rule.accessType === 'Deny') return 'Deny';
      deciding = rule;
    }
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
