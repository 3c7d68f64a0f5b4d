/**
 * Who is at the other end of a connection to the mapping service: another service of the operator, proven by mutual TLS or by the mode of
 * the socket. A connection outlives what its handshake proved, so a caller is judged once more at every request.
 */
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsFacts } from '../login/authenticator.ts';
import { createReference } from '../operations/reference.ts';
import { parseCertificate } from '../pki/certificate/certificate.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';

export interface Caller {
  /** Subject of the client certificate (RFC 4514), or `unix`. */
  readonly name: string;
  readonly address: string;
  readonly connectionId: string;
  readonly tls: TlsFacts;
}

/** SHA-256 of the certificates of the CAs whose callers are answered now, as `X509Certificate.fingerprint256` writes it. */
export type TrustedAuthorities = ReadonlySet<string>;

export type Judgement =
  | { readonly outcome: 'accepted'; readonly caller: Caller }
  | { readonly outcome: 'refused'; readonly caller: Caller; readonly reason: string };

/** The path of certificates that a handshake proved. */
interface ProvenPath {
  readonly endEntity: Buffer;
  /** Milliseconds since 1970: while all of its certificates are valid. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Of its last certificate, which was among the authorities at the time of the handshake. */
  readonly authority: string;
}

/** `path` is absent for a Unix socket, whose mode was asked when the connection was made. */
interface Known {
  readonly caller: Caller;
  readonly path?: ProvenPath;
}

export class Callers {
  readonly #known = new WeakMap<Socket, Known>();

  /** Notes what the handshake of a connection proved. @throws MalformedError when the caller’s certificate is not strict DER */
  meet(socket: TLSSocket, path: ProvenPath): void {
    const caller = {
      name: formatRfc4514(parseCertificate(path.endEntity).subject),
      address: socket.remoteAddress ?? '',
      connectionId: createReference(),
      tls: { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().standardName },
    };
    this.#known.set(socket, { caller, path });
  }

  /** @param trusted the authorities of now, which a reload may have changed since the handshake */
  judge(socket: Socket, now: Date, trusted: TrustedAuthorities): Judgement {
    const { caller, path } = this.#known.get(socket) ?? this.#onUnixSocket(socket);
    const reason = path && refusal(path, now.getTime(), trusted);
    return reason === undefined ? { outcome: 'accepted', caller } : { outcome: 'refused', caller, reason };
  }

  #onUnixSocket(socket: Socket): Known {
    if (socket instanceof TLSSocket || socket.remoteAddress !== undefined) {
      throw new Error('a connection that is not over a Unix socket was not met at its handshake');
    }
    const tls = { protocol: 'none', cipher: 'none' };
    const known = { caller: { name: 'unix', address: 'unix', connectionId: createReference(), tls } };
    this.#known.set(socket, known);
    return known;
  }
}

/** @param pem of certification authorities; one text may hold several certificates */
export function trustedAuthorities(pem: readonly string[]): TrustedAuthorities {
  const block = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
  return new Set(pem.flatMap((text) => text.match(block) ?? []).map((one) => new X509Certificate(one).fingerprint256));
}

function refusal(
  { notBefore, notAfter, authority }: ProvenPath,
  now: number,
  trusted: TrustedAuthorities,
): string | undefined {
  if (now > notAfter)
    return `its certificate, or that of a CA above it, expired at ${new Date(notAfter).toISOString()}`;
  if (!(now >= notBefore)) return `its certificate is not valid before ${new Date(notBefore).toISOString()}`;
  return trusted.has(authority) ? undefined : 'its CA is not among callerAuthorities any more';
}

/**
 * @param peer end entity, each certificate linked to its issuer and the last to itself, as Node gives it
 * @returns undefined when the peer sent none
 */
export function provenPath(peer: Partial<DetailedPeerCertificate>): ProvenPath | undefined {
  const path: Partial<DetailedPeerCertificate>[] = [];
  for (let next: Partial<DetailedPeerCertificate> | undefined = peer; next?.raw && !path.includes(next); ) {
    path.push(next);
    next = next.issuerCertificate;
  }
  const endEntity = peer.raw;
  const authority = path.at(-1)?.fingerprint256;
  if (!endEntity || authority === undefined) return undefined;
  // a time that cannot be read is NaN, which no comparison holds for: see refusal()
  const notBefore = Math.max(...path.map(({ valid_from: from = '' }) => Date.parse(from)));
  const notAfter = Math.min(...path.map(({ valid_to: to = '' }) => Date.parse(to)));
  return { endEntity, notBefore, notAfter, authority };
}
