/**
 * The data channel of one control connection: one passive listener, or one port of the client, at a time; the connection that comes of
 * it, its TLS handshake from then on, and the proof that it is the client's. It connects to nothing but the client's address.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Denial, denial } from '../../denial.ts';
import type { Login } from '../../login/authenticator.ts';
import { milliseconds } from '../../settings/units.ts';
import { rateLimitsOf } from '../bandwidth/bandwidth.ts';
import { limitOf, type RateLimit } from '../bandwidth/rate-limit.ts';
import { connectToClient } from '../data-ports/active-connection.ts';
import { broken, foreign, noActiveConnection, noListener } from '../data-ports/data-refusals.ts';
import { openPassiveListener } from '../data-ports/passive-listener.ts';
import { headerRefused } from '../proxy/header-refusal.ts';
import type { FtpSettings } from '../server-settings.ts';
import { peekClientHello } from '../tls/client-hello.ts';
import type { SessionSecurity } from '../tls/secure-context.ts';
import type { TransferDirection } from '../tls/session-tickets.ts';
import { completeHandshake } from '../tls/tls-upgrade.ts';
import { DataAttempt, type Opened } from './data-attempt.ts';
import { DataConnection, type DataStreams } from './data-connection.ts';
import { judgeDataPeer } from './data-peer.ts';
import { prepareTcp } from './tcp-options.ts';

/** RFC 2228 section 3: C clear, P private. */
export type ProtectionLevel = 'C' | 'P';

export interface ControlProof {
  readonly security: SessionSecurity;
  /** DER of the end entity certificate of the control connection's full handshake. */
  readonly endEntity: Buffer | undefined;
}

export interface DataChannelOptions {
  readonly site: Pick<
    FtpSettings,
    'bandwidth' | 'connections' | 'dataChannelSecurity' | 'firewallSupport' | 'proxyProtocol'
  >;
  /** Of this host. */
  readonly localAddress: string;
  /** Of the client. */
  readonly peerAddress: string;
  /** Records a refused data connection. @returns the reference for the client */
  readonly onRefusal: (refusal: Denial) => string;
  /** Hears of each connection with the client, proven or not. */
  readonly onConnected: (socket: Socket) => void;
}

export type Listened =
  | { readonly outcome: 'listening'; readonly port: number }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly reference: string }
  /** The control connection ended, or another PASV came, meanwhile. */
  | { readonly outcome: 'none' };

export class DataChannel {
  protection: ProtectionLevel = 'C';
  /** What a protected data connection is compared with; absent while the control connection is in the clear. */
  proof: ControlProof | undefined;
  readonly #options: DataChannelOptions;
  #attempt: DataAttempt | undefined;
  #hasExpired = false;
  #strangerMayResume = false;
  #rateLimits: readonly RateLimit[] = [];

  constructor(options: DataChannelOptions) {
    this.#options = options;
  }

  /** Whether PASV, EPSV, PORT or EPRT prepared a data connection that is not used yet. */
  get isPrepared(): boolean {
    return this.#attempt !== undefined;
  }

  /** Whether the data connection is there already, which makes the answer 125 instead of 150. */
  get hasArrived(): boolean {
    return this.#attempt?.raw !== undefined;
  }

  /** Whether PASV or EPSV prepared a data connection that no transfer used in its time. */
  get hasExpired(): boolean {
    return this.#hasExpired;
  }

