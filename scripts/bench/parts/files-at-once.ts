/** Eight clients at once, each with a big file of its own. */
import type { ClientStep } from '../../../test/support/clients/client-session.ts';
import { type Bench, makeFile, runCurl } from '../bench.ts';
import type { BenchServer } from '../bench-server.ts';
import { type Column, compare, printTable } from '../comparison.ts';
import { costOf } from '../process-tree.ts';

const clients = 8;
const columns: readonly Column[] = [
  { heading: 'up MiB/s', better: 'more', digits: 0 },
  { heading: 'up CPU s/GiB' },
  { heading: 'down MiB/s', better: 'more', digits: 0 },
  { heading: 'down CPU s/GiB' },
];

export async function filesAtOnce(bench: Bench): Promise<void> {
  const { rounds } = bench.sizes;
  const each = Math.max(1, Math.round(bench.sizes.mebibytes / 4));
  const local = await makeFile(bench, 'parallel.bin', each * 1_048_576);
  const total = clients * each;
  const move = async (server: BenchServer, step: (client: number) => ClientStep) => {
    const { wallMs, cpuMs } = await costOf(server.pid, async () => {
      await Promise.all(Array.from({ length: clients }, (_, client) => runCurl(bench, server, '1.3', [step(client)])));
    });
    return [total / (wallMs / 1000), ((cpuMs / 1000) * 1024) / total];
  };
  const measured = await compare(bench.servers, rounds, async (server) => [
    ...(await move(server, (client) => ({ do: 'upload', local, remote: `parallel-${client}` }))),
    ...(await move(server, (client) => ({ do: 'download', remote: `parallel-${client}`, local: '/dev/null' }))),
  ]);
  printTable(`${clients} clients at once, ${each} MiB each, TLS 1.3, curl, medians of ${rounds}`, columns, measured);
}
