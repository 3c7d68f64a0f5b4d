/** A server's TLS connection that tells how its peer ended it. */

import { Socket } from 'node:net';
import { constants } from 'node:os';
import type { Duplex } from 'node:stream';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';

/**
 * `close-notify`: as RFC 8446 6.1 wants it. `fin`: the TCP connection ended without one, so what came may be cut.
 * `reset`: the peer gave the connection up, though the kernel showed it as an end.
 */
export type PeerEnd = 'close-notify' | 'fin' | 'reset';

/** The event `peerEnd` comes at once; `end` comes only when a reader has taken what was sent before. */
export class ServerTlsSocket extends TLSSocket {
  /** Absent while the peer may still send. */
  peerEnd: PeerEnd | undefined;
  readonly #transport: Duplex;

  /** @param transport a TCP connection, or a stream above one */
  constructor(transport: Duplex, options: TLSSocketOptions) {
    // The declared type is net.Socket; Node documents and supports any Duplex.
    super(transport as Socket, options);
    this.#transport = transport;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) {
      this.peerEnd ??= this.#howPeerEnded();
      this.emit('peerEnd');
    }
    return super.push(chunk, encoding);
  }

  /**
   * Node shows close_notify and FIN alike. What tells them apart is the TCP connection below: libuv reads on behind close_notify, which
   * came in octets, and has stopped reading at FIN. A connection that was paused cannot have seen a FIN.
   */
  #howPeerEnded(): PeerEnd {
    const raw = this.#transport;
    // In a stream close_notify is octets, and comes before the end.
    if (!(raw instanceof Socket)) return raw.readableEnded ? 'fin' : 'close-notify';
    const { reading } = (this as unknown as { readonly _handle?: { readonly reading?: boolean } | null })._handle ?? {};
    const transport = tcpHandleOf(raw);
    if (reading === false || transport?.readStart?.() === alreadyReading) return 'close-notify';
    return hasPeer(raw) ? 'fin' : 'reset';
  }
}

/**
 * Whether the TCP connection still has its peer. Linux shows a reset as the end of the input where data lay unread before it; only the
 * address of the peer is gone then.
 */
export function hasPeer(raw: Socket): boolean {
  return tcpHandleOf(raw)?.getpeername?.({}) === 0;
}

const alreadyReading = -constants.errno.EALREADY;

/** What net.Socket itself calls on its handle; not in Node's documentation, so anything of it may be missing. */
interface TcpHandle {
  readonly readStart?: () => number;
  readonly getpeername?: (out: object) => number;
}

function tcpHandleOf(raw: Socket): TcpHandle | undefined {
  return (raw as unknown as { readonly _handle?: TcpHandle | null })._handle ?? undefined;
}
