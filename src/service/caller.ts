/** Who is at the other end of a connection to the mapping service: another service of the operator, proven by mutual TLS or by the mode of the socket. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TlsFacts } from '../login/authenticator.ts';
import { createReference } from '../operations/reference.ts';
import { parseCertificate } from '../pki/certificate.ts';
import { formatRfc4514 } from '../pki/distinguished-name.ts';

export interface Caller {
  /** Subject of the client certificate (RFC 4514), or `unix`. */
  readonly name: string;
  readonly address: string;
  readonly connectionId: string;
  readonly tls: TlsFacts;
}

/** The same caller for every request of a connection. */
export class Callers {
  readonly #known = new WeakMap<Socket, Caller>();

  /** @throws MalformedError when the caller’s certificate is not strict DER */
  of(socket: Socket): Caller {
    const known = this.#known.get(socket);
    if (known) return known;
    const caller = callerAt(socket);
    this.#known.set(socket, caller);
    return caller;
  }
}

function callerAt(socket: Socket): Caller {
  const connectionId = createReference();
  if (!(socket instanceof TLSSocket)) {
    return { name: 'unix', address: 'unix', connectionId, tls: { protocol: 'none', cipher: 'none' } };
  }
  const { raw } = socket.getPeerCertificate();
  return {
    name: formatRfc4514(parseCertificate(raw).subject),
    address: socket.remoteAddress ?? '',
    connectionId,
    tls: { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName },
  };
}
