/** Compares what a command printed with the lines of a script, in which names stand for what differs from run to run. */

const names: Readonly<Record<string, string>> = {
  any: '.*',
  sha256: '[0-9a-f]{64}',
  /** ISO 8601 in UTC, to the second or finer. */
  time: '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z',
  date: '\\d{4}-\\d\\d-\\d\\d',
  number: '\\d+',
  milliseconds: '\\d+\\.\\d ms',
  age: '\\d+ (?:s|min|h|days?)',
  serial: '[0-9a-f]{2,40}',
  hex: '[0-9a-f]+',
};

/** Any number of lines. */
const gap = '...';

function matches(expected: string, actual: string): boolean {
  const pattern = expected
    .split(/(<[a-z0-9]+>)/)
    .map((part) => names[part.slice(1, -1)] ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${pattern}$`, 'u').test(actual);
}

/**
 * What was printed, in the words of the script as far as it is what the script expects: the same as `expected` when all of it is.
 * @param expected lines of the script
 * @param printed the whole text
 */
export function inWordsOf(expected: readonly string[], printed: string): readonly string[] {
  const actual = printed === '' ? [] : printed.replace(/\n$/, '').split('\n');
  return areEqual(expected, actual) ? expected : rendered(expected, actual);
}

/** Line by line from the front; a gap takes as few lines as make the rest fit. */
function areEqual(expected: readonly string[], actual: readonly string[]): boolean {
  let possible = new Set([0]);
  for (const line of expected) {
    const next = new Set<number>();
    if (line === gap) for (let at = Math.min(...possible); at <= actual.length; at += 1) next.add(at);
    else for (const at of possible) if (at < actual.length && matches(line, actual[at]!)) next.add(at + 1);
    if (next.size === 0) return false;
    possible = next;
  }
  return possible.has(actual.length);
}

/** Every printed line, those that fit the next expected ones in the words of the script. */
function rendered(expected: readonly string[], actual: readonly string[]): readonly string[] {
  let at = 0;
  return actual.map((line) => {
    const found = expected.findIndex((wanted, index) => index >= at && wanted !== gap && matches(wanted, line));
    if (found < 0) return line;
    at = found + 1;
    return expected[found]!;
  });
}
