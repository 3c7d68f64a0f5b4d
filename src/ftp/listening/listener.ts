/**
 * One address and port: accepts connections, hears who is at their other end, and hands each to its site, or to the choice between
 * several. Until a site has it, a connection counts for the listener.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { DescriptorReserve } from '../../operations/descriptors.ts';
import type { Milliseconds } from '../../settings/units.ts';
import { type AddressAdmission, admissionOf, recordDeniedAddress, serverAdmissionOf } from '../admission/admission.ts';
import { ControlConnection } from '../control/control-connection.ts';
import type { HostChoice } from '../control/site-choice.ts';
import { announcedPeer, type ConnectionPeer, directPeer } from '../proxy/connection-peer.ts';
import { recordHeaderRefusal } from '../proxy/header-refusal.ts';
import { isTrustedProxy } from '../proxy/proxy-settings.ts';
import { reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import type { Binding } from '../server-settings.ts';
import { ConnectionCounts } from './connection-counts.ts';
import { type CommonParts, HostNames } from './host-names.ts';
import { addressOf, type ServedConnection, type ServedSite, type SiteEntry } from './served-site.ts';
import { turnAway, turnAwayFull } from './turning-away.ts';

export interface ListeningAddress {
  readonly address: string;
  readonly port: number;
  readonly tls: Binding['tls'];
  readonly hostName?: string | undefined;
}

/** For the last replies of transfers that were given up, in milliseconds. */
export const farewellTime = 1000;
export const closing = reply('unavailable', 'The server is closing down.');

export class Listener {
  readonly #binding: Binding;
  readonly #reserve: DescriptorReserve;
  readonly #hosts: HostNames;
  /** Connections that no site counts yet. */
  readonly #waiting = new ConnectionCounts();
  /** Those that have said nothing yet. */
  readonly #silent = new Set<Socket>();
  readonly #undecided = new Set<ServedConnection>();
  #server: Server | undefined;
  #listening: Promise<number> | undefined;

  /** @param binding of any of its sites: they agree on what is common to all */
  constructor(binding: Binding, common: CommonParts, reserve: DescriptorReserve) {
    this.#binding = binding;
    this.#hosts = new HostNames(common);
    this.#reserve = reserve;
  }

  join(site: ServedSite, hostName: string | undefined): void {
    this.#hosts.add(site, hostName);
  }

