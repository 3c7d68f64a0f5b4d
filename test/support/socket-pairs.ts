/** The two ends of a connection over loopback: the accepted one as listeners of the server leave it, and the client’s. */
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { ServerTlsSocket } from '../../src/ftp/tls/server-tls-socket.ts';
import { completeHandshake } from '../../src/ftp/tls/tls-upgrade.ts';
import { milliseconds } from '../../src/settings/units.ts';
import type { TestIdentities } from './protocol-site.ts';

/** Ends what a test leaves open. */
export class OpenSockets {
  readonly #sockets: Socket[] = [];

  destroy(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  /** @returns `raw`: accepted, half open, paused, nothing read from it */
  async tcpPair(): Promise<{ client: Socket; raw: Socket }> {
    const accepted = Promise.withResolvers<Socket>();
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, accepted.resolve).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const client = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    const raw = await accepted.promise;
    server.close();
    client.on('error', () => undefined);
    this.#sockets.push(client, raw);
    return { client, raw };
  }

  /** TLS whose client keeps TCP in its own hands: its close_notify and its FIN are two things. */
  async tlsPair({ server }: TestIdentities, version: 'TLSv1.2' | 'TLSv1.3') {
    const { client: tcp, raw } = await this.tcpPair();
    const wire = new Duplex({
      read: () => void tcp.resume(),
      write: (chunk: Buffer, _encoding, callback) => void tcp.write(chunk, () => callback()),
      final: (callback) => callback(),
    });
    tcp.on('data', (chunk) => void wire.push(chunk));
    tcp.on('end', () => void wire.push(null));
    const versions = { minVersion: version, maxVersion: version };
    const client: TLSSocket = connect({ socket: wire, rejectUnauthorized: false, ...versions });
    const secureContext = createSecureContext({ cert: server.certificate, key: server.privateKey });
    const socket = new ServerTlsSocket(raw, { isServer: true, secureContext });
    for (const one of [client, socket, raw]) one.on('error', () => undefined);
    this.#sockets.push(client, socket);
    // Never by its event alone: a socket that is destroyed in it, or in a microtask behind it, takes the process along.
    await Promise.all([completeHandshake(socket, milliseconds(20_000)), once(client, 'secureConnect')]);
    return { client, tcp, raw, socket };
  }
}
