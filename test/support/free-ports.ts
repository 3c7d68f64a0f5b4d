/** Ports for servers that must be told theirs. Any program can draw a port above these from the kernel, even one that was free just now. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Ends below the first port that Linux gives to port 0 and to outgoing connections (net.ipv4.ip_local_port_range). */
const range = { low: 10_000, high: 32_767 };
const attempts = 200;

/** They listen until the process ends; the kernel then gives their names free. */
const reservations: Server[] = [];

/**
 * Ports in a row that are free at these addresses. No other test gets them while this process runs, so that a server can be restarted.
 *
 * @returns the lowest
 */
export async function freePorts(count: number, addresses: readonly string[] = ['127.0.0.1']): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const low = range.low + Math.floor(Math.random() * (range.high - range.low - count));
    const row = Array.from({ length: count }, (_, index) => low + index);
    if ((await reserve(row)) && (await areFree(row, addresses))) return low;
  }
  throw new Error(`no ${count} ports in a row are free between ${range.low} and ${range.high} at ${addresses}`);
}

/** @see freePorts */
export const freePort = (address = '127.0.0.1'): Promise<number> => freePorts(1, [address]);

/** An address in 127.0.0.0/8 on which all these ports are free, for servers whose ports cannot be chosen. No other test gets it. */
export async function freeLoopbackAddress(ports: readonly number[]): Promise<string> {
  const octet = (from: number, to: number) => from + Math.floor(Math.random() * (to - from));
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const address = `127.${octet(10, 250)}.${octet(0, 255)}.${octet(2, 250)}`;
    if ((await reserve([address])) && (await areFree(ports, [address]))) return address;
  }
  throw new Error(`no loopback address has ports ${ports.join(', ')} free (may this user listen below 1024?)`);
}

/** By an abstract name (unix(7)), which one process of this machine can have. What was reserved in vain stays reserved. */
async function reserve(what: readonly (string | number)[]): Promise<boolean> {
  const outcomes = await Promise.allSettled(what.map((name) => listening({ path: `\0cardgate-test-${name}` })));
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') reservations.push(outcome.value.unref());
  return outcomes.every(({ status }) => status === 'fulfilled');
}

async function areFree(ports: readonly number[], addresses: readonly string[]): Promise<boolean> {
  const outcomes = await Promise.allSettled(
    ports.flatMap((port) => addresses.map((host) => listening({ port, host }))),
  );
  const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return servers.length === outcomes.length;
}

async function listening(where: { path: string } | { port: number; host: string }): Promise<Server> {
  const server = createServer().listen(where);
  await once(server, 'listening');
  return server;
}
