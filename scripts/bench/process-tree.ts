/** What a server and all its processes cost, from proc(5). */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** sysconf(_SC_CLK_TCK) is 100 on Linux. */
const millisecondsPerTick = 10;
/** How long the processes of ended sessions may take to end, too. */
const settlingMs = 1000;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** User and system time, its own and that of the children it has waited for. */
  readonly cpuMs: number;
}

/** @returns undefined for a process that is gone */
function readStat(pid: number): ProcessStat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; the third field of proc(5) follows it.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0);
    return { pid, parent: fields[1] ?? 0, cpuMs: ticks * millisecondsPerTick };
  } catch {
    return undefined;
  }
}

/** The process and all its living descendants, threads counted within their processes. */
function processTree(root: number): readonly ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)));
  const childrenOf = Map.groupBy(
    all.filter((each) => each !== undefined),
    ({ parent }) => parent,
  );
  const below = (pid: number): readonly ProcessStat[] =>
    (childrenOf.get(pid) ?? []).flatMap((child) => [child, ...below(child.pid)]);
  const itself = readStat(root);
  return itself ? [itself, ...below(root)] : [];
}

export interface Cost {
  readonly wallMs: number;
  /** Of the server, not of the client. In steps of 10 ms for each process. */
  readonly cpuMs: number;
}

const cpuOf = (root: number) => processTree(root).reduce((sum, { cpuMs }) => sum + cpuMs, 0);

/** How many processes the server has. */
export const processCount = (root: number): number => processTree(root).length;

/** Awaits that the server has no more processes than before the sessions that have ended, for a second at most. */
export async function untilSettled(root: number, before: number): Promise<void> {
  const deadline = performance.now() + settlingMs;
  while (processCount(root) > before && performance.now() < deadline) await delay(10);
}

/** What the work costs the server, with the end of the processes that served it. */
export async function costOf(root: number, work: () => Promise<void>): Promise<Cost> {
  const processes = processCount(root);
  const cpuBefore = cpuOf(root);
  const began = performance.now();
  await work();
  const wallMs = performance.now() - began;
  await untilSettled(root, processes);
  return { wallMs, cpuMs: cpuOf(root) - cpuBefore };
}

function proportionalSetSize(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    // Gone in between, and its memory with it.
    return 0;
  }
}

/** Proportional set size of all processes: what they share counts once. */
export function memoryKibibytes(root: number): number {
  return processTree(root).reduce((sum, { pid }) => sum + proportionalSetSize(pid), 0);
}
