/** Puts all mutants into the sources of the workshop at once, each behind a switch, by Stryker’s instrumenter. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { instrumenterModule, workshop } from './workshop.ts';

/** Lines count from 0. */
interface Position {
  readonly line: number;
  readonly column: number;
}

interface StrykerMutant {
  readonly id: string;
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Instrumenter {
  instrument(
    files: readonly { name: string; mutate: true; content: string }[],
    options: object,
  ): Promise<{
    readonly files: readonly { name: string; content: string }[];
    readonly mutants: readonly StrykerMutant[];
  }>;
}

const logger = { debug: () => {}, info: () => {}, warn: () => {}, isDebugEnabled: () => false };

/** @param files paths in the repository @returns the mutants, without those that only change a sentence for people */
export async function instrument(files: readonly string[]): Promise<readonly Mutant[]> {
  const module = (await import(instrumenterModule)) as { Instrumenter: new (log: object) => Instrumenter };
  const sources = new Map(files.map((file) => [file, readFileSync(join(workshop, file), 'utf8')]));
  const input = [...sources].map(([name, content]) => ({ name, mutate: true as const, content }));
  const options = { plugins: null, excludedMutations: [], ignorers: [], noHeader: false };
  const result = await new module.Instrumenter(logger).instrument(input, options);
  for (const { name, content } of result.files) writeFileSync(join(workshop, name), content);
  return result.mutants
    .map(({ id, fileName: file, mutatorName: kind, replacement, location: { start, end } }) => {
      const original = textBetween((sources.get(file) ?? '').split('\n'), start, end);
      return { id, file, line: start.line + 1, kind, original, replacement };
    })
    .filter(({ kind, original }) => kind !== 'StringLiteral' || !isSentence(original));
}

/** A text with a blank in it is wording, which tests do not hold. */
function isSentence(literal: string): boolean {
  return /^(['"`]).* .*\1$/s.test(literal);
}

function textBetween(lines: readonly string[], start: Position, end: Position): string {
  const part = lines.slice(start.line, end.line + 1);
  part[part.length - 1] = part.at(-1)?.slice(0, end.column) ?? '';
  part[0] = part[0]?.slice(start.column) ?? '';
  return part.join('\n');
}
