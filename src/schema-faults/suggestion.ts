/** What the person may have meant: only what the schema accepts is ever suggested. */
import { z } from 'zod';
import { definitionOf, plainSchema } from './schema-walk.ts';

/** @param written the text as it stands in the file @returns how to write it, or undefined */
export function suggestedValue(schema: z.core.$ZodType, value: unknown, written: string): string | undefined {
  const accepted = (candidate: unknown) => z.safeParse(schema, candidate).success;
  const word = nearest(written, wordsOf(schema));
  if (word !== undefined) return word;
  for (const { candidate, spelling } of candidates(value, written)) if (accepted(candidate)) return spelling;
  return undefined;
}

/** The known name nearest to a misspelled one: case aside equal, or at most two letters, and not half of it, away. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  const wanted = text.toLowerCase();
  const ranked = known
    .map((name) => ({ name, away: distance(wanted, name.toLowerCase()) }))
    .sort((a, b) => a.away - b.away);
  const [first] = ranked;
  return first && first.away <= Math.min(2, Math.floor(text.length / 3)) ? first.name : undefined;
}

function wordsOf(schema: z.core.$ZodType): readonly string[] {
  const definition = definitionOf(plainSchema(schema));
  if (definition.type === 'enum') return Object.values(definition.entries).map(String);
  if (definition.type === 'union') return definition.options.flatMap(wordsOf);
  return [];
}

interface SuggestionCandidate {
  readonly candidate: unknown;
  readonly spelling: string;
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'on', 'true'].map((word) => [word, true] as const),
  ...['no', 'off', 'false'].map((word) => [word, false] as const),
]);

/** In the order of likelihood. */
function candidates(value: unknown, written: string): readonly SuggestionCandidate[] {
  if (Array.isArray(value)) {
    const [only, ...more] = value as readonly unknown[];
    return more.length === 0 && typeof only === 'string' ? [{ candidate: only, spelling: only }] : [];
  }
  if (typeof value === 'object' || written.trim() === '') return [];
  const found: SuggestionCandidate[] = [
    { candidate: [value], spelling: `[${written}]` },
    { candidate: written, spelling: `'${written}'` },
  ];
  if (/^[0-7]+$/.test(written)) found.push({ candidate: `0${written}`, spelling: `'0${written}'` });
  const truth = truths.get(written.toLowerCase());
  if (truth !== undefined) found.push({ candidate: truth, spelling: String(truth) });
  if (/^\d+$/.test(written)) found.push({ candidate: Number(written), spelling: written });
  for (const spelling of respelled(written)) {
    found.push({ candidate: spelling, spelling }, { candidate: [spelling], spelling: `[${spelling}]` });
  }
  return found;
}

function respelled(written: string): readonly string[] {
  const [, host] = /^[a-z]+:\/\/(?:[^/@]*@)?([^/:?#]+)/i.exec(written) ?? [];
  return [
    written.trim(),
    written.replace(/\s+/g, ''),
    written.replace(/:\d+$/, ''),
    written.replace(/\.$/, ''),
    written.replace(/^\[([0-9a-f:.]+)\](?::\d+)?$/i, '$1'),
    ...(/\d$/.test(written) ? [`${written}s`] : []),
    ...(host === undefined ? [`ldaps://${written}`, `https://${written}`] : [host]),
    written.replace(/^http:/i, 'https:'),
    written.replace(/^https?:/i, 'ldaps:'),
    written.replace(/^(ldaps?:\/\/[^/]+).*$/i, '$1'),
    `/${written}`,
  ].filter((text) => text !== written);
}

/** Letters to insert, remove, replace or exchange with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows[row] = current;
    for (let column = 1; column <= b.length; column += 1) {
      const differs = a[row - 1] === b[column - 1] ? 0 : 1;
      const exchanged = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + differs,
        exchanged ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
