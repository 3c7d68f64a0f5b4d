/**
 * The TLS side of one control session: what its handshakes offer, and which TLS sessions they resume. "Resumed" on a data channel
 * means "resumed from this session, or from another one of the same person that lives". It never asks OpenSSL to judge a certificate.
 */
import type { Socket } from 'node:net';
import type { TLSSocketOptions } from 'node:tls';
import { helloOfTls12, helloOfTls13, type ReceivedClientHello } from './client-hello.ts';
import type { ContextOptions, HandshakeContext, HandshakeContexts } from './handshake-contexts.ts';
import { handshakeEvents } from './handshake-events.ts';
import { ServerTlsSocket } from './server-tls-socket.ts';
import { type HandshakePurpose, type SessionKin, SessionTickets, type TransferDirection } from './session-tickets.ts';
import type { TlsCarrier } from './tls-carrier.ts';
import type { SslSettings } from './tls-settings.ts';

type Version = SslSettings['maximumVersion'];

export interface WrappedDataConnection {
  readonly tls: ServerTlsSocket;
  /** To be called when the transfer command comes, for which the handshake stands still. Absent: it runs. */
  readonly goOn?: (direction: TransferDirection) => void;
}

export class SessionSecurity {
  readonly tickets: SessionTickets;
  readonly #contexts: HandshakeContexts;
  /** Only where Node cannot answer for tickets: a context has their keys, so the session keeps those that it has used. */
  readonly #own = new Map<string, HandshakeContext>();
  /** The host that the client named on its control connection; undefined while it has named none. */
  #hostName: string | undefined;
  #isClosed = false;

  /** @param kin the other sessions of the server */
  constructor(options: ContextOptions, kin: SessionKin) {
    this.#contexts = kin.contextsFor(options);
    this.tickets = new SessionTickets(kin);
  }

  /** To be called when the session is over: nothing of it is resumed from now on. Connections that live keep what they need. */
  close(): void {
    this.#isClosed = true;
    this.tickets.close();
    for (const { release } of this.#own.values()) release();
    this.#own.clear();
  }

  /**
   * Begins the server side of the handshake of the control connection; a certificate that OpenSSL does not trust completes
   * it all the same.
   * @param carrier as for `ServerTlsSocket`
   */
  wrapControl(raw: Socket, carrier?: TlsCarrier): ServerTlsSocket {
    const tls = this.#wrap(raw, { current: 'control' }, this.#contexts.maximumVersion, true, { carrier });
    if (this.#contexts.names.areSeveral)
      tls.once('secure', () => {
        this.#hostName = hostNameOf(tls);
      });
    return tls;
  }

  /**
   * Begins that of a data connection. A client that knows TLS 1.3 alone, and begins before its command, may be about to upload or to
   * download. Whether it gets tickets depends on that, so its handshake stands still where only the server has something left to do.
   * @param hello read from `raw` and put back
   * @param direction undefined: no transfer command has come yet
   */
  wrapData(
    raw: Socket,
    hello: ReceivedClientHello | 'unreadable',
    direction: TransferDirection | undefined,
  ): WrappedDataConnection {
    const version = this.#versionFor(hello, direction ?? 'receiving');
    const isOlder = version === 'TLSv1.2' || hello === 'unreadable' || !hello.versions.includes(helloOfTls13);
    const purpose: { current: HandshakePurpose } = { current: direction ?? 'undecided' };
    // A session of TLS 1.3 is never kept by id, and to have Node offer it costs a copy of it.
    const tls = this.#wrap(raw, purpose, version, isOlder, { hostName: this.#hostName });
    if (direction !== undefined || isOlder) return { tls };
    tls.standStill();
    return {
      tls,
      goOn: (commanded) => {
        purpose.current = commanded;
        tls.goOn();
      },
    };
  }

  /**
   * TLS 1.3 has its tickets behind the handshake, where a client that only writes never reads them; without a ticket its next file
   * costs a signature of the card. Under TLS 1.2 the ticket is part of the handshake. So an upload runs under TLS 1.2 where
   * the client offers it, unless it resumes under TLS 1.3, and what began under either is resumed under the same. Where Node cannot
   * keep tickets from a client, no data connection runs under TLS 1.3.
   */
  #versionFor(hello: ReceivedClientHello | 'unreadable', direction: TransferDirection): Version {
    const { canAnswerTickets, minimumVersion, maximumVersion } = this.#contexts;
    if (hello === 'unreadable') return maximumVersion;
    if (!canAnswerTickets) return 'TLSv1.2';
    const { versions, pskKeyNames, ticketKeyName, sessionId } = hello;
    const mayUseLegacy = versions.includes(helloOfTls12) && minimumVersion === 'TLSv1.2';
    if (!mayUseLegacy || maximumVersion === 'TLSv1.2') return maximumVersion;
    if (pskKeyNames.some((name) => this.tickets.honours(name))) return maximumVersion;
    const resumesLegacy =
      (ticketKeyName !== undefined && this.tickets.honours(ticketKeyName)) ||
      this.tickets.kept(sessionId) !== undefined;
    if (direction === 'sending' && !resumesLegacy && versions.includes(helloOfTls13)) return maximumVersion;
    return 'TLSv1.2';
  }

  #wrap(
    raw: Socket,
    purpose: { readonly current: HandshakePurpose },
    version: Version,
    mayKeepId: boolean,
    { carrier, hostName }: { readonly carrier?: TlsCarrier | undefined; readonly hostName?: string | undefined },
  ): ServerTlsSocket {
    if (this.#isClosed) throw new Error('a handshake began after its session was over');
    const { context, release } = this.#take(version, () => purpose.current, hostName);
    const options: TLSSocketOptions = {
      isServer: true,
      secureContext: context,
      requestCert: this.#contexts.requestsCertificate,
      rejectUnauthorized: false,
      ...this.#namedCertificates(),
      ...handshakeEvents({ context, tickets: this.tickets, purpose, mayKeepId, statuses: this.#contexts.statuses }),
    };
    const tls = new ServerTlsSocket(raw, options, carrier);
    // The tickets of TLS 1.3 are asked for behind this event, before the next turn of the event loop.
    tls.once('secure', () => setImmediate(release));
    tls.once('close', release);
    return tls;
  }

  /** Only where there is a choice: Node stops each handshake for it. */
  #namedCertificates(): Pick<TLSSocketOptions, 'SNICallback'> {
    const { names } = this.#contexts;
    return names.areSeveral ? { SNICallback: (name, done) => done(null, names.contextFor(name)) } : {};
  }

  /** @param hostName of a client that may name none now: it is shown the certificate that it has seen before */
  #take(version: Version, purpose: () => HandshakePurpose, hostName: string | undefined): HandshakeContext {
    const answer = this.tickets.callback(purpose, version === 'TLSv1.3');
    if (this.#contexts.canAnswerTickets) return this.#contexts.take(version, answer, hostName);
    const key = `${version} ${hostName}`;
    const own = this.#own.get(key) ?? this.#contexts.take(version, answer, hostName);
    this.#own.set(key, own);
    return { context: own.context, release: () => undefined };
  }
}

/** What the client named by SNI; Node says false where it named none. */
function hostNameOf({ servername }: { readonly servername?: string | false | null }): string | undefined {
  return servername || undefined;
}
