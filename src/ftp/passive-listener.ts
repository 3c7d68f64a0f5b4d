/**
 * Listens for the one data connection of one PASV or EPSV. It takes only a connection from the address of the control
 * connection (RFC 2577 section 4), and goes on listening when somebody else comes first.
 */
import { randomInt } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';

export interface PassiveListenerOptions {
  /** Local address of the control connection. */
  readonly address: string;
  readonly ports?: { readonly low: number; readonly high: number };
  /** Address that the data connection must come from. */
  readonly peerAddress: string;
  /** Bytes read ahead from the socket. */
  readonly highWaterMark: number;
  readonly onConnection: (socket: Socket) => void;
  readonly onForeign: (address: string) => void;
}

export interface PassiveListener {
  readonly port: number;
  /** Stops listening; a connection already taken lives on. */
  close(): void;
}

/** Ports tried before the range counts as exhausted. */
const maximumAttempts = 64;
/** Connections from elsewhere that one listener reports before it stays silent about them. */
const maximumForeignReports = 4;

/** @returns undefined when no port of the range is free */
export async function openPassiveListener(options: PassiveListenerOptions): Promise<PassiveListener | undefined> {
  for (const port of candidatePorts(options.ports)) {
    const listener = await tryListen(options, port);
    if (listener) return listener;
  }
  return undefined;
}

/** `::ffff:192.0.2.1` and `192.0.2.1` are one address. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/iu, '');
}

/** From a random place onwards: a predictable port could be taken by somebody else first (RFC 2577 section 6). */
function candidatePorts(ports: PassiveListenerOptions['ports']): readonly number[] {
  if (!ports) return [0];
  const size = ports.high - ports.low + 1;
  const start = randomInt(size);
  return Array.from({ length: Math.min(size, maximumAttempts) }, (_, index) => ports.low + ((start + index) % size));
}

function tryListen(options: PassiveListenerOptions, port: number): Promise<PassiveListener | undefined> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: options.highWaterMark });
  // Node's default would queue hundreds of connections for a listener that takes one.
  const listenOptions = { host: options.address, port, backlog: 4, exclusive: true };
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(listenOptions, () => {
      server.removeAllListeners('error');
      server.on('error', () => server.close());
      acceptOne(server, options);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : port,
        close: () => void server.close(),
      });
    });
  });
}

function acceptOne(server: Server, options: PassiveListenerOptions): void {
  let foreign = 0;
  let taken = false;
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress);
    if (!taken && address === options.peerAddress) {
      taken = true;
      server.close();
      options.onConnection(socket);
      return;
    }
    socket.on('error', () => undefined);
    socket.resetAndDestroy();
    if (!taken && foreign < maximumForeignReports) options.onForeign(address);
    foreign += 1;
  });
}
