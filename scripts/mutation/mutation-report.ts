/** What is printed of a run, and the table of test/mutants.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Mutant, Verdict } from './mutant.ts';

export interface FileResult {
  readonly file: string;
  readonly killed: number;
  /** Those of the killed that only took too long: on a busy machine a test may do so without a mutant. */
  readonly late: number;
  readonly survivors: readonly Mutant[];
  /** Those of the survivors whose place no test runs. */
  readonly uncovered: ReadonlySet<Mutant>;
}

const tableFile = resolve(import.meta.dirname, '../../test/mutants.md');
const row = /^\| (src\/[^ ]+) \| (\d+) \| (\d+) \|.*$/;
const oneLine = (text: string) => text.replace(/\s+/g, ' ').slice(0, 100);

export function resultOf(file: string, mutants: readonly Mutant[], verdicts: ReadonlyMap<string, Verdict>): FileResult {
  const having = (...wanted: readonly Verdict[]) =>
    mutants.filter(({ id }) => wanted.includes(verdicts.get(id) as Verdict)).sort((a, b) => a.line - b.line);
  return {
    file,
    killed: having('killed', 'late').length,
    late: having('late').length,
    survivors: having('survived', 'uncovered'),
    uncovered: new Set(having('uncovered')),
  };
}

export function share(killed: number, survived: number): string {
  return killed + survived === 0 ? 'no mutants' : `${Math.floor((100 * killed) / (killed + survived))} %`;
}

export function describeResult({ file, killed, late, survivors, uncovered }: FileResult): string {
  const percent = share(killed, survivors.length);
  const title = `${file}: ${killed} killed (${late} of them late), ${survivors.length} survived, ${uncovered.size} of them run by no test (${percent})`;
  const lines = survivors.map((mutant) => {
    const { line, kind, original, replacement } = mutant;
    const remark = uncovered.has(mutant) ? ' (no test runs it)' : '';
    return `  ${line}: ${kind}${remark}: ${oneLine(original)} -> ${oneLine(replacement)}`;
  });
  return [title, ...lines].join('\n');
}

/**
 * Puts the results into the table in place of the rows of the same files, and leaves out rows of files that are gone. A run on a busy
 * machine finds less, so that of two runs with as many mutants the better one stands.
 */
export function record(results: readonly FileResult[], sources: ReadonlySet<string>): void {
  const lines = readFileSync(tableFile, 'utf8').split('\n');
  const rows = new Map(lines.flatMap((line) => (row.test(line) ? [[line.replace(row, '$1'), line] as const] : [])));
  for (const { file, killed, survivors } of results) {
    const [, , before = '', left = ''] = row.exec(rows.get(file) ?? '') ?? [];
    const isOfSameMutants = Number(before) + Number(left) === killed + survivors.length;
    if (killed + survivors.length === 0) rows.delete(file);
    else if (!isOfSameMutants || killed > Number(before))
      rows.set(file, `| ${file} | ${killed} | ${survivors.length} | ${share(killed, survivors.length)} |`);
  }
  const first = lines.findIndex((line) => row.test(line));
  const table = [...rows].filter(([file]) => sources.has(file)).sort(([a], [b]) => (a < b ? -1 : 1));
  const rest = lines.filter((line) => !row.test(line));
  writeFileSync(tableFile, rest.toSpliced(first, 0, ...table.map(([, line]) => line)).join('\n'));
}
