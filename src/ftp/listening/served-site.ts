/** One site as its connections meet it: what they are served by, who the others are, and whether there is room for one more. */
import type { Socket } from 'node:net';
import { CountedWarnings } from '../../operations/counted-warnings.ts';
import type { Control } from '../control/control.ts';
import { lineOfTurnedAway } from '../control/session-log.ts';
import type { ConnectionPeer } from '../proxy/connection-peer.ts';
import type { Reply } from '../reply.ts';
import type { FtpServerOptions } from '../server-options.ts';
import { SessionKin } from '../tls/session-tickets.ts';
import { ConnectionCounts } from './connection-counts.ts';

/** What a control connection is served by. */
export interface SiteEntry {
  /** Those of now; a connection keeps what it began with. */
  readonly options: FtpServerOptions;
  /** The TLS sessions of the site: none of them is resumed at another. */
  readonly kin: SessionKin;
  readonly peers: Iterable<Control>;
}

/** A control connection as the server ends it. */
export interface ServedConnection extends Control {
  drain(reason: string, farewell: Reply): void;
  destroy(reason: string): void;
}

/** Lines in full of refused connections, of each reason in a minute. */
const refusalsInFull = 10;

export class ServedSite implements SiteEntry {
  options: FtpServerOptions;
  readonly kin = new SessionKin();
  readonly connections = new Set<ServedConnection>();
  readonly #counts = new ConnectionCounts();
  readonly #refusals = new CountedWarnings(refusalsInFull);

  constructor(options: FtpServerOptions) {
    this.options = options;
  }

  get peers(): Iterable<Control> {
    return this.connections;
  }

  /** @param waiting connections that no site counts yet, and that may all come to this one */
  isFull(peer: ConnectionPeer, waiting?: ConnectionCounts): boolean {
    const { maxConnections, maxConnectionsPerAddress } = this.options.site.connections;
    const { connections, ofAddress } = this.#countsWith(peer, waiting);
    return connections >= maxConnections || ofAddress >= maxConnectionsPerAddress;
  }

  /** For the logs. */
  tellFull(raw: Socket, peer: ConnectionPeer, waiting?: ConnectionCounts): void {
    const { logger, siteLog, clock } = this.options;
    const facts = { remoteAddress: peer.remoteAddress, ...this.#countsWith(peer, waiting) };
    this.#refusals.warn(logger, 'connection-refused', facts);
    siteLog?.channel(lineOfTurnedAway({ raw, peer }, clock.now()));
  }

  /** Counts a connection, whether or not there is room. @returns to be called at its end, or when it goes to another site */
  enter(peer: ConnectionPeer): () => void {
    return this.#counts.enter(addressOf(peer));
  }

  /** @param leave what `enter` returned @returns to be called when it goes to another site */
  hold(connection: ServedConnection, leave: () => void): () => void {
    this.connections.add(connection);
    const goes = () => {
      this.connections.delete(connection);
      leave();
    };
    void connection.closed.then(goes);
    return goes;
  }

  endWarnings(): void {
    this.#refusals.endWindow();
  }

  #countsWith(peer: ConnectionPeer, waiting?: ConnectionCounts) {
    const address = addressOf(peer);
    return {
      connections: this.#counts.total + (waiting?.total ?? 0),
      ofAddress: this.#counts.of(address) + (waiting?.of(address) ?? 0),
    };
  }
}

/** What a proxy asks for itself does not count for its address, which is that of many clients or of none. */
export function addressOf({ isProxyItself, remoteAddress }: ConnectionPeer): string | undefined {
  return isProxyItself ? undefined : remoteAddress;
}
