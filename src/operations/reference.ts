/** Short random names: the reference that ties a client's 530 to its audit record, and connection ids. */
import { randomInt } from 'node:crypto';

/** Crockford's base 32: nothing a person reads over the telephone can be mistaken. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Eight characters, 40 bits, written `XXXX-XXXX`. */
export function createReference(): string {
  const half = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return `${half()}-${half()}`;
}
