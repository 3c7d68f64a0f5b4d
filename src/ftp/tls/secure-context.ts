/**
 * The TLS side of one control session: what its handshakes offer, and which TLS sessions they resume. "Resumed" on a data channel
 * means "resumed from this session, or from another one of the same person that lives". It never asks OpenSSL to judge a certificate.
 */
import { constants, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, type TLSSocketOptions } from 'node:tls';
import { helloOfTls12, helloOfTls13, type ReceivedClientHello } from './client-hello.ts';
import { ServerTlsSocket } from './server-tls-socket.ts';
import {
  type HandshakePurpose,
  type SessionKin,
  SessionTickets,
  type TicketCallback,
  type TransferDirection,
} from './session-tickets.ts';
import type { TlsCarrier } from './tls-carrier.ts';
import type { ClientCertificatePolicy, SslSettings, TlsIdentity } from './tls-settings.ts';

/** Longer than any session: an expired ticket has the card asked for its PIN in the middle of the work. */
const ticketLifetimeSeconds = 86_400;
const ticketKeysLength = 48;

/** What Node has and does not document: the answer to each ticket, and the end of a context’s memory. */
interface NativeContext {
  readonly enableTicketKeyCallback?: () => void;
  onticketkeycallback?: TicketCallback;
  readonly close?: () => void;
}

interface SecurityOptions {
  readonly identity: TlsIdentity;
  readonly site: {
    readonly ssl: Pick<SslSettings, 'minimumVersion' | 'maximumVersion' | 'signatureAlgorithms'>;
    readonly sslClientCertificates: { readonly clientCertificatePolicy: ClientCertificatePolicy };
  };
}

export interface WrappedDataConnection {
  readonly tls: ServerTlsSocket;
  /** To be called when the transfer command comes, for which the handshake stands still. Absent: it runs. */
  readonly goOn?: (direction: TransferDirection) => void;
}

export class SessionSecurity {
  readonly tickets: SessionTickets;
  readonly #options: SecurityOptions;
  readonly #kin: SessionKin;
  readonly #requestCertificate: boolean;
  readonly #contextName: string;
  readonly #sessionIds: EventEmitter;
  readonly #newest: SecureContext;
  /** For data connections under TLS 1.2; made when one needs it. */
  #legacy: SecureContext | undefined;
  #purpose: HandshakePurpose = 'control';
  #isClosed = false;

  /** @param kin the other sessions of the server */
  constructor(options: SecurityOptions, kin: SessionKin) {
    this.#options = options;
    this.#kin = kin;
    this.#requestCertificate = options.site.sslClientCertificates.clientCertificatePolicy !== 'CertIgnore';
    this.#contextName = kin.contextName;
    this.tickets = new SessionTickets(kin);
    this.#sessionIds = sessionIdEvents(this.tickets, () => this.#purpose);
    this.#newest = this.#createContext(options.site.ssl.maximumVersion);
  }

