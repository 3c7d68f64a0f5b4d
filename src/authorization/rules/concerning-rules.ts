/** Which rules of a site concern one login: those that name its account, and whose conditions it fulfils. */
import type { AuthorizationRule } from '../authorization-rules.ts';
import type { ConditionName, LoginCircumstances, ReadyConditions } from './rule-conditions.ts';
import type { ReadyRule } from './rule-reach.ts';

/** A rule that names the account, and does not concern its login. */
export interface UnmetRule {
  /** Place in the list of rules. */
  readonly index: number;
  readonly conditions: readonly ConditionName[];
}

/** `authorization[3] (networks)`. */
export function unmetText({ index, conditions }: UnmetRule): string {
  return `authorization[${index}] (${conditions.join(', ')})`;
}

/** By what a rule does, the conditions that keep it from concerning the login. */
type Failing = Readonly<Record<AuthorizationRule['accessType'], readonly ConditionName[]>>;

/** Conditions are judged when a rule is first asked for: most are for places that a session never touches. */
export class ConcerningRules {
  readonly #named: Uint8Array;
  readonly #circumstances: LoginCircumstances;
  readonly #failing = new Map<ReadyConditions, Failing>();

  /** @param named by place in the list of rules, 1 for those that name the account */
  constructor(named: Uint8Array, circumstances: LoginCircumstances) {
    this.#named = named;
    this.#circumstances = circumstances;
  }

  /** Whatever its conditions are. @param index place in the list of rules */
  names(index: number): boolean {
    return this.#named[index] === 1;
  }

  has({ index, accessType, conditions }: ReadyRule): boolean {
    return this.names(index) && (!conditions || this.#failingOf(conditions)[accessType].length === 0);
  }

  unmet(rules: readonly ReadyRule[]): readonly UnmetRule[] {
    return rules.flatMap(({ index, accessType, conditions }) => {
      if (!conditions || !this.names(index)) return [];
      const failing = this.#failingOf(conditions)[accessType];
      return failing.length > 0 ? [{ index, conditions: failing }] : [];
    });
  }

  #failingOf(conditions: ReadyConditions): Failing {
    const known = this.#failing.get(conditions);
    if (known) return known;
    const answers = conditions.steady.map(({ name, holds }) => ({ name, held: holds(this.#circumstances) }));
    // Unknown is not enough for a rule that allows, and enough for one that denies.
    const failing = {
      Allow: answers.filter(({ held }) => held !== 'yes').map(({ name }) => name),
      Deny: answers.filter(({ held }) => held === 'no').map(({ name }) => name),
    };
    this.#failing.set(conditions, failing);
    return failing;
  }
}
