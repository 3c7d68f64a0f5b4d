/** Rounds in alternating order of the servers, medians, and a table with the ratio of cardgate to the best peer. */
import { errorMessage } from '../../src/error-message.ts';
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

/** A server may fail a run: vsftpd now and then answers 426 to an upload under TLS 1.3 that curl has sent whole. */
const attempts = 3;

/** Says every failure. @returns undefined when the server failed every attempt */
async function attempt(server: BenchServer, measure: () => Promise<Figures>): Promise<Figures | undefined> {
  for (let left = attempts; left > 0; left -= 1) {
    try {
      return await measure();
    } catch (error) {
      console.error(`${server.name} failed a run: ${errorMessage(error).trim()}`);
    }
  }
  return undefined;
}

/**
 * Measures every server in every round, each second round backwards, so that what else the machine does meets all of them.
 * @returns the medians of the rounds, by server; empty for a server that failed in all of them
 */
export async function compare(
  servers: readonly BenchServer[],
  rounds: number,
  measure: (server: BenchServer) => Promise<Figures>,
): Promise<ReadonlyMap<BenchServer, Figures>> {
  const measured = new Map<BenchServer, Figures[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const figures = await attempt(server, () => measure(server));
      if (figures) measured.get(server)?.push(figures);
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

/** @param measured cardgate first, then its peers */
function ratios(columns: readonly Column[], [own = [], ...peers]: readonly Figures[]): readonly string[] {
  return columns.map(({ better = 'less' }, index) => {
    const theirs = peers.flatMap((figures) => figures[index] ?? []);
    const ours = own[index];
    if (ours === undefined || theirs.length === 0) return '-';
    return (ours / (better === 'less' ? Math.min(...theirs) : Math.max(...theirs))).toFixed(2);
  });
}

export function printTable(
  title: string,
  columns: readonly Column[],
  measured: ReadonlyMap<BenchServer, Figures>,
): void {
  const servers = [...measured.keys()];
  const rows = [
    ['', ...columns.map(({ heading }) => heading)],
    ...[...measured].map(([{ name }, figures]) => [
      name,
      ...columns.map(({ digits = 2 }, index) => figures[index]?.toFixed(digits) ?? 'failed'),
    ]),
    ...(servers[0]?.name === 'cardgate' ? [['cardgate / best peer', ...ratios(columns, [...measured.values()])]] : []),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = rows;
  console.log([`\n${title}`, '', line(head), rule, ...body.map(line)].join('\n'));
}
