/** An authorization rule of IIS on its way to the rules of a site. */
import type { CollectionEntry } from '../../resolution/collection-entries.ts';
import type { RulePeople } from './rule-people.ts';

/** A rule that is in force at a path, and below. */
export interface CarriedRule {
  readonly entry: CollectionEntry;
  readonly accessType: 'Allow' | 'Deny';
  readonly people: RulePeople;
  readonly permissions: readonly string[];
  readonly path: string;
}
