/**
 * The FTPS server of one site: listens on its bindings, counts connections, refuses those above the limits, and drains them
 * when it closes. It knows nothing of certificates or accounts.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { CountedWarnings } from '../operations/counted-warnings.ts';
import { DescriptorReserve } from '../operations/descriptors.ts';
import type { Milliseconds } from '../settings/units.ts';
import { ControlConnection } from './control/control-connection.ts';
import { type RecheckCounts, recheckAll } from './control/recheck-round.ts';
import { announcedPeer, type ConnectionPeer, directPeer } from './proxy/connection-peer.ts';
import { recordHeaderRefusal } from './proxy/header-refusal.ts';
import { isTrustedProxy } from './proxy/proxy-settings.ts';
import { encodeReply, reply } from './reply.ts';
import type { FtpServerOptions, RenewableOptions } from './server-options.ts';
import type { Binding } from './server-settings.ts';
import { SessionKin } from './tls/session-tickets.ts';

interface ListeningAddress {
  readonly address: string;
  readonly port: number;
  readonly tls: Binding['tls'];
}

export interface FtpServer {
  /** Control connections open now. */
  readonly connectionCount: number;
  /** @returns where it listens, in the order of the bindings @throws when a binding or the TLS identity cannot be used */
  listen(): Promise<readonly ListeningAddress[]>;
  /** From now on connections are served by these, at the bindings that are there; connections that are there keep what they began with. @throws when the TLS identity cannot be used */
  renew(options: RenewableOptions): void;
  /** Decides every running login once more, within some seconds; another call takes the place of a round that runs. */
  recheckLogins(): Promise<RecheckCounts>;
  /**
   * Stops accepting, ends idle connections at once and busy ones after their command. Called again it may shorten the time.
   * @param drainTime after which transfers are given up, and soon after the rest is cut
   */
  close(drainTime: Milliseconds): Promise<void>;
}

/** IIS's serverListenBacklog. */
const listenBacklog = 60;

/** For the last replies of transfers that were given up, in milliseconds. */
const farewellTime = 1000;

/** Lines in full of refused connections, of each reason in a minute. */
const refusalsInFull = 10;

