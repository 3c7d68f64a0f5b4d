/**
 * TLS connections to servers. Node 24 calls getPeerCertificate for the check of a server's name, and dies in it of a certificate
 * whose key is on a curve that NIST has no name for (brainpool, secp256k1). These connections never call it: the same
 * names are compared by X509Certificate, which reads every key.
 */
import type { X509Certificate } from 'node:crypto';
import { Agent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';

/** As `tls.connect`, with the name check of this file: `servername`, or else `host`, must be in the server's certificate. */
export function connectTls(options: ConnectionOptions): TLSSocket {
  const socket: TLSSocket = connect({
    ...options,
    checkServerIdentity: (host) => identityFault(host, socket.getPeerX509Certificate()),
  });
  // Node asks the socket for it before it calls checkServerIdentity, which does without.
  socket.getPeerCertificate = () => ({}) as DetailedPeerCertificate;
  return socket;
}

/** For requests of `node:https`. No session is kept: every connection proves the server's key and name. */
export class TlsClientAgent extends Agent {
  constructor(options: AgentOptions & ConnectionOptions = {}) {
    super({ ...options, maxCachedSessions: 0 });
  }

  override createConnection(options: ConnectionOptions): TLSSocket {
    return connectTls(options);
  }
}

/** RFC 9525 6.3 and 6.4; the common name counts only for a certificate without any alternative name, as in Node.js. */
function identityFault(host: string, certificate: X509Certificate | undefined): Error | undefined {
  if (!certificate) return new Error('the server sent no certificate');
  const subject = certificate.subjectAltName === undefined ? 'default' : 'never';
  const isNamed =
    isIP(host) === 0
      ? certificate.checkHost(host, { subject, partialWildcards: false }) !== undefined
      : certificate.checkIP(host) !== undefined;
  if (isNamed) return undefined;
  return new Error(
    `the server’s certificate is not for ${host}, but for ${certificate.subjectAltName ?? certificate.subject}`,
  );
}
