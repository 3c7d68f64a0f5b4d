/**
 * TLS in front of an HTTP server of Node, by a handshake of our own: its callers are told with all the certificates they sent, which
 * Node's HTTPS server no longer knows when it hands a connection on, and with the authorities that were in force for that handshake.
 */
import { constants, type X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Logger } from '../operations/log.ts';
import type { Callers } from './caller.ts';
import { type TrustedAuthorities, trustedAuthorities } from './caller-path.ts';
import type { TlsMaterial } from './service-settings.ts';

const handshakeMilliseconds = 10_000;
const maximumCertificates = 16;

export class TlsAcceptance {
  readonly #callers: Callers;
  readonly #logger: Logger;
  readonly #handshakes = new Set<Socket>();
  #context: SecureContext;
  #trusted: TrustedAuthorities;

  /** @throws Error when OpenSSL does not take the material */
  constructor(material: TlsMaterial, callers: Callers, logger: Logger) {
    this.#callers = callers;
    this.#logger = logger;
    this.#context = secureContext(material);
    this.#trusted = trustedAuthorities(material.callerAuthorities);
  }

  /** The authorities of now. */
  get trusted(): TrustedAuthorities {
    return this.#trusted;
  }

  /** @throws Error as the constructor; the old material stays in force then */
  renew(material: TlsMaterial): void {
    const context = secureContext(material);
    this.#trusted = trustedAuthorities(material.callerAuthorities);
    this.#context = context;
  }

  /** From now on what connects to the server speaks TLS first. */
  protect(server: Server): void {
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (raw: Socket) => {
      this.#accept(raw, (socket) => {
        for (const listener of listeners) listener.call(server, socket);
      });
    });
  }

  /** Ends handshakes under way: the HTTP server knows nothing of them yet. */
  endHandshakes(): void {
    for (const raw of this.#handshakes) raw.destroy();
  }

  #accept(raw: Socket, serve: (socket: TLSSocket) => void): void {
    const authorities = this.#trusted;
    const socket = new TLSSocket(raw, {
      isServer: true,
      requestCert: true,
      // judged below, since Node itself ends a connection without a word for the log
      rejectUnauthorized: false,
      secureContext: this.#context,
    });
    const remoteAddress = raw.remoteAddress ?? '';
    const refuse = (error: unknown) => {
      this.#logger.warn('caller-handshake-failed', { error, remoteAddress });
      raw.destroy();
    };
    const timer = setTimeout(() => refuse(new Error('the handshake took too long')), handshakeMilliseconds);
    this.#handshakes.add(raw);
    const end = () => {
      clearTimeout(timer);
      this.#handshakes.delete(raw);
    };
    raw.once('close', end);
    socket.on('error', refuse);
    socket.once('secure', () => {
      end();
      socket.off('error', refuse);
      socket.on('error', () => raw.destroy());
      // OpenSSL's word first: only then are the certificates worth reading
      const fault = verifyError(socket);
      if (fault) return refuse(fault);
      const sent = sentCertificates(socket);
      if (sent instanceof Error) return refuse(sent);
      try {
        this.#callers.meet(socket, sent, authorities);
      } catch (error) {
        return refuse(error);
      }
      serve(socket);
    });
  }
}

/** @returns what OpenSSL has against the certificate, or that the client sent no certificate */
function verifyError(socket: TLSSocket): Error | undefined {
  // `ssl` is the handle by which Node's own server asks; without it nothing is proven, and no caller is let in
  const { ssl } = socket as TLSSocket & { readonly ssl?: { verifyError?: () => Error | null } };
  if (typeof ssl?.verifyError !== 'function') return new Error('Node does not tell whether the certificate is valid');
  return ssl.verifyError() ?? undefined;
}

/** As the caller sent them, its own first. Never by getPeerCertificate: see caller-path.ts. */
function sentCertificates(socket: TLSSocket): readonly [X509Certificate, ...X509Certificate[]] | Error {
  const own = socket.getPeerX509Certificate();
  if (!own) return new Error('the caller sent no certificate');
  const issuers: X509Certificate[] = [];
  for (let next = own.issuerCertificate; next; next = next.issuerCertificate) {
    if (issuers.push(next) >= maximumCertificates)
      return new Error(`the caller sent more than ${maximumCertificates} certificates`);
  }
  return [own, ...issuers];
}

/** Nothing is kept by which a session could be resumed: every connection proves the caller’s key and its path to a CA of now. */
function secureContext({ certificateChain, privateKey, callerAuthorities }: TlsMaterial): SecureContext {
  return createSecureContext({
    cert: certificateChain,
    key: privateKey,
    ca: [...callerAuthorities],
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}
