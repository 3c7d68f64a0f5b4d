/** Authorization rules that decide nothing because of others, and rules that open more than others before them closed. */
import type { AuthorizationOrder } from '../../authorization/authorization-rules.ts';
import { type ConditionName, conditionNames } from '../../authorization/rules/rule-conditions.ts';
import { isPathWithin, plainPath } from '../../authorization/rules/rule-reach.ts';
import { comparedName } from '../../authorization/rules/subject-names.ts';
import { isNetworkWithin } from '../../operations/network.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

type Rule = SiteSettings['authorization'][number];

interface ComparedRule {
  readonly index: number;
  readonly rule: Rule;
  readonly path: string;
  /** `*` for accounts, `?` for clients without one, `user NAME` or `role NAME`, folded. */
  readonly people: ReadonlySet<string>;
}

/** Of so many rules for the same people and places, one is compared with the first ones. */
const maximumComparisons = 500;
/** Rules before it that one is said to open more than. */
const maximumOpened = 3;

/** @param setting of the list @param hasAnonymous whether clients without an account log in */
export function checkRuleOrder(
  source: YamlSource,
  setting: SettingPath,
  rules: readonly Rule[],
  order: AuthorizationOrder,
  hasAnonymous: boolean,
): void {
  const compared = rules.map((rule, index) => ({
    ...{ index, rule, path: plainPath(rule.path) },
    people: peopleOf(rule, hasAnonymous),
  }));
  const all = new RulesByPeople(compared);
  const denying = new RulesByPeople(compared.filter(({ rule }) => rule.accessType === 'Deny'));
  for (const one of compared) {
    if (one.people.size === 0) continue;
    const at = [...setting, one.index];
    const covering =
      coveringRules(one, all, order, (other) => other.rule.accessType !== one.rule.accessType) ??
      coveringRules(one, all, order, () => true);
    if (covering) {
      const { message, remedy } = idleness(one.rule, covering, order);
      source.warning(at, message, remedy, settingsOf([one, ...covering], setting));
    } else if (one.rule.accessType === 'Allow') {
      for (const { other, more } of openedMore(one, denying, order)) {
        source.note(
          at,
          `opens more than authorization[${other.index}] closed: ${more.join('; ')}`,
          order === 'firstMatch'
            ? 'Read the list from its top: the first rule that concerns a login decides.'
            : `Give the rule that allows the same conditions, or authorization[${other.index}] none, if that is not meant.`,
          settingsOf([one, other], setting),
        );
      }
    }
  }
}

/** Rules by the people they name: those for other people are not looked at. */
class RulesByPeople {
  readonly #rules = new Map<string, ComparedRule[]>();

  constructor(rules: readonly ComparedRule[]) {
    for (const one of rules) {
      for (const person of one.people) {
        const named = this.#rules.get(person);
        if (named) named.push(one);
        else this.#rules.set(person, [one]);
      }
    }
  }

  /** Those that may concern all of these people. */
  *forAllOf(people: ReadonlySet<string>): Generator<ComparedRule> {
    const [first = '*'] = people;
    yield* this.#rules.get('*') ?? [];
    if (first !== '*') yield* this.#rules.get(first) ?? [];
  }

