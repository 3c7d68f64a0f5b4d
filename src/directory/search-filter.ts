/** Search filters as BER objects made from octets. No filter is ever written as text, so no value can change its structure. */
import { AndFilter, EqualityFilter, type Filter, OrFilter, PresenceFilter } from 'ldapts';

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
