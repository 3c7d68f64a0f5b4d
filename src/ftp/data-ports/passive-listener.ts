/**
 * Listens for the one data connection of one PASV or EPSV. It takes only a connection from the address of the control
 * connection (RFC 2577 section 4), and goes on listening when a connection from another address comes first.
 */
import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { leavesRoomForTransfer } from '../../operations/descriptors.ts';
import type { Milliseconds } from '../../settings/units.ts';
import { announcedPeer, type ConnectionPeer, directPeer } from '../proxy/connection-peer.ts';
import { isTrustedProxy, type ProxyProtocol } from '../proxy/proxy-settings.ts';
import { hasPortRange, type PassivePorts } from './firewall-support.ts';

export interface PassiveListenerOptions {
  /** Local address of the control connection. */
  readonly address: string;
  readonly firewallSupport: PassivePorts;
  readonly proxyProtocol: ProxyProtocol;
  /** For a PROXY header. */
  readonly headerTimeout: Milliseconds;
  /** Address that the data connection must come from. */
  readonly peerAddress: string;
  readonly onConnection: (socket: Socket) => void;
  readonly onForeign: (address: string) => void;
  /** A trusted proxy connected and announced no client. */
  readonly onHeaderRefused: (proxyAddress: string, reason: string) => void;
  /** A connection broke before it was accepted; the kernel does not tell any more whose it was. */
  readonly onBroken: () => void;
}

export interface PassiveListener {
  readonly port: number;
  /** Stops listening; a connection already taken lives on. */
  close(): void;
}

/** `exhausted`: every port of the range is taken. `refused`: the system gives no listener at all. */
export type PassiveOutcome =
  | { readonly outcome: 'listening'; readonly listener: PassiveListener }
  | { readonly outcome: 'exhausted'; readonly tried: number }
  | { readonly outcome: 'refused'; readonly errno: string };

/** Ports tried that other programs hold, before the range counts as exhausted. */
const maximumAttempts = 64;
/** Connections from elsewhere, or without a PROXY header, that one listener reports before it stays silent about them. */
const maximumReports = 4;
/** Connections of trusted proxies that may be about to announce their clients. */
const maximumAnnouncing = 4;

/** What this process listens on now, `address:port`: to be passed over without asking the kernel. */
const listening = new Set<string>();

/**
 * @returns `exhausted` when other programs hold every port that was tried, 64 at most; `refused` with the errno of any other failure
 */
export async function openPassiveListener(options: PassiveListenerOptions): Promise<PassiveOutcome> {
  let tried = 0;
  for (const port of candidatePorts(options)) {
    const { listener, errno } = await tryListen(options, port);
    if (listener) return { outcome: 'listening', listener };
    // EACCES: a port that needs a privilege, or that a security module keeps for another program.
    if (errno !== 'EADDRINUSE' && errno !== 'EACCES') return { outcome: 'refused', errno };
    tried += 1;
    if (tried === maximumAttempts) break;
  }
  return { outcome: 'exhausted', tried };
}

/** From a random place onwards: an attacker could take a predictable port first (RFC 2577 section 8). */
function* candidatePorts({ address, firewallSupport }: PassiveListenerOptions): Generator<number> {
  if (!hasPortRange(firewallSupport)) {
    yield 0;
    return;
  }
  const { lowDataChannelPort: low, highDataChannelPort: high } = firewallSupport;
  const size = high - low + 1;
  const start = randomInt(size);
  for (let index = 0; index < size; index += 1) {
    const port = low + ((start + index) % size);
    if (!listening.has(`${address}:${port}`)) yield port;
  }
}

type Attempted =
  | { readonly listener: PassiveListener; readonly errno?: never }
  | { readonly listener?: never; readonly errno: string };

function tryListen(options: PassiveListenerOptions, port: number): Promise<Attempted> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  // Node's default queues hundreds of connections for a listener that takes one.
  const listenOptions = { host: options.address, port, backlog: 4 };
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve({ errno: error.code ?? error.message }));
    server.listen(listenOptions, () => {
      server.on('error', () => server.close());
      if (!leavesRoomForTransfer(server)) {
        server.close();
        resolve({ errno: 'EMFILE' });
        return;
      }
      const { port: taken } = server.address() as AddressInfo;
      const name = `${options.address}:${taken}`;
      listening.add(name);
      server.once('close', () => listening.delete(name));
      resolve({ listener: { port: taken, close: acceptOne(server, options) } });
    });
  });
}

/** @returns what ends it; a connection already taken lives on */
function acceptOne(server: Server, options: PassiveListenerOptions): () => void {
  const announcing = new Set<Socket>();
  let reports = 0;
  let isBrokenTold = false;
  const report = (tell: () => void) => {
    if (reports < maximumReports) tell();
    reports += 1;
  };
  const stop = () => {
    server.close();
    for (const socket of announcing) socket.destroy();
  };
  const judge = (socket: Socket, { remoteAddress, isProxyItself }: ConnectionPeer) => {
    if (remoteAddress === options.peerAddress) {
      // No other connection comes afterwards.
      stop();
      options.onConnection(socket);
      return;
    }
    refuse(socket);
    if (remoteAddress === '') {
      if (!isBrokenTold) options.onBroken();
      isBrokenTold = true;
    } else if (!isProxyItself) report(() => options.onForeign(remoteAddress));
  };
  const awaitHeader = async (socket: Socket, proxyAddress: string) => {
    announcing.add(socket);
    const announced = await announcedPeer(socket, options.headerTimeout);
    announcing.delete(socket);
    if (!server.listening) refuse(socket);
    else if (announced.outcome === 'known') judge(socket, announced.peer);
    else {
      refuse(socket);
      if (announced.outcome === 'refused') report(() => options.onHeaderRefused(proxyAddress, announced.reason));
    }
  };
  server.on('connection', (socket: Socket) => {
    const direct = directPeer(socket);
    if (!isTrustedProxy(options.proxyProtocol, direct.remoteAddress)) judge(socket, direct);
    else if (announcing.size < maximumAnnouncing) void awaitHeader(socket, direct.remoteAddress);
    else refuse(socket);
  });
  return stop;
}

/** By RST, which cannot be taken for the end of a file. */
function refuse(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.resetAndDestroy();
}
