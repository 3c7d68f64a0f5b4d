/** Search filters as BER objects made from octets. No filter is ever written as text, so no value can change its structure. */
import { AndFilter, EqualityFilter, type Filter, NotFilter, OrFilter, PresenceFilter } from 'ldapts';
import { sidToBinary } from './active-directory/sid.ts';
import type { FilterTree } from './directory.ts';
import type { LdapEntry } from './ldap-entry.ts';

/** Longer values stand in no directory we know; servers have crashed on less. */
const longestValue = 8192;

/** @throws RangeError when the value is empty or longer than 8 KiB: neither can be meant */
export function equals(attribute: string, value: string | Buffer): Filter {
  const octets = Buffer.from(value);
  if (octets.length === 0 || octets.length > longestValue) {
    throw new RangeError(`a value of ${octets.length} octets cannot be searched for`);
  }
  return new EqualityFilter({ attribute, value: octets });
}

/** RFC 4526: without an operand it is true for every entry. */
export function allOf(...filters: readonly Filter[]): Filter {
  return new AndFilter({ filters: [...filters] });
}

/** @throws RangeError when there is no alternative */
export function anyOf(filters: readonly Filter[]): Filter {
  if (filters.length === 0) throw new RangeError('a search needs at least one alternative');
  return new OrFilter({ filters: [...filters] });
}

/** For reading one entry that is named by its distinguished name. */
export const anyEntry: Filter = new PresenceFilter({ attribute: 'objectClass' });

/** @param attribute description by RFC 4512 2.5 */
export function present(attribute: string): Filter {
  return new PresenceFilter({ attribute });
}

/** @throws RangeError for a value that cannot be searched for, and an operator without operands */
export function filterOfTree(tree: FilterTree): Filter {
  switch (tree.operator) {
    case 'and':
      if (tree.operands.length === 0) throw new RangeError('a search needs at least one condition');
      return allOf(...tree.operands.map(filterOfTree));
    case 'or':
      return anyOf(tree.operands.map(filterOfTree));
    case 'not':
      return new NotFilter({ filter: filterOfTree(tree.operand) });
    case 'present':
      return present(tree.attribute);
    case 'equals':
      return equals(tree.attribute, assertionValue(tree.attribute, tree.value));
  }
}

/** A SID stands in text in rules and in octets in objectSid; servers other than Active Directory know the octets only. */
function assertionValue(attribute: string, value: string | Buffer): string | Buffer {
  const isSid = typeof value === 'string' && attribute.toLowerCase() === 'objectsid';
  return (isSid ? sidToBinary(value) : undefined) ?? value;
}

/** The attributes a filter names, which have to be requested so that its answer can be compared again. */
export function attributesOfTree(tree: FilterTree): readonly string[] {
  switch (tree.operator) {
    case 'and':
    case 'or':
      return [...new Set(tree.operands.flatMap(attributesOfTree))];
    case 'not':
      return attributesOfTree(tree.operand);
    default:
      return [tree.attribute];
  }
}

/** Their values in an entry, as `DirectoryAccount.attributes` holds them. */
export function attributeValues(entry: LdapEntry, names: readonly string[]): ReadonlyMap<string, readonly Buffer[]> {
  const pairs = names.map((name) => [name.toLowerCase(), entry.octets(name)] as const);
  return new Map(pairs.filter(([, values]) => values.length > 0));
}
