/** One big file up and down by curl: CPU of the server for a GiB, and time. The login is within. */
import { type Bench, makeFile, runCurl } from '../bench.ts';
import { type Column, compare, printTable } from '../comparison.ts';
import { costOf } from '../process-tree.ts';

const columns: readonly Column[] = [
  { heading: 'up CPU s/GiB' },
  { heading: 'up s/GiB' },
  { heading: 'down CPU s/GiB' },
  { heading: 'down s/GiB' },
];

export async function oneBigFile(bench: Bench): Promise<void> {
  const { mebibytes, rounds, tlsVersions } = bench.sizes;
  const local = await makeFile(bench, 'big.bin', mebibytes * 1_048_576);
  const secondsPerGibibyte = (milliseconds: number) => ((milliseconds / 1000) * 1024) / mebibytes;
  for (const tls of tlsVersions) {
    const measured = await compare(bench.servers, rounds, async (server) => {
      const up = await costOf(server.pid, () => runCurl(bench, server, tls, [{ do: 'upload', local, remote: 'big' }]));
      const down = await costOf(server.pid, () =>
        runCurl(bench, server, tls, [{ do: 'download', remote: 'big', local: '/dev/null' }]),
      );
      return [up.cpuMs, up.wallMs, down.cpuMs, down.wallMs].map(secondsPerGibibyte);
    });
    printTable(`One file of ${mebibytes} MiB, TLS ${tls}, curl, medians of ${rounds}`, columns, measured);
  }
}
