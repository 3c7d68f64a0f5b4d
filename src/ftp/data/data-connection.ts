/**
 * One data connection, proven to be the client's, while bytes flow over it: sends a file or a listing, or receives a file, with back
 * pressure, a limit on silence, and an honest account of how it ended. It never calls a broken transfer complete.
 */
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import type { Facts } from '../../explanation/steps.ts';
import type { TransferLimit } from '../bandwidth/rate-limit.ts';
import { hasPeer, type PeerEnd, type ServerTlsSocket } from '../tls/server-tls-socket.ts';
import { fileBlocks } from './file-blocks.ts';
import { type SentFile, sendFile } from './file-sending.ts';
import { converted, convertedIntake, type OctetConversion } from './octet-conversion.ts';
import { PaceError, type PaceSettings, TransferPace } from './transfer-pace.ts';
import { transferTurns } from './transfer-turns.ts';
import { UploadIntake } from './upload-intake.ts';

/** After our FIN the peer has this long to close its side. */
const lingerMilliseconds = 5000;

export interface DataStreams {
  readonly raw: Socket;
  /** Absent on an unprotected connection. */
  readonly tls?: ServerTlsSocket;
  /** How the connection was tied to its control connection. */
  readonly facts: Facts;
  /** How slow the peer may be. */
  readonly pace: PaceSettings;
  /** How fast octets may move; absent: as fast as they can. */
  readonly limit?: TransferLimit | undefined;
}

/** How the client ended an upload: `fin` under TLS means without close_notify (RFC 8446 6.1), so it may have been cut. */
export type UploadEnd = Exclude<PeerEnd, 'reset'> | 'unprotected-fin';

export class DataConnection {
  readonly facts: Facts;
  readonly #raw: Socket;
  readonly #tls: ServerTlsSocket | undefined;
  readonly #stream: Socket;
  readonly #limits: PaceSettings;
  readonly #limit: TransferLimit | undefined;
  #transferred = 0;
  #failure: Error | undefined;

  constructor({ raw, tls, facts, pace, limit }: DataStreams) {
    this.facts = facts;
    this.#raw = raw;
    this.#tls = tls;
    this.#stream = tls ?? raw;
    this.#limits = pace;
    this.#limit = limit;
    // Without a listener a late error ends the process; the transfer that runs sees it through its own.
    this.#stream.on('error', (error) => this.#fail(error));
    tls?.on('_tlsError', (error: Error) => this.#fail(error));
    raw.on('error', (error) => this.#fail(error));
    this.#stream.on('close', () => this.#fail(new Error('the data connection closed')));
  }

  /** Bytes of the file, or of the listing, moved so far. */
  get transferred(): number {
    return this.#transferred;
  }

  /**
   * Sends everything and ends the connection with close_notify and FIN.
   * @param conversion absent: the octets as they are
   * @throws when the peer or the source fails; `PaceError` when the peer is too slow
   */
  async send(source: AsyncIterable<Buffer>, conversion?: OctetConversion): Promise<void> {
    const octets = conversion ? converted(conversion, source) : source;
    const chunks = octets[Symbol.asyncIterator]();
    let isExhausted = false;
    try {
      await this.#sending(async (pace) => {
        for (;;) {
          const next = await pace.hold(chunks.next());
          if (next.done) break;
          if (this.#limit) await pace.hold(this.#limit.take(next.value.length));
          await transferTurns.next(next.value.length);
          this.#throwFailure();
          const canTakeMore = this.#stream.write(next.value);
          this.#transferred += next.value.length;
          if (!canTakeMore) await this.#drained();
        }
        isExhausted = true;
      });
    } finally {
      if (!isExhausted) await chunks.return?.();
    }
  }

  /** As `send`, from a file. @param conversion absent: its octets as they are */
  sendFile(file: SentFile, conversion?: OctetConversion): Promise<void> {
    if (conversion) return this.send(fileBlocks(file), conversion);
    return this.#sending((pace) =>
      sendFile(this.#stream, file, {
        hold: (work) => pace.hold(work),
        limit: this.#limit,
        onOctets: (count) => {
          this.#transferred += count;
        },
      }),
    );
  }

  /**
   * Receives until the client ends the connection; `sink` is awaited when the octets come faster than it takes them.
   *
   * A small file waits some 40 ms for its end: the client's TCP keeps close_notify back until the octets before it are
   * acknowledged (Nagle), and our kernel delays that, because a handshake looks to it like a dialogue. Node offers no TCP_QUICKACK.
   * Nor does the server send an octet to carry the acknowledgement along: a client that only writes closes with it unread, and its
   * kernel answers that with RST, which loses the upload. The host can acknowledge at once; docs/administration/file-transfer.md says how.
   * @param sink writes octets behind those before; they stay as they are until it settles
   * @param conversion absent: the octets reach the sink as they are
   * @throws when the peer or the sink fails; `PaceError` when the peer is too slow
   */
  async receive(sink: (octets: Buffer) => Promise<void>, conversion?: OctetConversion): Promise<UploadEnd> {
    const pace = this.#watch('in');
    const intake = conversion && convertedIntake(conversion, sink, (count) => pace.inflated(count));
    try {
      this.#throwFailure();
      await new UploadIntake(this.#stream, {
        write: intake ? (octets) => intake.write(octets) : sink,
        hold: (work) => pace.hold(work),
        limit: this.#limit,
        onOctets: (count) => {
          this.#transferred += count;
        },
      }).run();
      this.#throwFailure();
      const end = this.#howClientEnded();
      if (intake) await pace.hold(intake.end());
      return end;
    } catch (error) {
      throw this.#failure instanceof PaceError ? this.#failure : error;
    } finally {
      intake?.close();
      pace.stop();
    }
  }

  /** Ends a received upload politely: close_notify, FIN. What the peer does afterwards changes nothing. */
  async finishReceiving(): Promise<void> {
    await this.#finish().catch(() => undefined);
  }

  /** Breaks the connection so that the peer cannot take it for a clean end: no close_notify, and RST instead of FIN. */
  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#raw.resetAndDestroy();
    this.#stream.destroy();
  }

  async #sending(send: (pace: TransferPace) => Promise<void>): Promise<void> {
    const pace = this.#watch('out');
    try {
      this.#throwFailure();
      await send(pace);
      await this.#finish();
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      pace.stop();
    }
  }

  #howClientEnded(): UploadEnd {
    const end = this.#tls ? this.#tls.peerEnd : hasPeer(this.#raw) ? 'unprotected-fin' : 'reset';
    // What arrived before a reset is not the whole file.
    if (end === 'reset' || end === undefined) throw new Error('the data connection was reset');
    return end;
  }

  async #finish(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream, { readable: false });
    // A peer that sends on after its download keeps the socket full; what it sends is thrown away.
    this.#stream.resume();
    const linger = setTimeout(() => this.#raw.destroy(), lingerMilliseconds);
    this.#raw.once('close', () => clearTimeout(linger));
  }

  #watch(direction: 'in' | 'out'): TransferPace {
    return new TransferPace(this.#raw, direction, this.#limits, (error) => this.abort(error));
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
