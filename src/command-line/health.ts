/** `cardgate health`: asks every explicit port of a running gateway for its greeting, for container health checks. */
import { connect } from 'node:net';
import type { LoadedSite } from '../config/load.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

const timeoutMilliseconds = 3_000;

export async function health(sites: readonly LoadedSite[], terminal: Terminal): Promise<ExitCode> {
  const bindings = sites.flatMap(({ settings }) =>
    settings.bindings.map((binding) => ({ site: settings.name, ...binding })),
  );
  let healthy = true;
  for (const { site, address, port, tls } of bindings) {
    const greets = tls !== 'implicit' && port !== 990;
    const problem = await probe(reachable(address), port, greets);
    terminal.write(`${site} ${address} port ${port}: ${problem ?? 'answers'}\n`);
    if (problem !== undefined) healthy = false;
  }
  return healthy ? exitCode.done : exitCode.refused;
}

/** The unspecified addresses are for listening; a client asks loopback. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

/** @returns what is wrong, or undefined */
function probe(host: string, port: number, greets: boolean): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(timeoutMilliseconds, () => finish('no answer'));
    socket.once('error', (error) => finish(error.message));
    socket.once('connect', () => {
      if (!greets) finish();
    });
    socket.once('data', (chunk) => finish(chunk.toString('latin1').startsWith('220') ? undefined : 'no 220 greeting'));
    socket.once('close', () => finish('closed the connection'));
  });
}
