/** How long a login takes while others download at full speed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Bench, makeFile, runCurl } from '../bench.ts';
import type { BenchServer } from '../bench-server.ts';
import { openSession, readIdentity, sessionTarget } from '../bench-session.ts';
import { type Column, compare, printTable, quantile } from '../comparison.ts';
import type { Flood } from '../download-flood.ts';

const levels = [0, 10, 50, 100] as const;
const remote = 'flood';
const columns: readonly Column[] = levels.flatMap((level) => [
  { heading: `${level}: p50 ms`, digits: 0 },
  { heading: 'p95 ms', digits: 0 },
]);

/** @returns how to end it */
async function startFlood(flood: Flood): Promise<() => Promise<void>> {
  const script = join(import.meta.dirname, '..', 'download-flood.ts');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdin.write(`${JSON.stringify(flood)}\n`);
  const running = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended.then(() => null)]);
  if (running === null) throw new Error('a client that downloads has ended');
  return async () => {
    child.stdin.end();
    await ended;
  };
}

/** Downloads spread over some client processes, all of them receiving when this resolves. */
async function startFloods(bench: Bench, server: BenchServer, downloads: number) {
  const processes = Math.min(bench.sizes.floodProcesses, downloads);
  const target = sessionTarget(bench.people, server);
  return await Promise.all(
    Array.from({ length: processes }, (_, index) => {
      const sessions = Math.floor((downloads + index) / processes);
      return startFlood({ target, remote, sessions });
    }),
  );
}

export async function loginsUnderLoad(bench: Bench): Promise<void> {
  const { probes, floodProcesses, rounds } = bench.sizes;
  const mebibytes = Math.min(bench.sizes.mebibytes, 256);
  const local = await makeFile(bench, 'flood.bin', mebibytes * 1_048_576);
  for (const server of bench.servers) await runCurl(bench, server, '1.3', [{ do: 'upload', local, remote }]);
  const measured = await compare(bench.servers, rounds, async (server) => {
    const target = sessionTarget(bench.people, server);
    const identity = await readIdentity(target);
    const figures: number[] = [];
    for (const level of levels) {
      const ends = await startFloods(bench, server, level);
      const took: number[] = [];
      for (let probe = 0; probe < probes; probe += 1) {
        const began = performance.now();
        const client = await openSession(target, identity);
        took.push(performance.now() - began);
        client.destroy();
      }
      await Promise.all(ends.map((end) => end()));
      figures.push(quantile(took, 0.5), quantile(took, 0.95));
    }
    return figures;
  });
  const clients = `${floodProcesses} client processes fetch ${mebibytes} MiB files`;
  printTable(`Logins during downloads at full speed (${clients}), TLS 1.3, medians of ${rounds}`, columns, measured);
}
