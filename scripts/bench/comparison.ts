/** Rounds in alternating order of the servers, medians, and a table with the ratio of cardgate to the best peer. */
import type { BenchServer } from './bench-server.ts';

/** One figure for each column. */
type Figures = readonly number[];

export interface Column {
  readonly heading: string;
  /** Default: 'less'. */
  readonly better?: 'less' | 'more';
  /** Digits after the point. Default: 2. */
  readonly digits?: number;
}

/** @param share between 0 and 1, such as 0.5 for the median and 0.95 for p95 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * Measures every server in every round, each second round backwards, so that what else the machine does meets all of them.
 * @returns the medians of the rounds, by server
 */
export async function compare(
  servers: readonly BenchServer[],
  rounds: number,
  measure: (server: BenchServer, round: number) => Promise<Figures>,
): Promise<ReadonlyMap<BenchServer, Figures>> {
  const measured = new Map<BenchServer, Figures[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      try {
        measured.get(server)?.push(await measure(server, round));
      } catch (cause) {
        throw new Error(`${server.name} failed; it logged:\n${server.log()}`, { cause });
      }
    }
  }
  const medians = (all: readonly Figures[]) =>
    (all[0] ?? []).map((_, column) =>
      quantile(
        all.map((figures) => figures[column] ?? Number.NaN),
        0.5,
      ),
    );
  return new Map([...measured].map(([server, all]) => [server, medians(all)]));
}

/** The first server is the one that is compared with the best of the others. */
function ratios(columns: readonly Column[], [own = [], ...others]: readonly Figures[]): readonly string[] {
  return columns.map(({ better = 'less' }, index) => {
    const theirs = others.map((figures) => figures[index] ?? Number.NaN);
    const best = better === 'less' ? Math.min(...theirs) : Math.max(...theirs);
    return theirs.length > 0 ? ((own[index] ?? Number.NaN) / best).toFixed(2) : '-';
  });
}

export function printTable(
  title: string,
  columns: readonly Column[],
  measured: ReadonlyMap<BenchServer, Figures>,
): void {
  const rows = [
    ['', ...columns.map(({ heading }) => heading)],
    ...[...measured].map(([{ name }, figures]) => [
      name,
      ...figures.map((figure, index) => figure.toFixed(columns[index]?.digits ?? 2)),
    ]),
    ['cardgate / best peer', ...ratios(columns, [...measured.values()])],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = rows;
  console.log([`\n${title}`, '', line(head), rule, ...body.map(line)].join('\n'));
}
