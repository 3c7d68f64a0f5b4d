/**
 * One TLS handshake with a deadline, and what it proved: protocol, cipher suite, whether it was resumed, and the peer's
 * certificates as DER. It never looks at `authorized`: Node computes it only for its own servers and not reliably there.
 */

import type { TlsFacts } from '../../login/authenticator.ts';
import { duration } from '../../settings/duration.ts';
import type { Milliseconds } from '../../settings/units.ts';
import type { ServerTlsSocket } from './server-tls-socket.ts';

export const handshakeSettings = {
  handshakeTimeout: duration('1s', '5m')
    .prefault('30s')
    .describe('Time allowed for a TLS handshake, PIN entry included'),
};

export interface Handshake {
  readonly facts: TlsFacts;
  readonly resumed: boolean;
  /**
   * DER, end entity first, of a full handshake; empty: none sent, or none proven because the session was resumed. One more than a login
   * may have stands for any number above, which validation refuses unread.
   */
  readonly peerCertificates: readonly Buffer[];
  /** DER of the end entity, also when it came out of a resumed session. */
  readonly endEntity: Buffer | undefined;
}

export type HandshakeOutcome =
  | { readonly outcome: 'established'; readonly handshake: Handshake }
  | { readonly outcome: 'failed'; readonly reason: string };

/** As many as validation takes; a chain longer than this is not a smart card's. */
const maximumPeerCertificates = 16;

/**
 * Waits for a handshake that `SessionSecurity` began; a failed one leaves the socket destroyed.
 * @param timeout after which the socket is destroyed
 */
export function completeHandshake(socket: ServerTlsSocket, timeout: Milliseconds): Promise<HandshakeOutcome> {
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
    const established = () => {
      clearTimeout(timer);
      socket.off('close', closed);
      socket.off('peerEnd', closed);
      const handshake = readHandshake(socket);
      // This event comes out of the state machine of OpenSSL: what is written now, or in a microtask, cuts the flight of the tickets.
      setImmediate(() => finish({ outcome: 'established', handshake }));
    };
    const closed = () => finish({ outcome: 'failed', reason: 'the peer closed the connection during the handshake' });
    const timer = setTimeout(() => finish({ outcome: 'failed', reason: `no handshake within ${timeout} ms` }), timeout);
    socket.once('secure', established);
    socket.once('close', closed);
    // The socket has no reader during the handshake, so only this event tells that a client gave up.
    socket.once('peerEnd', closed);
    // Node reports TLS errors of a socket made by hand only here; later ones must end the connection too.
    socket.on('_tlsError', fail);
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
  const chain = certificateChain(socket);
  const resumed = socket.isSessionReused();
  const cipher = socket.getCipher();
  return {
    facts: { protocol: socket.getProtocol() ?? 'unknown', cipher: cipher.standardName },
    resumed,
    peerCertificates: resumed ? [] : chain,
    endEntity: chain[0],
  };
}

/**
 * The chain in the order it was sent. Never by getPeerCertificate: it makes an object of every field of every certificate, which takes
 * three times as long, and Node 24 dies in it of a key on a curve that NIST has no name for, wherever in the chain a stranger puts one.
 */
function certificateChain(socket: ServerTlsSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let current = socket.getPeerX509Certificate();
  while (current && chain.length <= maximumPeerCertificates) {
    chain.push(current.raw);
    current = current.issuerCertificate;
  }
  return chain;
}
