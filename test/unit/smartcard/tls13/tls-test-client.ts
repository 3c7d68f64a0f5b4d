/** A Tls13Client for tests: connected to a port of this machine, with what it is told collected for the assertions. */
import { once } from 'node:events';
import { connect, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Tls13Client, type Tls13ClientOptions } from '../../../../src/smartcard/tls13/tls13-client.ts';

export type ClientChanges = Partial<Omit<Tls13ClientOptions, 'socket'>>;

/** Takes any server: for tests that are about something else. */
export const believeAnybody = () => undefined;

export function clientTo(port: number, changes: ClientChanges = {}): Tls13Client {
  return clientOver(connect(port, '127.0.0.1'), changes);
}

export function clientOver(socket: Duplex, changes: ClientChanges = {}): Tls13Client {
  return new Tls13Client({ socket, serverName: 'localhost', verifyServer: believeAnybody, ...changes });
}

export async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Everything that can be read until the end. */
export async function readAll(client: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of client.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error that ends the connection, before or after the handshake. */
export function failureOf(client: Duplex): Promise<Error & { readonly code?: string; readonly alert?: string }> {
  return new Promise((resolve, reject) => {
    client.on('error', resolve).on('end', () => reject(new Error('it ended without an error')));
    client.resume();
  });
}