  /** Replaces an earlier listener. What no transfer command asks for in the time of a data connection is given up. */
  async listen(): Promise<Listened> {
    this.close('the client asked for another passive port');
    const { localAddress, peerAddress, site } = this.#options;
    const attempt = new DataAttempt();
    this.#attempt = attempt;
    const outcome = await openPassiveListener({
      address: localAddress,
      firewallSupport: site.firewallSupport,
      proxyProtocol: site.proxyProtocol,
      headerTimeout: site.connections.handshakeTimeout,
      peerAddress,
      onConnection: (socket) => this.#accept(attempt, socket),
      onHeaderRefused: (proxy, reason) => void this.#options.onRefusal(headerRefused(proxy, reason)),
      onForeign: (address) => void this.#options.onRefusal(foreign(address, peerAddress)),
      onBroken: () => {
        void this.#options.onRefusal(broken(peerAddress));
        attempt.breakSoon();
      },
    });
    if (this.#attempt !== attempt) {
      if (outcome.outcome === 'listening') outcome.listener.close();
      return { outcome: 'none' };
    }
    if (outcome.outcome !== 'listening') {
      this.#attempt = undefined;
      const refusal = noListener(outcome, localAddress, site.firewallSupport);
      return { outcome: 'denied', denial: refusal, reference: this.#options.onRefusal(refusal) };
    }
    attempt.listener = outcome.listener;
    attempt.giveUpAfter(site.connections.dataChannelTimeout, () => {
      this.close('no transfer command came in time');
      this.#hasExpired = true;
    });
    return { outcome: 'listening', port: outcome.listener.port };
  }

  /**
   * Replaces what was prepared before. The connection is made when a transfer command comes (RFC 959 3.2), so that a port costs nothing.
   * @param port of the client, which has been judged
   */
  aim(port: number): void {
    this.close('the client named a port of its own');
    this.#attempt = new DataAttempt(port);
  }

  /** Waits for the data connection, or makes it, and waits for its proof; each PASV or PORT serves one transfer. */
  async open(direction: TransferDirection, signal: AbortSignal): Promise<Opened> {
    const attempt = this.#attempt;
    if (!attempt) return none;
    attempt.command(direction);
    const giveUp = () => attempt.discard('its transfer was given up');
    const { dataChannelTimeout } = this.#options.site.connections;
    if (attempt.activePort === undefined)
      attempt.giveUpAfter(dataChannelTimeout, () => attempt.discard('no data connection came in time'));
    else this.#connect(attempt, attempt.activePort);
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    const raw = await attempt.arrived.promise;
    attempt.stopWaiting();
    const opened = raw === undefined ? (attempt.failure ?? none) : await this.#opening(attempt, raw);
    signal.removeEventListener('abort', giveUp);
    if (this.#attempt === attempt) this.#attempt = undefined;
    attempt.listener?.close();
    return opened;
  }

  /** @param reason for the record of a handshake that this cuts, behind `because` */
  close(reason: string): void {
    this.#attempt?.discard(reason);
    this.#attempt = undefined;
    this.#hasExpired = false;
  }

  /**
   * From now on the client’s other control connections share its TLS sessions with this one, which spares its card a signature each.
   * Only where a certificate ties them: what an absent one proves is not the same twice.
   */
  logIn(login: Pick<Login, 'directory' | 'accountName' | 'groups'>): void {
    this.#rateLimits = rateLimitsOf(this.#options.site.bandwidth, login);
    const { directory, accountName } = login;
    const { endEntity, security } = this.proof ?? {};
    if (!endEntity || !security) return;
    const certificate = createHash('sha256').update(endEntity).digest('hex');
    security.tickets.owner = JSON.stringify([certificate, directory, accountName, this.#options.peerAddress]);
  }

  /** Forgets the TLS session it was tied to. @param reason as for `close` */
  reset(reason: string): void {
    this.close(reason);
    if (this.proof) this.proof.security.tickets.owner = undefined;
    this.#rateLimits = [];
    this.protection = 'C';
    this.proof = undefined;
    this.#strangerMayResume = false;
  }

  #connect(attempt: DataAttempt, port: number): void {
    const { localAddress: from, peerAddress: to, site } = this.#options;
    attempt.raw = connectToClient({
      from,
      to,
      port,
      timeout: site.connections.dataChannelTimeout,
      onConnected: (socket) => this.#accept(attempt, socket),
      onFailed: (errno) => {
        attempt.failure = this.#refuse(noActiveConnection(from, to, port, errno));
        attempt.arrived.resolve(undefined);
      },
    });
  }

  #accept(attempt: DataAttempt, socket: Socket): void {
    socket.on('error', () => undefined);
    prepareTcp(socket);
    attempt.raw = socket;
    this.#options.onConnected(socket);
    // Some clients finish the handshake before they send the transfer command, so it cannot wait for that.
    if (this.protection === 'P') attempt.opened = this.#secure(attempt, socket);
    attempt.arrived.resolve(socket);
  }

  #opening(attempt: DataAttempt, raw: Socket): Promise<Opened> {
    if (attempt.opened) {
      if (this.protection === 'P') return attempt.opened;
      raw.destroy();
      return Promise.resolve(none);
    }
    if (this.protection === 'P') return this.#secure(attempt, raw);
    return Promise.resolve(this.#open(attempt, { raw, facts: { protection: 'C' } }));
  }

  async #secure(attempt: DataAttempt, raw: Socket): Promise<Opened> {
    const { proof } = this;
    if (!proof) {
      raw.destroy();
      return none;
    }
    const { handshakeTimeout, dataChannelTimeout } = this.#options.site.connections;
    const began = performance.now();
    const hello = await peekClientHello(raw, handshakeTimeout);
    if (hello === 'none' || attempt.givenUpBecause !== undefined) {
      return this.#refuseTls(attempt, raw, 'no ClientHello came');
    }
    const { tls, goOn } = proof.security.wrapData(raw, hello, attempt.direction);
    attempt.goOn = goOn;
    // A handshake that stands still waits for the transfer command, too.
    const allowed = goOn === undefined ? handshakeTimeout : handshakeTimeout + dataChannelTimeout;
    const outcome = await completeHandshake(tls, milliseconds(Math.max(0, allowed - (performance.now() - began))));
    if (outcome.outcome === 'failed') return this.#refuseTls(attempt, raw, outcome.reason);
    const { endEntity, resumed, facts } = outcome.handshake;
    const judgement = judgeDataPeer(this.#options.site.dataChannelSecurity, {
      controlCertificate: proof.endEntity,
      dataCertificate: endEntity,
      resumed,
      strangerMayResume: this.#strangerMayResume,
    });
    if (!judgement.proven) {
      this.#strangerMayResume = true;
      // RST cannot be taken for the end of a file.
      raw.resetAndDestroy();
      return this.#refuse(judgement.denial);
    }
    const { protocol, cipher } = facts;
    return this.#open(attempt, { raw, tls, facts: { protection: 'P', protocol, cipher, ...judgement.facts } });
  }

  /** A connection that the server itself gave up looks to TLS like one that its client ended. */
  #refuseTls({ givenUpBecause }: DataAttempt, raw: Socket, reason: string): Opened {
    raw.destroy();
    const detail =
      givenUpBecause === undefined
        ? `TLS on the data connection failed: ${reason}.`
        : `The data connection was given up before its TLS handshake was complete, because ${givenUpBecause}.`;
    return this.#refuse(denial('data-tls-failed', detail));
  }

  /** Recorded when it happens, whether or not a transfer command ever asks for the connection. */
  #refuse(refusal: Denial): Opened {
    return { outcome: 'denied', denial: refusal, reference: this.#options.onRefusal(refusal) };
  }

  #open({ activePort }: DataAttempt, streams: Omit<DataStreams, 'pace' | 'limit'>): Opened {
    const facts = activePort === undefined ? streams.facts : { ...streams.facts, activePort };
    return {
      outcome: 'open',
      connection: new DataConnection({
        ...streams,
        facts,
        pace: this.#options.site.connections,
        limit: limitOf(this.#rateLimits),
      }),
    };
  }
}

const none = { outcome: 'none' } as const;