  /** Those that may concern none but these people. */
  *amongst(people: ReadonlySet<string>): Generator<ComparedRule> {
    if (people.has('*')) for (const rules of this.#rules.values()) yield* rules;
    else for (const person of people) yield* this.#rules.get(person) ?? [];
  }
}

/** @returns rules that leave nothing to decide to this one, for each of its permissions one; undefined: it decides something */
function coveringRules(
  one: ComparedRule,
  all: RulesByPeople,
  order: AuthorizationOrder,
  isMeant: (other: ComparedRule) => boolean,
) {
  const covering = new Map<string, ComparedRule>();
  let comparisons = 0;
  for (const other of all.forAllOf(one.people)) {
    comparisons += 1;
    if (comparisons > maximumComparisons) break;
    if (!isMeant(other) || !mayPrecede(other, one, order) || !covers(other, one)) continue;
    for (const permission of other.rule.permissions) if (!covering.has(permission)) covering.set(permission, other);
    if (one.rule.permissions.every((permission) => covering.has(permission))) {
      return [...new Set(one.rule.permissions.flatMap((permission) => covering.get(permission) ?? []))];
    }
  }
  return undefined;
}

/** Whether the other rule is asked before this one, or is the stronger. Of two that say the same, the first decides. */
function mayPrecede(other: ComparedRule, one: ComparedRule, order: AuthorizationOrder): boolean {
  if (other === one) return false;
  if (order === 'firstMatch') return other.index < one.index;
  if (other.rule.accessType !== one.rule.accessType) return other.rule.accessType === 'Deny';
  return other.index < one.index || !covers(one, other);
}

function covers(other: ComparedRule, one: ComparedRule): boolean {
  return (
    namesAllOf(other.people, one.people) &&
    isPathWithin(other.path, one.path) &&
    conditionNames.every((name) => isWithinCondition(name, one.rule, other.rule))
  );
}

/** A star of a rule that allows does not name clients without an account. */
function namesAllOf(wide: ReadonlySet<string>, people: ReadonlySet<string>): boolean {
  return [...people].every((person) => wide.has(person) || (person !== '?' && wide.has('*')));
}

function idleness(one: Rule, covering: readonly ComparedRule[], order: AuthorizationOrder) {
  const names = covering.map(({ index }) => `authorization[${index}]`).join(' and ');
  const [first] = covering;
  if (first && JSON.stringify(first.rule) === JSON.stringify(one))
    return { message: `says the same as ${names}`, remedy: 'Remove one of the two.' };
  const does = covering.length > 1 ? 'do' : 'does';
  if (covering.every(({ rule }) => rule.accessType === one.accessType)) {
    const verb = one.accessType === 'Allow' ? 'allows' : 'denies';
    return { message: `${verb} nothing that ${names} ${does} not`, remedy: 'Remove it, or narrow the other.' };
  }
  return order === 'firstMatch'
    ? {
        message: `can never match: ${names} before it decides the same`,
        remedy: `Move it above ${names}, or remove it.`,
      }
    : { message: `can never match: ${names} denies the same, and Deny wins`, remedy: `Narrow ${names}, or remove it.` };
}

/** What a comparison rests on: of a value that is refused nothing is said. */
function settingsOf(rules: readonly ComparedRule[], setting: SettingPath): readonly SettingPath[] {
  return rules.flatMap(({ index }) => comparedSettings.map((name) => [...setting, index, name]));
}

/** What a rule that allows gives beyond those before it that deny a part of it to the same people. */
function openedMore(one: ComparedRule, denying: RulesByPeople, order: AuthorizationOrder) {
  const found = new Map<ComparedRule, readonly string[]>();
  let comparisons = 0;
  for (const other of denying.amongst(one.people)) {
    comparisons += 1;
    if (comparisons > maximumComparisons || found.size === maximumOpened) break;
    const isAmong = namesAllOf(one.people, other.people);
    const meets = isPathWithin(one.path, other.path) || isPathWithin(other.path, one.path);
    if (!isAmong || !meets || !other.rule.permissions.some((permission) => one.rule.permissions.includes(permission)))
      continue;
    if (order === 'firstMatch' && other.index > one.index) continue;
    const more =
      order === 'firstMatch' ? [...further(one, other), ...unconditional(one, other)] : unconditional(one, other);
    if (more.length > 0) found.set(other, more);
  }
  return [...found]
    .map(([other, more]) => ({ other, more }))
    .sort((left, right) => left.other.index - right.other.index);
}

function further(one: ComparedRule, closed: ComparedRule): readonly string[] {
  const permissions = one.rule.permissions.filter((permission) => !closed.rule.permissions.includes(permission));
  const hasMorePeople = one.people.has('*') ? !closed.people.has('*') : one.people.size > closed.people.size;
  return [
    ...(permissions.length > 0 ? [`${permissions.join(' and ')} in the same place`] : []),
    ...(hasMorePeople ? [one.people.has('*') ? 'every other account' : 'other accounts'] : []),
    ...(one.path !== closed.path && isPathWithin(one.path, closed.path) ? [`${one.path} outside ${closed.path}`] : []),
  ];
}

function unconditional(one: ComparedRule, closed: ComparedRule): readonly string[] {
  const names = conditionNames.filter((name) => !isWithinCondition(name, one.rule, closed.rule));
  return names.length > 0 ? [`logins to which its ${names.join(' and ')} do not apply`] : [];
}

const comparedSettings = ['accessType', 'users', 'roles', 'permissions', 'path', ...conditionNames];

/** Whether what fulfils a condition of one rule fulfils that of the other. */
function isWithinCondition(name: ConditionName, one: Rule, other: Rule): boolean {
  const wide: readonly unknown[] | undefined = other[name];
  const narrow: readonly unknown[] | undefined = one[name];
  if (!wide) return true;
  return narrow?.every((value) => wide.some((holder) => isValueWithin(name, value, holder))) ?? false;
}

function isValueWithin(name: ConditionName, value: unknown, holder: unknown): boolean {
  if (typeof value !== 'string' || typeof holder !== 'string') return JSON.stringify(value) === JSON.stringify(holder);
  if (name === 'networks') return isNetworkWithin(value, holder);
  return comparedName(value) === comparedName(holder);
}

function peopleOf({ users = [], roles = [], accessType }: Rule, hasAnonymous: boolean): ReadonlySet<string> {
  if (users === '*') return new Set(accessType === 'Deny' && hasAnonymous ? ['*', '?'] : ['*']);
  if (users === '?') return new Set(['?']);
  return new Set([
    ...users.map((user) => `user ${comparedName(user)}`),
    ...roles.map((role) => `role ${comparedName(role)}`),
  ]);
}
