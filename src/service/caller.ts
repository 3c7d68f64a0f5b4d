/**
 * Who is at the other end of a connection to the mapping service: another service of the operator, proven by mutual TLS or by the mode of
 * the socket. A connection outlives what its handshake proved, so a caller is judged once more at every request.
 */
import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TlsFacts } from '../login/authenticator.ts';
import { createReference } from '../operations/reference.ts';
import { parseCertificate } from '../pki/certificate/certificate.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import { CallerPath, type TrustedAuthorities } from './caller-path.ts';

export interface Caller {
  /** Subject of the client certificate (RFC 4514), or `unix`. */
  readonly name: string;
  readonly address: string;
  readonly connectionId: string;
  readonly tls: TlsFacts;
}

export type Judgement =
  | { readonly outcome: 'accepted'; readonly caller: Caller }
  | { readonly outcome: 'refused'; readonly caller: Caller; readonly reason: string };

/** `path` is absent for a Unix socket, whose mode was asked when the connection was made. */
interface KnownCaller {
  readonly caller: Caller;
  readonly path?: CallerPath;
}

export class Callers {
  readonly #known = new WeakMap<Socket, KnownCaller>();

  /**
   * Notes what the handshake of a connection proved.
   * @param sent the caller’s certificates, its own first
   * @param authorities those of the handshake
   * @throws MalformedError when the caller’s certificate is not strict DER
   */
  meet(
    socket: TLSSocket,
    sent: readonly [X509Certificate, ...X509Certificate[]],
    authorities: TrustedAuthorities,
  ): void {
    const caller = {
      name: formatRfc4514(parseCertificate(sent[0].raw).subject),
      address: socket.remoteAddress ?? '',
      connectionId: createReference(),
      tls: { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName },
    };
    this.#known.set(socket, { caller, path: new CallerPath(sent, authorities) });
  }

  /** @param trusted the authorities of now, which a reload may have changed since the handshake */
  judge(socket: Socket, now: Date, trusted: TrustedAuthorities): Judgement {
    const { caller, path } = this.#known.get(socket) ?? this.#onUnixSocket(socket);
    const reason = path?.refusal(now, trusted);
    return reason === undefined ? { outcome: 'accepted', caller } : { outcome: 'refused', caller, reason };
  }

  #onUnixSocket(socket: Socket): KnownCaller {
    if (socket instanceof TLSSocket || socket.remoteAddress !== undefined) {
      throw new Error('a connection that is not over a Unix socket was not met at its handshake');
    }
    const tls = { protocol: 'none', cipher: 'none' };
    const known = { caller: { name: 'unix', address: 'unix', connectionId: createReference(), tls } };
    this.#known.set(socket, known);
    return known;
  }
}
