/**
 * One data connection, proven to be the client's, while bytes flow over it: sends a stream or receives one, with back pressure,
 * a limit on silence, and an honest account of how it ended. It never calls a broken transfer complete.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Facts } from '../../explanation/steps.ts';
import type { ServerTlsSocket } from '../control/secure-context.ts';
import { PaceError, type PaceSettings, TransferPace } from './transfer-pace.ts';
import type { WithholdingSocket } from './withholding-socket.ts';

/** Bytes read ahead and written behind; fewer system calls and fewer hops through TLS for each megabyte. */
export const dataHighWaterMark = 512 * 1024;
/** After our FIN the peer has this long to close its side. */
const lingerMilliseconds = 5000;

export interface DataStreams {
  readonly raw: Socket;
  /** Absent on an unprotected connection. */
  readonly secure?: { readonly tls: ServerTlsSocket; readonly transport: WithholdingSocket };
  /** How the connection was tied to its control connection. */
  readonly facts: Facts;
  /** How slow the peer may be. */
  readonly pace: PaceSettings;
}

/** How the client ended an upload: `fin` under TLS means without close_notify (RFC 8446 6.1), so it may have been cut. */
export type UploadEnd = 'close-notify' | 'fin' | 'unprotected-fin';

export class DataConnection {
  readonly facts: Facts;
  readonly #streams: DataStreams;
  readonly #stream: Duplex;
  #transferred = 0;
  #failure: Error | undefined;

  constructor(streams: DataStreams) {
    this.#streams = streams;
    this.facts = streams.facts;
    this.#stream = streams.secure?.tls ?? streams.raw;
    // Without a listener a late error would end the process; the transfer that runs sees it through its own.
    this.#stream.on('error', (error) => this.#fail(error));
    streams.secure?.tls.on('_tlsError', (error: Error) => this.#fail(error));
    streams.secure?.transport.on('error', (error) => this.#fail(error));
    this.#stream.on('close', () => this.#fail(new Error('the data connection closed')));
  }

  /** Bytes of the file, or of the listing, moved so far. */
  get transferred(): number {
    return this.#transferred;
  }

  /**
   * Sends everything and ends the connection with close_notify and FIN.
   * @throws when the peer or the source fails; `PaceError` when the peer is too slow
   */
  async send(source: AsyncIterable<Buffer>): Promise<void> {
    this.#streams.secure?.transport.release();
    const pace = this.#watch('out');
    const chunks = source[Symbol.asyncIterator]();
    let isExhausted = false;
    try {
      for (;;) {
        const next = await pace.hold(chunks.next());
        if (next.done) break;
        this.#throwFailure();
        const canTakeMore = this.#stream.write(next.value);
        this.#transferred += next.value.length;
        if (!canTakeMore) await this.#drained();
      }
      isExhausted = true;
      this.#throwFailure();
      await this.#finish();
    } finally {
      pace.stop();
      if (!isExhausted) await chunks.return?.();
    }
  }

  /**
   * Receives until the client ends the connection; `sink` is awaited before the next bytes are read.
   *
   * A small file waits some 40 ms for its end: the client's TCP keeps close_notify back until the octets before it are
   * acknowledged (Nagle), and our kernel delays that, because a handshake looks to it like a dialogue. Node offers no TCP_QUICKACK.
   * An octet of ours would carry the acknowledgement along, but a client that only writes would close with it unread, and its
   * kernel answers that with RST: the upload would be lost. The host can acknowledge at once; docs/administration/file-transfer.md says how.
   * @throws when the peer or the sink fails; `PaceError` when the peer is too slow
   */
  async receive(sink: (chunk: Buffer) => Promise<void>): Promise<UploadEnd> {
    const pace = this.#watch('in');
    try {
      for await (const chunk of this.#stream.iterator({ destroyOnReturn: false })) {
        this.#transferred += chunk.length;
        await pace.hold(sink(chunk));
      }
      const { secure } = this.#streams;
      if (!secure) return 'unprotected-fin';
      // Node may show a reset connection as a clean end; what arrived then is not the whole file.
      if (secure.transport.wasReset || !secure.tls.peerEnd) throw new Error('the data connection was reset');
      return secure.tls.peerEnd;
    } catch (error) {
      throw this.#failure instanceof PaceError ? this.#failure : error;
    } finally {
      pace.stop();
    }
  }

  /** Ends a received upload politely: close_notify, FIN. What the peer does afterwards changes nothing. */
  async finishReceiving(): Promise<void> {
    this.#streams.secure?.transport.release();
    await this.#finish().catch(() => undefined);
  }

  /** Breaks the connection so that the peer cannot take it for a clean end: no close_notify, and RST instead of FIN. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#streams.raw.resetAndDestroy();
    this.#stream.destroy();
  }

  async #finish(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream, { readable: false });
    // A peer that sends on after its download would keep the socket full; what it sends is thrown away.
    this.#stream.resume();
    const linger = setTimeout(() => this.#streams.raw.destroy(), lingerMilliseconds);
    this.#streams.raw.once('close', () => clearTimeout(linger));
  }

  #watch(direction: 'in' | 'out'): TransferPace {
    const { raw, pace } = this.#streams;
    return new TransferPace(raw, direction, pace, (error) => this.abort(error));
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const drained = () => {
        this.#stream.off('close', closed);
        resolve();
      };
      const closed = () => {
        this.#stream.off('drain', drained);
        reject(this.#failure ?? new Error('the data connection closed'));
      };
      this.#stream.once('drain', drained);
      this.#stream.once('close', closed);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stream.destroy();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
  }
}
