/**
 * The TLS side of one control session: a SecureContext with ticket keys and a session id context of its own. A ticket from
 * any other session falls back to a full handshake, so an old ticket is no login; "resumed" on a data channel means "resumed
 * from this session". It never asks OpenSSL to judge a certificate.
 */
import { constants, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { ClientCertificatePolicy, SslSettings, TlsIdentity } from './tls-settings.ts';

/** Longer than any session: an expired ticket would ask the card for its PIN in the middle of the work. */
const ticketLifetimeSeconds = 86_400;
/** Session ids kept for TLS 1.2 clients without tickets (libcurl among them). */
const maximumSessionIds = 64;
const ticketKeysLength = 48;
/** OpenSSL's limit for a session id context is 32 bytes; Node hashes longer ones. */
const sessionIdContextLength = 16;

interface SecurityOptions {
  readonly identity: TlsIdentity;
  readonly site: {
    readonly ssl: Pick<SslSettings, 'minimumVersion' | 'maximumVersion' | 'signatureAlgorithms'>;
    readonly sslClientCertificates: { readonly clientCertificatePolicy: ClientCertificatePolicy };
  };
}

export class SessionSecurity {
  readonly #context: SecureContext;
  readonly #requestCertificate: boolean;
  readonly #sessionIds = createSessionIdStore();
  #isClosed = false;

  constructor({ identity, site }: SecurityOptions) {
    const { certificate, privateKey, caNames } = identity;
    const { minimumVersion, maximumVersion, signatureAlgorithms } = site.ssl;
    this.#requestCertificate = site.sslClientCertificates.clientCertificatePolicy !== 'CertIgnore';
    this.#context = createSecureContext({
      cert: certificate,
      key: privateKey,
      ca: this.#requestCertificate && caNames.length > 0 ? [...caNames] : undefined,
      minVersion: minimumVersion,
      maxVersion: maximumVersion,
      sigalgs: signatureAlgorithms,
      ticketKeys: randomBytes(ticketKeysLength),
      sessionIdContext: randomBytes(sessionIdContextLength).toString('hex'),
      sessionTimeout: ticketLifetimeSeconds,
      // Renegotiation could change the peer's certificate after it was judged; Node's own switch lets it complete.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    });
  }

  /**
   * Gives the context's memory back, to be called when the session is over. The collector does not see some 50 KB of OpenSSL's
   * behind a small object, so short sessions would pile up hundreds of megabytes. Connections that live keep what they need.
   */
  close(): void {
    this.#isClosed = true;
    // Not in Node's documentation; where it were missing, the collector would do.
    (this.#context.context as { readonly close?: () => void }).close?.();
  }

  /** Begins the server side of a handshake; a certificate that OpenSSL would not trust completes it all the same. */
  wrap(socket: Duplex, highWaterMark?: number): ServerTlsSocket {
    if (this.#isClosed) throw new Error('a handshake began after its session was over');
    const options: TLSSocketOptions & { highWaterMark?: number } = {
      isServer: true,
      secureContext: this.#context,
      requestCert: this.#requestCertificate,
      rejectUnauthorized: false,
      // Node takes a tls.Server here but only listens to its two session events.
      server: this.#sessionIds as unknown as NonNullable<TLSSocketOptions['server']>,
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
    };
    return new ServerTlsSocket(socket, options);
  }
}

/**
 * A TLSSocket over a stream that tells how the peer ended: by close_notify, or by a bare FIN under it (RFC 8446 6.1). The event
 * `peerEnd` comes at once; `end` comes only when a reader has taken what was sent before.
 */
export class ServerTlsSocket extends TLSSocket {
  /** Absent while the peer may still send. Means something only where the transport is a stream of ours, not a net.Socket. */
  peerEnd: 'close-notify' | 'fin' | undefined;
  readonly #transport: Duplex;

  constructor(transport: Duplex, options: TLSSocketOptions) {
    // The declared type is net.Socket; Node documents and supports any Duplex.
    super(transport as unknown as ConstructorParameters<typeof TLSSocket>[0], options);
    this.#transport = transport;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    // close_notify arrives in bytes, before the transport has ended; a FIN ends the transport first.
    if (chunk === null) {
      this.peerEnd ??= this.#transport.readableEnded ? 'fin' : 'close-notify';
      this.emit('peerEnd');
    }
    return super.push(chunk, encoding);
  }
}

function createSessionIdStore(): EventEmitter {
  const sessions = new LRUCache<string, Buffer>({ max: maximumSessionIds });
  const store = new EventEmitter();
  store.on('newSession', (id: Buffer, session: Buffer, done: () => void) => {
    sessions.set(id.toString('hex'), session);
    done();
  });
  store.on('resumeSession', (id: Buffer, done: (error: Error | null, session: Buffer | null) => void) => {
    done(null, sessions.get(id.toString('hex')) ?? null);
  });
  return store;
}
