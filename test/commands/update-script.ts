/** A script with what its commands print now. */
import type { CommandOutcome } from './run-script.ts';

/** What surely differs at the next run, by the names of expected-lines.ts. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{64}\b/g, '<sha256>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<time>'],
  [/\b\d+\.\d ms\b/g, '<milliseconds>'],
  [/\b[0-9a-f]{30,40}\b/g, '<serial>'],
  [/\b\d+ (?:s|min|h|days?) old\b/g, '<age> old'],
];

/** @param outcomes of the commands that ran; what the script says of the others stays */
export function withOutcomes(text: string, outcomes: readonly CommandOutcome[]): string {
  const byLine = new Map(outcomes.map(({ line, actual, values }) => [line, withNames(actual, values)]));
  const result: string[] = [];
  let told = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (told && /^(?:[>!](?: |$)|exit \d)/.test(line)) continue;
    result.push(line);
    const actual = byLine.get(index + 1);
    told = actual !== undefined;
    if (actual) result.push(actual);
  }
  return result.join('\n');
}

function withNames(text: string, values: Readonly<Record<string, string>>): string {
  const known = Object.entries(values).reduce((part, [name, value]) => part.replaceAll(value, `\${${name}}`), text);
  return volatile.reduce((part, [pattern, name]) => part.replace(pattern, name), known);
}
