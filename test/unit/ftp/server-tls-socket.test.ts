/** How a TLS peer ended its side: RFC 8446 6.1 tells a whole file from one that may be cut. */
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServerTlsSocket } from '../../../src/ftp/tls/server-tls-socket.ts';
import { createIdentities, type TestIdentities } from '../../support/protocol-site.ts';

let identities: TestIdentities;
let server: Server;
const sockets: Socket[] = [];

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

/** TLS whose client keeps TCP in its own hands: its close_notify and its FIN are two things. */
async function pair(version: 'TLSv1.2' | 'TLSv1.3') {
  const accepted = Promise.withResolvers<Socket>();
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tcp = connectTcp({ port: (server.address() as { port: number }).port, host: '127.0.0.1', allowHalfOpen: true });
  tcp.on('error', () => undefined);
  const wire = new Duplex({
    read: () => void tcp.resume(),
    write: (chunk: Buffer, _encoding, callback) => void tcp.write(chunk, () => callback()),
    final: (callback) => callback(),
  });
  tcp.on('data', (chunk) => void wire.push(chunk));
  const client: TLSSocket = connect({
    socket: wire,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
  });
  client.on('error', () => undefined);
  const raw = await accepted.promise;
  const { certificate, privateKey } = identities.server;
  const secureContext = createSecureContext({ cert: certificate, key: privateKey });
  const socket = new ServerTlsSocket(raw, { isServer: true, secureContext });
  for (const one of [raw, socket]) one.on('error', () => undefined);
  sockets.push(tcp, client, raw, socket);
  await Promise.all([once(socket, 'secure'), once(client, 'secureConnect')]);
  return { client, tcp, socket };
}

type Ending = (client: TLSSocket, tcp: Socket) => void;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('the end of a %s connection', (version) => {
  it.each<[string, Ending, string]>([
    ['close_notify alone', (client) => client.end(), 'close-notify'],
    ['close_notify and FIN together', (client, tcp) => client.end(() => tcp.end()), 'close-notify'],
    ['FIN alone', (_client, tcp) => tcp.end(), 'fin'],
  ])('is told: %s', async (_rule, end, expected) => {
    const { client, tcp, socket } = await pair(version);
    client.write(Buffer.alloc(100_000));
    let read = 0;
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    await expect.poll(() => read).toBe(100_000);
    end(client, tcp);
    await once(socket, 'end');
    expect(socket.peerEnd).toBe(expected);
  });

  it('is told when the reader paused before it: close_notify behind octets that fill the reader', async () => {
    const { client, socket } = await pair(version);
    client.end(Buffer.alloc(300_000));
    await expect.poll(() => socket.readableLength).toBeGreaterThan(0);
    let read = 0;
    socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    await once(socket, 'end');
    expect([read, socket.peerEnd]).toEqual([300_000, 'close-notify']);
  });

  it('is no end when the peer resets behind octets that lie unread, though the kernel may show one', async () => {
    const { client, tcp, socket } = await pair(version);
    socket.resume();
    client.write(Buffer.alloc(200_000), () => tcp.resetAndDestroy());
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.peerEnd ?? 'reset').toBe('reset');
  });
});
