/** Values of the input as messages repeat them: cut and escaped. */
import { printable } from '../../operations/printable.ts';

const longestEcho = 80;

/** @returns the value in quotation marks, safe for a terminal */
export function echo(value: string): string {
  const cut = value.length > longestEcho ? `${value.slice(0, longestEcho)}…` : value;
  return `"${printable(cut)}"`;
}
