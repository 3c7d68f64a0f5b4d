/**
 * One TLS handshake with a deadline, and what it proved: protocol, cipher suite, whether it was resumed, and the peer's
 * certificates as DER. It never looks at `authorized`: Node computes it only for its own servers and not reliably there.
 */
import type { DetailedPeerCertificate } from 'node:tls';
import type { TlsFacts } from '../login/authenticator.ts';
import type { ServerTlsSocket } from './secure-context.ts';

export interface Handshake {
  readonly facts: TlsFacts;
  readonly resumed: boolean;
  /**
   * DER, end entity first, of a full handshake; empty: none sent, or none proven because the session was resumed. OpenSSL
   * may append issuers out of the CA certificates whose names the server sends; they prove nothing.
   */
  readonly peerCertificates: readonly Buffer[];
  /** DER of the end entity, also when it came out of a resumed session. */
  readonly leaf?: Buffer;
}

export type HandshakeOutcome =
  | { readonly outcome: 'established'; readonly handshake: Handshake }
  | { readonly outcome: 'failed'; readonly reason: string };

/** A chain longer than this is not a smart card's. */
const maximumCertificates = 16;

/**
 * Waits for a handshake that `SessionSecurity.wrap` began; a failed one leaves the socket destroyed.
 * @param timeoutMilliseconds after which the socket is destroyed
 */
export function completeHandshake(socket: ServerTlsSocket, timeoutMilliseconds: number): Promise<HandshakeOutcome> {
  return new Promise((resolve) => {
    const finish = (outcome: HandshakeOutcome) => {
      clearTimeout(timer);
      socket.off('secure', established);
      socket.off('close', closed);
      socket.off('peerEnd', closed);
      if (outcome.outcome === 'failed') socket.destroy();
      resolve(outcome);
    };
    const fail = (error: Error) => finish({ outcome: 'failed', reason: reasonOf(error) });
    const established = () => finish({ outcome: 'established', handshake: readHandshake(socket) });
    const closed = () => finish({ outcome: 'failed', reason: 'the peer closed the connection during the handshake' });
    const timer = setTimeout(
      () => finish({ outcome: 'failed', reason: `no handshake within ${timeoutMilliseconds} ms` }),
      timeoutMilliseconds,
    );
    socket.once('secure', established);
    socket.once('close', closed);
    // Nobody reads during the handshake, so that a client which gives up is noticed by this alone.
    socket.once('peerEnd', closed);
    // Node reports TLS errors of a socket made by hand only here; later ones must end the connection too.
    socket.on('_tlsError', (error: Error) => {
      fail(error);
      socket.destroy();
    });
    socket.on('error', fail);
  });
}

/** OpenSSL's own words without the thread number and source file that its whole message has. */
function reasonOf(error: Error): string {
  const { reason, code } = error as { readonly reason?: unknown; readonly code?: unknown };
  return typeof reason === 'string' ? `${reason} (${String(code)})` : error.message;
}

function readHandshake(socket: ServerTlsSocket): Handshake {
  // First of all calls on the socket: later ones no longer see the intermediates.
  const peer = socket.getPeerCertificate(true);
  const chain = certificateChain(peer);
  const resumed = socket.isSessionReused();
  const cipher = socket.getCipher();
  return {
    facts: { protocol: socket.getProtocol() ?? 'unknown', cipher: cipher.standardName },
    resumed,
    peerCertificates: resumed ? [] : chain,
    ...(chain[0] === undefined ? {} : { leaf: chain[0] }),
  };
}

/** Node links the chain by `issuerCertificate`, the last one to itself, and answers `{}` where there is none. */
function certificateChain(peer: Partial<DetailedPeerCertificate>): readonly Buffer[] {
  const chain: Buffer[] = [];
  let current: Partial<DetailedPeerCertificate> | undefined = peer;
  const seen = new Set<unknown>();
  while (current?.raw && !seen.has(current) && chain.length < maximumCertificates) {
    seen.add(current);
    chain.push(current.raw);
    current = current.issuerCertificate;
  }
  return chain;
}
