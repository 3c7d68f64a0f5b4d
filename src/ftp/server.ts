/**
 * The FTPS server of one site: listens on its bindings, counts connections, refuses those above the limits, and drains them
 * when it closes. It knows nothing of certificates or accounts.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { CountedWarnings } from '../operations/counted-warnings.ts';
import { DescriptorReserve } from '../operations/descriptors.ts';
import type { Milliseconds } from '../settings/units.ts';
import { type AddressAdmission, admissionOf, recordDeniedAddress } from './admission/admission.ts';
import { ControlConnection } from './control/control-connection.ts';
import { type RecheckCounts, recheckAll } from './control/recheck-round.ts';
import { messageOf } from './messages.ts';
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
    else if (!reserve.admits(socket, options.logger, remoteAddress)) turnAwayFull(socket, binding.tls);
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
    turnAwayFull(socket, tls);
    return true;
  };

  const turnAwayFull = (socket: Socket, tls: Binding['tls']) => {
    const { site } = options;
    if (site.connections.resetOnMaxConnections) socket.resetAndDestroy();
    else turnAway(socket, tls, messageOf(site.messages, 'maxClientsMessage', { siteName: site.name }));
  };

  const serve = (socket: Socket, binding: Binding, peer: ConnectionPeer) => {
    const admission = admissionOf(options, peer);
    if (!(admission instanceof Promise) && isRefused(socket, binding, peer, admission)) return;
    // What a proxy asks for itself does not count for its address, which is that of many clients or of none.
    const address = peer.isProxyItself ? undefined : peer.remoteAddress;
    if (isFull(socket, binding, peer.remoteAddress, (address !== undefined && perAddress.get(address)) || 0)) return;
    const leave = enter(address);
    if (admission instanceof Promise) void awaitAdmission(socket, binding, peer, admission, leave);
    else open(socket, binding, peer, admission, leave);
  };

  /** Nothing is read from the client until its name is known. */
  const awaitAdmission = async (
    socket: Socket,
    binding: Binding,
    peer: ConnectionPeer,
    awaited: Promise<AddressAdmission>,
    leave: () => void,
  ) => {
    announcing.add(socket);
    const ignored = () => undefined;
    socket.on('error', ignored);
    const admission = await awaited;
    announcing.delete(socket);
    if (socket.destroyed || isRefused(socket, binding, peer, admission)) return leave();
    socket.off('error', ignored);
    open(socket, binding, peer, admission, leave);
  };

  /** Counts a connection of this address. @returns to be called at its end */
  const enter = (address: string | undefined): (() => void) => {
    if (address === undefined) return () => undefined;
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    return () => {
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left > 0) perAddress.set(address, left);
      else perAddress.delete(address);
    };
  };

  const isRefused = (socket: Socket, binding: Binding, peer: ConnectionPeer, admission: AddressAdmission): boolean => {
    if (admission.outcome === 'admitted' || admission.action === 'refuseLogin') return false;
    const reference = recordDeniedAddress(options, bindingName(binding, socket.localPort), peer, admission.denial);
    if (admission.action === 'reset') socket.resetAndDestroy();
    else turnAway(socket, binding.tls, [`Your address is not served here, reference ${reference}.`]);
    return true;
  };

  const open = (
    socket: Socket,
    binding: Binding,
    peer: ConnectionPeer,
    admission: AddressAdmission,
    leave: () => void,
  ) => {
    const accepted = {
      raw: socket,
      peer,
      binding: bindingName(binding, socket.localPort),
      ...(admission.outcome === 'denied' && { addressRefusal: admission.denial }),
    };
    const connection = new ControlConnection(accepted, options, kin, connections);
    connections.add(connection);
    void connection.closed.then(() => {
      connections.delete(connection);
      leave();
    });
    connection.start(binding.tls).catch((error: unknown) => {
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
      const farewell = reply('unavailable', 'The server is closing down.');
      for (const connection of connections) connection.drain('server-closing', farewell);
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
    server.listen({ host: address, port, backlog: options.site.connections.serverListenBacklog }, () => {
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
function turnAway(socket: Socket, tls: Binding['tls'], lines: readonly string[]): void {
  socket.on('error', () => undefined);
  if (tls === 'implicit') {
    socket.destroy();
    return;
  }
  socket.end(encodeReply(reply('unavailable', ...lines)), () => socket.destroy());
}
