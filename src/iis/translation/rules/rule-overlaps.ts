/** Rules that deny what a rule before them allows: in IIS they may have been without effect, or may have shut people out. */
import { type InputPlace, placeText } from '../../reading/input-fault.ts';
import { isAtOrBelow } from '../../resolution/location-path.ts';
import type { CarriedRule } from './carried-rule.ts';

export interface OverlapFinding {
  readonly place: InputPlace;
  readonly message: string;
  readonly remedy: string;
}

/** @param rules in the order in which IIS reads them */
export function overlapFindings(rules: readonly CarriedRule[]): readonly OverlapFinding[] {
  return rules.flatMap((rule, index) => {
    if (rule.accessType !== 'Deny') return [];
    const allowed = rules.slice(0, index).filter((other) => other.accessType === 'Allow' && overlap(rule, other));
    if (allowed.length === 0) return [];
    const places = allowed.map(({ entry }) => placeText(entry.element.place));
    return [
      {
        place: rule.entry.element.place,
        message: `denies what the ${allowed.length === 1 ? 'rule' : 'rules'} before it at ${places.join(', ')} may allow, and wins`,
        remedy: 'Where IIS let these people in, the first rule that matched decided: remove this one then.',
      },
    ];
  });
}

function overlap(one: CarriedRule, other: CarriedRule): boolean {
  const permission = one.permissions.some((name) => other.permissions.includes(name));
  const path = isAtOrBelow(one.path, other.path) || isAtOrBelow(other.path, one.path);
  return permission && path && mayBeSame(one, other);
}

/** A group may hold any account, and an account lie in two groups. */
function mayBeSame({ people: one }: CarriedRule, { people: other }: CarriedRule): boolean {
  const isAny = (people: CarriedRule['people']) =>
    people.everyAccount || people.groups.length > 0 || people.unknown.length > 0;
  if (one.anonymous && other.anonymous) return true;
  const names = new Set(other.accounts.map((name) => name.toLowerCase()));
  const isNamed = (people: CarriedRule['people']) => isAny(people) || people.accounts.length > 0;
  if (!isNamed(one) || !isNamed(other)) return false;
  return isAny(one) || isAny(other) || one.accounts.some((name) => names.has(name.toLowerCase()));
}