export function createFtpServer(initial: FtpServerOptions): FtpServer {
  let options = initial;
  const connections = new Set<ControlConnection>();
  /** Connections of trusted proxies that have not announced their client yet. */
  const announcing = new Set<Socket>();
  const perAddress = new Map<string, number>();
  const refusals = new CountedWarnings(refusalsInFull);
  const reserve = new DescriptorReserve();
  const kin = new SessionKin();
  let servers: readonly Server[] = [];
  let round = new AbortController();

  const accept = (socket: Socket, binding: Binding) => {
    const direct = directPeer(socket);
    const { remoteAddress } = direct;
    // Reset before it was accepted: the kernel does not know any more whose it was.
    if (remoteAddress === '') socket.destroy();
    else if (!reserve.admits(socket, options.logger, remoteAddress)) turnAway(socket, binding.tls);
    else if (!isTrustedProxy(options.site.proxyProtocol, remoteAddress)) serve(socket, binding, direct);
    else if (!isFull(socket, binding, remoteAddress)) void awaitHeader(socket, binding, remoteAddress);
  };

  const awaitHeader = async (socket: Socket, binding: Binding, proxyAddress: string) => {
    announcing.add(socket);
    const name = bindingName(binding, socket.localPort);
    const announced = await announcedPeer(socket, options.site.connections.handshakeTimeout);
    announcing.delete(socket);
    if (announced.outcome === 'known') {
      serve(socket, binding, announced.peer);
      return;
    }
    socket.resetAndDestroy();
    if (announced.outcome === 'refused' && servers.some(({ listening }) => listening))
      recordHeaderRefusal(options, name, proxyAddress, announced.reason);
  };

  /** Of the site, and of one address; then the client is told so. */
  const isFull = (socket: Socket, { tls }: Binding, remoteAddress: string, ofAddress = 0): boolean => {
    const { maxConnections, maxConnectionsPerAddress } = options.site.connections;
    const open = connections.size + announcing.size;
    if (open < maxConnections && ofAddress < maxConnectionsPerAddress) return false;
    refusals.warn(options.logger, 'connection-refused', { remoteAddress, connections: open, ofAddress });
    turnAway(socket, tls);
    return true;
  };

  const serve = (socket: Socket, binding: Binding, peer: ConnectionPeer) => {
    const { tls } = binding;
    // What a proxy asks for itself does not count for its address, which is that of many clients or of none.
    const address = peer.isProxyItself ? undefined : peer.remoteAddress;
    const ofAddress = (address !== undefined && perAddress.get(address)) || 0;
    if (isFull(socket, binding, peer.remoteAddress, ofAddress)) return;
    const name = bindingName(binding, socket.localPort);
    const connection = new ControlConnection({ raw: socket, peer, binding: name }, options, kin, connections);
    connections.add(connection);
    if (address !== undefined) perAddress.set(address, ofAddress + 1);
    void connection.closed.then(() => {
      connections.delete(connection);
      if (address === undefined) return;
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    });
    connection.start(tls).catch((error: unknown) => {
      connection.log.error('connection-failed', { error });
      connection.destroy('internal-fault');
    });
  };

  return {
    get connectionCount() {
      return connections.size;
    },
    async listen() {
      checkIdentity(options);
      servers = options.site.bindings.map((binding) =>
        createServer({ allowHalfOpen: true }, (socket) => accept(socket, binding)),
      );
      const listening = await Promise.allSettled(
        servers.map((server, index) => listenOn(server, options.site.bindings[index], options)),
      );
      const failed = listening.find((result) => result.status === 'rejected');
      if (failed) {
        for (const server of servers) server.close();
        throw failed.reason;
      }
      return listening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    },
    renew(renewed) {
      checkIdentity(renewed);
      options = { ...options, ...renewed };
    },
    recheckLogins() {
      round.abort();
      round = new AbortController();
      const watches = Array.from(connections, ({ session }) =>
        session.state === 'authenticated' ? session.watch : [],
      );
      return recheckAll(watches.flat(), round.signal);
    },
    async close(drainTime) {
      round.abort();
      const closed = servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve())));
      for (const socket of announcing) socket.destroy();
      for (const connection of connections) connection.drain();
      // A transfer that is given up is answered by 426 and 421; what does not end by that is cut.
      const giveUp = setTimeout(() => {
        for (const connection of connections) void connection.abortTransfer();
      }, drainTime);
      const cut = setTimeout(() => {
        for (const connection of connections) connection.destroy('server-closing');
      }, drainTime + farewellTime);
      await Promise.all([...closed, ...Array.from(connections, (connection) => connection.closed)]);
      clearTimeout(giveUp);
      clearTimeout(cut);
      refusals.endWindow();
      reserve.close();
    },
  };
}

/** A certificate that does not fit its key must stop the start or the reload, not every login. @throws Error of OpenSSL */
export function checkIdentity(options: RenewableOptions): void {
  new SessionKin().contextsFor(options);
}

function listenOn(server: Server, binding: Binding | undefined, options: FtpServerOptions): Promise<ListeningAddress> {
  if (!binding) throw new Error('a server without a binding');
  const { address, port, tls } = binding;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, backlog: listenBacklog }, () => {
      server.off('error', reject);
      server.on('error', (error) => options.logger.error('listener-failed', { address, port, error }));
      const bound = server.address();
      resolve({ address, port: typeof bound === 'object' && bound ? bound.port : port, tls });
    });
  });
}

/** For records. @param port the one that was found where the binding leaves it open */
function bindingName({ address, port, tls }: Binding, found: number | undefined): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return `${host}:${port === 0 ? (found ?? 0) : port} ${tls}`;
}

/** Before TLS on an implicit binding no reply can be read, so the server sends no greeting. */
function turnAway(socket: Socket, tls: Binding['tls']): void {
  socket.on('error', () => undefined);
  if (tls === 'implicit') {
    socket.destroy();
    return;
  }
  socket.end(encodeReply(reply('unavailable', 'Too many connections.')), () => socket.destroy());
}
