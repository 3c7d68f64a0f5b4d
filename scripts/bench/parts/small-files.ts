/** Many files of 4 KiB in one session, stored and fetched, by curl and by Python's ftplib with resumed TLS sessions. */
import { join } from 'node:path';
import type { TlsVersion } from '../../../test/support/clients/client-session.ts';
import { runClient } from '../../../test/support/clients/run-client.ts';
import { python } from '../../../test/support/python.ts';
import { type Bench, makeFile, runCurl } from '../bench.ts';
import { type BenchServer, clientSession } from '../bench-server.ts';
import { type Column, compare, printTable } from '../comparison.ts';
import { costOf } from '../process-tree.ts';

const bytes = 4096;
const tls: TlsVersion = '1.3';
const columns: readonly Column[] = [
  { heading: 'STOR ms' },
  { heading: 'STOR CPU ms' },
  { heading: 'RETR ms' },
  { heading: 'RETR CPU ms' },
];

type Verb = 'STOR' | 'RETR';
type Client = (bench: Bench, server: BenchServer, verb: Verb, local: string) => Promise<void>;

const byCurl: Client = (bench, server, verb, local) => {
  const names = Array.from({ length: bench.sizes.files }, (_, index) => `small-${index}`);
  const steps = names.map((remote) =>
    verb === 'STOR'
      ? ({ do: 'upload', local, remote } as const)
      : ({ do: 'download', remote, local: '/dev/null' } as const),
  );
  return runCurl(bench, server, tls, steps);
};

const byFtplib: Client = async (bench, server, verb, local) => {
  const { files: count, nagle } = bench.sizes;
  const { timeoutMs = 0, ...session } = clientSession(bench.people, server, tls, []);
  const input = JSON.stringify({ ...session, verb, local, count, nagle });
  const script = join(import.meta.dirname, '..', 'small-files.py');
  const { exitCode, stderr } = await runClient(python, [script], { input, timeoutMs });
  if (exitCode !== 0) throw new Error(`ftplib: ${stderr}`);
};

export async function smallFiles(bench: Bench): Promise<void> {
  const { files, rounds, nagle } = bench.sizes;
  const local = await makeFile(bench, 'small.bin', bytes);
  for (const [name, client] of [
    ['curl', byCurl],
    [`ftplib ${nagle ? 'with' : 'without'} Nagle's algorithm`, byFtplib],
  ] as const) {
    const measured = await compare(bench.servers, rounds, async (server) => {
      const stored = await costOf(server.pid, () => client(bench, server, 'STOR', local));
      const fetched = await costOf(server.pid, () => client(bench, server, 'RETR', local));
      return [stored.wallMs, stored.cpuMs, fetched.wallMs, fetched.cpuMs].map((all) => all / files);
    });
    printTable(`${files} files of 4 KiB in one session, TLS ${tls}, ${name}, medians of ${rounds}`, columns, measured);
  }
}
