/**
 * Patterns for values of certificates: literal text with `*` for any run of characters, always for the whole value. There are no
 * regular expressions here, so hostile text costs time in proportion to its length and an anchor cannot be forgotten.
 */
import { asciiLowerCase } from '../ascii-case.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

export interface TextPattern {
  readonly source: string;
  /** The literal runs between the stars; one run: no star. */
  readonly runs: readonly string[];
}

const longestPattern = 1024;
const mostStars = 8;

/**
 * @param source `\*` and `\\` are the characters themselves
 * @throws RuleSyntaxError for other escapes, and for a pattern that everything matches
 */
export function parseTextPattern(source: string): TextPattern {
  if (source.length > longestPattern) throw new RuleSyntaxError(`is longer than ${longestPattern} characters`);
  const runs = [''];
  for (let index = 0; index < source.length; index += 1) {
    let character = source.charAt(index);
    if (character === '*') {
      runs.push('');
      continue;
    }
    if (character === '\\') {
      index += 1;
      character = source.charAt(index);
      if (character !== '*' && character !== '\\') throw new RuleSyntaxError('a backslash stands before * or \\ only');
    }
    runs[runs.length - 1] += asciiLowerCase(character);
  }
  if (runs.length - 1 > mostStars) throw new RuleSyntaxError(`has more than ${mostStars} stars`);
  if (runs.every((run) => run === '')) throw new RuleSyntaxError('holds no text, so everything or nothing matches');
  return { source, runs };
}

/** Whether the whole value matches, without regard to ASCII case. */
export function matchesPattern({ runs }: TextPattern, value: string): boolean {
  const text = asciiLowerCase(value);
  const [first = '', ...others] = runs;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let position = first.length;
  for (const run of others) {
    const found = text.indexOf(run, position);
    if (found < 0 || found + run.length > end) return false;
    position = found + run.length;
  }
  return true;
}
