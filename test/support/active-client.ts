/** The client’s side of active mode: it listens, names its port, and is the TLS client of the connection that comes (RFC 4217 7). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { TlsIdentity } from './control-client.ts';

export interface ActivePort {
  readonly port: number;
  /** `PORT 127,0,0,1,h,l`, or the same as EPRT. */
  readonly commands: { readonly PORT: string; readonly EPRT: string };
  /** The next connection of the server. */
  connection(): Promise<Socket>;
  /** The same under TLS, its handshake complete. */
  secured(identity: TlsIdentity): Promise<TLSSocket>;
  close(): void;
}

export async function listenActively(address = '127.0.0.1'): Promise<ActivePort> {
  const waiting: Socket[] = [];
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    waiting.push(socket);
    server.emit('arrived');
  });
  server.listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connection = async (): Promise<Socket> => {
    if (waiting.length === 0) await once(server, 'arrived');
    return waiting.shift()!;
  };
  return {
    port,
    commands: {
      PORT: `PORT ${[...address.split('.'), port >> 8, port & 255].join(',')}`,
      EPRT: `EPRT |${address.includes(':') ? 2 : 1}|${address}|${port}|`,
    },
    connection,
    secured: async (identity) => {
      // Without a host Node names localhost to the server, and a session is resumed under the name it began with.
      const socket = connectTls({ socket: await connection(), host: address, rejectUnauthorized: false, ...identity });
      socket.on('error', () => undefined);
      await once(socket, 'secureConnect');
      return socket;
    },
    close: () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}