  /** No connection comes to this site any more. @returns when nothing is left here, where it was the last */
  async leave(site: ServedSite, drainTime: Milliseconds): Promise<void> {
    this.#hosts.remove(site);
    if (this.#hosts.sites.length === 0) await this.#close(drainTime);
  }

  /** @returns the port, once for all its sites @throws when the address and port cannot be had */
  listen(): Promise<number> {
    this.#listening ??= new Promise((resolve, reject) => {
      const { address, port } = this.#binding;
      const { options } = this.#hosts.reception();
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
      this.#server = server;
      server.once('error', reject);
      server.listen({ host: address, port, backlog: options.site.connections.serverListenBacklog }, () => {
        server.off('error', reject);
        server.on('error', (error) => options.logger.error('listener-failed', { address, port, error }));
        const bound = server.address();
        resolve(typeof bound === 'object' && bound ? bound.port : port);
      });
    });
    return this.#listening;
  }

  #accept(socket: Socket): void {
    if (this.#hosts.sites.length === 0) return void socket.destroy();
    const direct = directPeer(socket);
    const { remoteAddress } = direct;
    const { options } = this.#hosts.reception();
    // Reset before it was accepted: the kernel does not know any more whose it was.
    if (remoteAddress === '') socket.destroy();
    else if (!this.#reserve.admits(socket, options.logger, remoteAddress))
      turnAwayFull(socket, this.#binding.tls, options.site);
    else if (!isTrustedProxy(options.site.proxyProtocol, remoteAddress)) this.#arrive(socket, direct);
    else if (!this.#isFull(socket, { ...direct, isProxyItself: true })) void this.#awaitHeader(socket, direct, options);
  }

  async #awaitHeader(socket: Socket, { remoteAddress }: ConnectionPeer, options: FtpServerOptions): Promise<void> {
    this.#silent.add(socket);
    const leave = this.#waiting.enter(undefined);
    const name = this.#nameFor(socket);
    const announced = await announcedPeer(socket, options.site.connections.handshakeTimeout);
    this.#silent.delete(socket);
    leave();
    if (announced.outcome === 'known' && this.#hosts.sites.length > 0) {
      this.#arrive(socket, announced.peer);
      return;
    }
    socket.resetAndDestroy();
    if (announced.outcome === 'refused' && this.#server?.listening === true)
      recordHeaderRefusal(options, name, remoteAddress, announced.reason);
  }

  #arrive(socket: Socket, peer: ConnectionPeer): void {
    const { onlySite } = this.#hosts;
    const entry = onlySite ?? this.#hosts.reception();
    const admission = onlySite ? admissionOf(entry.options, peer) : serverAdmissionOf(entry.options, peer);
    if (!(admission instanceof Promise) && this.#isRefused(socket, peer, entry.options, admission)) return;
    if (this.#isFull(socket, peer)) return;
    const leave = onlySite ? onlySite.enter(peer) : this.#waiting.enter(addressOf(peer));
    if (admission instanceof Promise) void this.#awaitAdmission(socket, peer, entry, admission, leave);
    else this.#open(socket, peer, entry, admission, leave);
  }

  /** Nothing is read from the client until its name is known. */
  async #awaitAdmission(
    socket: Socket,
    peer: ConnectionPeer,
    entry: SiteEntry,
    awaited: Promise<AddressAdmission>,
    leave: () => void,
  ): Promise<void> {
    this.#silent.add(socket);
    const ignored = () => undefined;
    socket.on('error', ignored);
    const admission = await awaited;
    this.#silent.delete(socket);
    if (socket.destroyed || this.#isRefused(socket, peer, entry.options, admission)) return leave();
    socket.off('error', ignored);
    this.#open(socket, peer, entry, admission, leave);
  }

  #isRefused(socket: Socket, peer: ConnectionPeer, options: FtpServerOptions, admission: AddressAdmission): boolean {
    if (admission.outcome === 'admitted' || admission.action === 'refuseLogin') return false;
    const reference = recordDeniedAddress(options, this.#nameFor(socket), peer, admission.denial);
    if (admission.action === 'reset') socket.resetAndDestroy();
    else turnAway(socket, this.#binding.tls, [`Your address is not served here, reference ${reference}.`]);
    return true;
  }

  /** Whether no site has room; then the client is told so. */
  #isFull(socket: Socket, peer: ConnectionPeer): boolean {
    const { sites } = this.#hosts;
    if (sites.some((site) => !site.isFull(peer, this.#waiting))) return false;
    for (const site of sites) site.tellFull(socket, peer, this.#waiting);
    turnAwayFull(socket, this.#binding.tls, this.#hosts.reception().options.site);
    return true;
  }

  #open(socket: Socket, peer: ConnectionPeer, entry: SiteEntry, admission: AddressAdmission, leave: () => void): void {
    const { onlySite } = this.#hosts;
    const accepted = {
      raw: socket,
      peer,
      binding: this.#nameFor(socket),
      ...(admission.outcome === 'denied' && { addressRefusal: admission.denial }),
    };
    const choice: HostChoice | undefined = entry === onlySite ? undefined : { hosts: this.#hosts, leave };
    const connection = new ControlConnection(accepted, entry, choice);
    if (entry === onlySite) onlySite.hold(connection, leave);
    else this.#holdUndecided(connection);
    connection.start(this.#binding.tls).catch((error: unknown) => {
      connection.log.error('connection-failed', { error });
      connection.destroy('internal-fault');
    });
  }

  #holdUndecided(connection: ServedConnection): void {
    this.#undecided.add(connection);
    void connection.closed.then(() => this.#undecided.delete(connection));
  }

  async #close(drainTime: Milliseconds): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    if (this.#server?.listening) this.#server.close(() => resolve());
    else resolve();
    for (const socket of this.#silent) socket.destroy();
    // Those that a site has meanwhile end as it says; to be told twice does no harm.
    for (const connection of this.#undecided) connection.drain('server-closing', closing);
    const cut = setTimeout(() => {
      for (const connection of this.#undecided) connection.destroy('server-closing');
    }, drainTime + farewellTime);
    await Promise.all([closed, ...Array.from(this.#undecided, (connection) => connection.closed)]);
    clearTimeout(cut);
  }

  /** For records, with the port that was found where the binding leaves it open. */
  #nameFor({ localPort }: Socket): string {
    const { address, port, tls } = this.#binding;
    const host = address.includes(':') ? `[${address}]` : address;
    return `${host}:${port === 0 ? (localPort ?? 0) : port} ${tls}`;
  }
}
