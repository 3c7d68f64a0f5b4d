/** A server's TLS connection that tells how its peer ended it, and that can let a handshake of TLS 1.3 stand still. */

import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { TlsCarrier } from './tls-carrier.ts';

/**
 * `close-notify`: as RFC 8446 6.1 wants it. `fin`: the TCP connection ended without one, so what came may be cut.
 * `reset`: the peer gave the connection up, though the kernel showed it as an end.
 */
export type PeerEnd = 'close-notify' | 'fin' | 'reset';

/** The event `peerEnd` comes at once; `end` comes only when a reader has taken what was sent before. */
export class ServerTlsSocket extends TLSSocket {
  /** Absent while the peer may still send. */
  peerEnd: PeerEnd | undefined;
  readonly #transport: Socket;
  /** `waiting`: until the server's flight is out. `standing`: what the client sent lies in the kernel. */
  #pause: 'none' | 'waiting' | 'standing' = 'none';

  /** @param transport the TCP connection @param carrier what stands between, where TLS may be laid down */
  constructor(transport: Socket, options: TLSSocketOptions, carrier?: TlsCarrier) {
    // Node takes any duplex stream here.
    super((carrier ?? transport) as Socket, options);
    this.#transport = transport;
  }

  /**
   * Leaves the client's second flight unread until `goOn`, to be called right after the constructor. A client of TLS 1.3 is done when it
   * has sent that flight (RFC 8446 4.4.4), and takes no notice. Where the ClientHello was answered by a HelloRetryRequest the client
   * waits for more, so the handshake runs on; so it does where Node's handle cannot stop reading.
   */
  standStill(): void {
    this.#pause = 'waiting';
    // Behind the reading of the ClientHello, and before the next event of the connection.
    setImmediate(() => {
      const handle = handleOf(this);
      const hasSentFlight = this.getFinished() !== undefined;
      if (this.#pause !== 'waiting' || !hasSentFlight || !handle?.readStop || !handle.readStart) return;
      handle.readStop();
      handle.reading = false;
      this.#pause = 'standing';
    });
  }

  /** Ends what `standStill` began. */
  goOn(): void {
    const handle = handleOf(this);
    if (this.#pause === 'standing' && handle) {
      handle.reading = true;
      handle.readStart?.();
    }
    this.#pause = 'none';
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
    const transport = handleOf(raw);
    if (handleOf(this)?.reading === false || transport?.readStart?.() === alreadyReading) return 'close-notify';
    return hasPeer(raw) ? 'fin' : 'reset';
  }
}

/**
 * Whether the TCP connection still has its peer. Linux shows a reset as the end of the input where data lay unread before it; only the
 * address of the peer is gone then.
 */
export function hasPeer(raw: Socket): boolean {
  return handleOf(raw)?.getpeername?.({}) === 0;
}

const alreadyReading = -constants.errno.EALREADY;

/** What net.Socket itself calls on its handle; not in Node's documentation, so anything of it may be missing. */
interface StreamHandle {
  reading?: boolean;
  readonly readStart?: () => number;
  readonly readStop?: () => number;
  readonly getpeername?: (out: object) => number;
}

function handleOf(socket: Socket): StreamHandle | undefined {
  return (socket as unknown as { readonly _handle?: StreamHandle | null })._handle ?? undefined;
}
