/** A rule's filter once more, on what an account that came back really holds: directories fold more together than ASCII case. */
import type { DirectoryAccount, FilterTree } from '../directory/directory.ts';
import { printable } from '../operations/printable.ts';
import { equalsIgnoringAsciiCase } from './ascii-case.ts';

/** @returns false too when the directory did not return the attributes the filter names */
export function holdsFilter(account: DirectoryAccount, tree: FilterTree): boolean {
  switch (tree.operator) {
    case 'and':
      return tree.operands.every((operand) => holdsFilter(account, operand));
    case 'or':
      return tree.operands.some((operand) => holdsFilter(account, operand));
    case 'not':
      return account.attributes !== undefined && !holdsFilter(account, tree.operand);
    case 'present':
      return valuesOf(account, tree.attribute).length > 0;
    case 'equals': {
      const { attribute, value, stored } = tree;
      if (attribute.toLowerCase() === 'objectsid' && typeof value === 'string') return account.sid === value;
      const expected = stored ?? value;
      return valuesOf(account, attribute).some((found) => isSame(found, expected));
    }
  }
}

function valuesOf(account: DirectoryAccount, attribute: string): readonly Buffer[] {
  return account.attributes?.get(attribute.toLowerCase()) ?? [];
}

/** Octets must be the same; text may differ in ASCII case. */
function isSame(found: Buffer, expected: string | Buffer): boolean {
  if (typeof expected !== 'string') return found.equals(expected);
  return found.length === Buffer.byteLength(expected) && equalsIgnoringAsciiCase(found.toString('utf8'), expected);
}

/** As RFC 4515 writes it, cut to a length a person can read. */
export function describeFilter(tree: FilterTree): string {
  switch (tree.operator) {
    case 'and':
    case 'or':
      return `(${tree.operator === 'and' ? '&' : '|'}${tree.operands.map(describeFilter).join('')})`;
    case 'not':
      return `(!${describeFilter(tree.operand)})`;
    case 'present':
      return `(${tree.attribute}=*)`;
    case 'equals':
      return `(${tree.attribute}=${describeValue(tree.value)})`;
  }
}

const longestOctetsShown = 64;

function describeValue(value: string | Buffer): string {
  if (typeof value === 'string') return printable(value).replace(/[*()]/g, (character) => `\\${hexOf(character)}`);
  const shown = value.subarray(0, longestOctetsShown).toString('hex').replace(/../g, '\\$&');
  return value.length > longestOctetsShown ? `${shown}… (${value.length} octets)` : shown;
}

function hexOf(character: string): string {
  return Buffer.from(character).toString('hex');
}
