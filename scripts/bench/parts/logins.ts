/** Logins one after the other, each with a listing of the empty home: curl, a process each. */
import { type Bench, runCurl } from '../bench.ts';
import { type Column, compare, printTable } from '../comparison.ts';
import { costOf } from '../process-tree.ts';

const columns: readonly Column[] = [{ heading: 'CPU ms' }, { heading: 'ms', digits: 1 }];

export async function logins(bench: Bench): Promise<void> {
  const { logins: count, rounds, tlsVersions } = bench.sizes;
  for (const tls of tlsVersions) {
    const measured = await compare(bench.servers, rounds, async (server) => {
      const { cpuMs, wallMs } = await costOf(server.pid, async () => {
        for (let login = 0; login < count; login += 1) {
          await runCurl(bench, server, tls, [{ do: 'list', path: '/' }]);
        }
      });
      return [cpuMs / count, wallMs / count];
    });
    const title = `${count} logins, each with an empty listing, TLS ${tls}, curl, medians of ${rounds}`;
    printTable(`${title} (cardgate: certificate; peers: certificate and password)`, columns, measured);
  }
}
