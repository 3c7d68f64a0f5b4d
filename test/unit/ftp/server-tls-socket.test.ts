/** How a TLS peer ended its side: RFC 8446 6.1 tells a whole file from one that may be cut. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createIdentities, type TestIdentities } from '../../support/protocol-site.ts';
import { OpenSockets } from '../../support/socket-pairs.ts';

let identities: TestIdentities;
const sockets = new OpenSockets();
const pair = (version: 'TLSv1.2' | 'TLSv1.3') => sockets.tlsPair(identities, version);

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => sockets.destroy());

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
    const told = once(socket, 'peerEnd');
    end(client, tcp);
    await Promise.all([told, once(socket, 'end')]);
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

  it('is a reset where only the address of the peer tells it', async () => {
    const { tcp, raw, socket } = await pair(version);
    Object.assign((raw as unknown as { _handle: object })._handle, { getpeername: () => -107 });
    socket.resume();
    tcp.end();
    await once(socket, 'end');
    expect(socket.peerEnd).toBe('reset');
  });

  it('is no end when the peer resets behind octets that lie unread, though the kernel may show one', async () => {
    const { client, tcp, socket } = await pair(version);
    socket.resume();
    client.write(Buffer.alloc(200_000), () => tcp.resetAndDestroy());
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.peerEnd ?? 'reset').toBe('reset');
  });
});