  /**
   * Gives the memory of the contexts back, to be called when the session is over. The collector does not see some 50 KB of OpenSSL's
   * behind a small object, so short sessions pile up hundreds of megabytes. Connections that live keep what they need.
   */
  close(): void {
    this.#isClosed = true;
    this.tickets.close();
    for (const context of [this.#newest, this.#legacy]) nativeContext(context)?.close?.();
  }

  /**
   * Begins the server side of the handshake of the control connection; a certificate that OpenSSL does not trust completes
   * it all the same.
   * @param carrier as for `ServerTlsSocket`
   */
  wrapControl(raw: Socket, carrier?: TlsCarrier): ServerTlsSocket {
    return this.#wrap(raw, 'control', this.#newest, true, carrier);
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
    const context = this.#contextFor(hello, direction ?? 'receiving');
    // A session of TLS 1.3 is never kept by id, and to have Node offer it costs a copy of it.
    const mayKeepId = context === this.#legacy || hello === 'unreadable' || !hello.versions.includes(helloOfTls13);
    const tls = this.#wrap(raw, direction ?? 'undecided', context, mayKeepId);
    const isOlder = mayKeepId || this.#options.site.ssl.maximumVersion === 'TLSv1.2';
    if (direction !== undefined || isOlder) return { tls };
    tls.standStill();
    return {
      tls,
      goOn: (commanded) => {
        this.#purpose = commanded;
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
  #contextFor(hello: ReceivedClientHello | 'unreadable', direction: TransferDirection): SecureContext {
    if (hello === 'unreadable') return this.#newest;
    if (!canAnswerTickets(this.#newest)) return this.#tls12();
    const { versions, pskKeyNames, ticketKeyName, sessionId } = hello;
    const { minimumVersion, maximumVersion } = this.#options.site.ssl;
    const mayUseLegacy = versions.includes(helloOfTls12) && minimumVersion === 'TLSv1.2';
    if (!mayUseLegacy || maximumVersion === 'TLSv1.2') return this.#newest;
    if (pskKeyNames.some((name) => this.tickets.honours(name))) return this.#newest;
    const resumesLegacy =
      (ticketKeyName !== undefined && this.tickets.honours(ticketKeyName)) ||
      this.tickets.kept(sessionId) !== undefined;
    if (direction === 'sending' && !resumesLegacy && versions.includes(helloOfTls13)) return this.#newest;
    return this.#tls12();
  }

  #tls12(): SecureContext {
    this.#legacy ??= this.#createContext('TLSv1.2');
    return this.#legacy;
  }

  #wrap(
    raw: Socket,
    purpose: HandshakePurpose,
    secureContext: SecureContext,
    mayKeepId: boolean,
    carrier?: TlsCarrier,
  ): ServerTlsSocket {
    if (this.#isClosed) throw new Error('a handshake began after its session was over');
    this.#purpose = purpose;
    const options: TLSSocketOptions = {
      isServer: true,
      secureContext,
      requestCert: this.#requestCertificate,
      rejectUnauthorized: false,
      ...this.#namedCertificates(),
      // Node takes a tls.Server here but only listens to its two session events.
      ...(mayKeepId && { server: this.#sessionIds as unknown as NonNullable<TLSSocketOptions['server']> }),
    };
    return new ServerTlsSocket(raw, options, carrier);
  }

  /** Only where there is a choice: Node stops each handshake for it. */
  #namedCertificates(): Pick<TLSSocketOptions, 'SNICallback'> {
    const { identity } = this.#options;
    if (!identity.furtherIdentities?.length) return {};
    return { SNICallback: (name, done) => done(null, this.#kin.names.contextFor(identity, name)) };
  }

  #createContext(maxVersion: SslSettings['maximumVersion']): SecureContext {
    const { certificate, privateKey, caNames } = this.#options.identity;
    const { minimumVersion, signatureAlgorithms } = this.#options.site.ssl;
    const context = createSecureContext({
      cert: certificate,
      key: privateKey,
      ca: this.#requestCertificate && caNames.length > 0 ? [...caNames] : undefined,
      minVersion: minimumVersion,
      maxVersion,
      sigalgs: signatureAlgorithms,
      ticketKeys: randomBytes(ticketKeysLength),
      sessionIdContext: this.#contextName,
      sessionTimeout: ticketLifetimeSeconds,
      // Renegotiation could change the peer's certificate after it was judged; Node's own switch lets it complete.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    });
    const native = nativeContext(context);
    if (native?.enableTicketKeyCallback) {
      native.enableTicketKeyCallback();
      native.onticketkeycallback = this.tickets.callback(() => this.#purpose, maxVersion === 'TLSv1.3');
    }
    return context;
  }
}

function nativeContext(context: SecureContext | undefined): NativeContext | undefined {
  return context?.context as NativeContext | undefined;
}

function canAnswerTickets(context: SecureContext): boolean {
  return nativeContext(context)?.enableTicketKeyCallback !== undefined;
}

/** TLS 1.2 sessions by id, in the two events that Node has for them. A control connection resumes none. */
function sessionIdEvents(tickets: SessionTickets, purpose: () => HandshakePurpose): EventEmitter {
  const events = new EventEmitter();
  events.on('newSession', (id: Buffer, state: Buffer, done: () => void) => {
    tickets.keep(id.toString('hex'), state);
    done();
  });
  events.on('resumeSession', (id: Buffer, done: (error: Error | null, state: Buffer | null) => void) => {
    done(null, (purpose() === 'control' ? undefined : tickets.kept(id.toString('hex'))) ?? null);
  });
  return events;
}
