/**
 * Carries the records of TLS over a TCP connection that may go on without TLS (RFC 4217 13 and 12.3): Node’s TLS takes over the handle of
 * a socket for good, but not that of a stream. It says close_notify first, and what the client still sends under TLS is thrown away.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

/** Content types of RFC 8446 5.1, from change_cipher_spec to application_data; no command begins with one. */
const firstRecordType = 20;
const lastRecordType = 23;
const recordHeader = 5;
const partingMilliseconds = 250;

export class TlsCarrier extends Duplex {
  readonly #raw: Socket;
  #isLaidDown = false;

  constructor(raw: Socket) {
    super();
    this.#raw = raw;
    raw.on('data', this.#onData);
    raw.on('end', this.#onEnd);
    raw.on('close', this.#onClose);
  }

  /**
   * Ends TLS and leaves the TCP connection as it is, without readers and paused.
   * @param tls what this carries
   */
  async layDown(tls: TLSSocket): Promise<void> {
    this.#isLaidDown = true;
    this.#raw.pause();
    this.#raw.off('data', this.#onData);
    this.#raw.off('end', this.#onEnd);
    await this.#heardAgain();
    await new Promise<void>((resolve) => {
      tls.once('close', resolve);
      tls.end(resolve);
    });
    this.#raw.off('close', this.#onClose);
    tls.destroy();
  }

  /**
   * lftp takes a close_notify that comes with the reply to CCC for the end of the connection. When it has read the reply it sends its own; a
   * client that waits for the server's, as curl may, waits a moment longer.
   */
  async #heardAgain(): Promise<void> {
    const waiting = AbortSignal.timeout(partingMilliseconds);
    await Promise.race([
      once(this.#raw, 'readable', { signal: waiting }),
      once(this.#raw, 'close', { signal: waiting }),
    ]).catch(() => undefined);
  }

  override _read(): void {
    if (!this.#isLaidDown) this.#raw.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#raw.write(chunk, done);
  }

  override _final(done: () => void): void {
    if (!this.#isLaidDown) this.#raw.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isLaidDown) this.#raw.destroy();
    done(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#raw.pause();
  };
  readonly #onEnd = (): void => void this.push(null);
  readonly #onClose = (): void => void this.destroy();
}

/**
 * @param pass gets what follows the records that the client sent before it knew that TLS is over, close_notify the last of them
 * @returns to be called with what arrives
 */
export function behindRecords(pass: (octets: Buffer) => void): (octets: Buffer) => void {
  let waiting = Buffer.alloc(0);
  let isOver = false;
  return (octets) => {
    if (isOver) {
      pass(octets);
      return;
    }
    waiting = Buffer.concat([waiting, octets]);
    for (let type = waiting[0]; type !== undefined; type = waiting[0]) {
      if (type < firstRecordType || type > lastRecordType) {
        isOver = true;
        pass(waiting);
        return;
      }
      const end = waiting.length < recordHeader ? Number.POSITIVE_INFINITY : recordHeader + waiting.readUInt16BE(3);
      if (waiting.length < end) return;
      waiting = waiting.subarray(end);
    }
  };
}
