/**
 * Stands between a data connection and its TLS layer. A TLS 1.3 server sends session tickets right after the handshake; a
 * client that only uploads never reads them, closes with them unread, and its kernel answers with RST: the tail of the upload
 * is lost. So what the server writes after the client's second flight waits here until the client will read it.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

const recordHeaderLength = 5;
/** RFC 8446 5.1: everything after the hello messages travels in records of this type, the client's Finished first. */
const applicationData = 23;
/** Bytes kept back before the writer has to wait: some tickets, each with the client's certificate chain in it. */
const maximumWithheld = 256 * 1024;

/** Fewer system calls and fewer hops through TLS for each megabyte. */
const readAhead = 512 * 1024;

export class WithholdingSocket extends Duplex {
  readonly #socket: Socket;
  readonly #records = new RecordScanner();
  /** `watching`: the handshake runs. `withholding`: it is over. `released`: everything passes. */
  #state: 'watching' | 'withholding' | 'released' = 'watching';
  #hasWritten = false;
  #withheld: { readonly bytes: Buffer; readonly done: (error?: Error | null) => void }[] = [];
  #withheldLength = 0;
  #wasReset = false;

  /** @param socket as accepted: paused, half-open ends allowed; what was read from it has been put back */
  constructor(socket: Socket, highWaterMark = readAhead) {
    super({ highWaterMark, allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#watch(chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => {
      this.#wasReset = true;
      this.destroy(error);
    });
    socket.on('close', () => this.destroy());
    socket.pause();
  }

  /** Whether the TCP connection broke; bytes the peer believes sent may be missing then. */
  get wasReset(): boolean {
    return this.#wasReset;
  }

  /** Lets everything through: the peer will read (a download), or has nothing more to send (the end of an upload). */
  release(): void {
    this.#state = 'released';
    const withheld = this.#withheld;
    this.#withheld = [];
    for (const { bytes, done } of withheld) this.#socket.write(bytes, done);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#hasWritten = true;
    if (this.#state !== 'withholding') {
      this.#socket.write(chunk, callback);
      return;
    }
    this.#withheldLength += chunk.length;
    const full = this.#withheldLength > maximumWithheld;
    // TLS must not wait for its own tickets; only one that writes without end has to.
    this.#withheld.push({ bytes: chunk, done: full ? callback : () => undefined });
    if (!full) callback();
  }

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.release();
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#withheld = [];
    this.#socket.destroy();
    callback(error);
  }

  /** Early data of a client could come before our first flight; only what follows our answer is its second flight. */
  #watch(chunk: Buffer): void {
    if (this.#state !== 'watching') return;
    if (this.#records.sees(applicationData, chunk) && this.#hasWritten) this.#state = 'withholding';
  }
}

/** Walks over TLS record headers without looking into the records (RFC 8446 5.1, RFC 5246 6.2.1). */
class RecordScanner {
  #header: Buffer = Buffer.alloc(0);
  #remaining = 0;

  /** Whether a record of this type begins in the chunk, which follows the chunks before it. */
  sees(type: number, chunk: Buffer): boolean {
    let offset = 0;
    let seen = false;
    while (offset < chunk.length) {
      if (this.#remaining > 0) {
        const skipped = Math.min(this.#remaining, chunk.length - offset);
        this.#remaining -= skipped;
        offset += skipped;
        continue;
      }
      const taken = chunk.subarray(offset, offset + recordHeaderLength - this.#header.length);
      this.#header = Buffer.concat([this.#header, taken]);
      offset += taken.length;
      if (this.#header.length < recordHeaderLength) break;
      seen ||= this.#header[0] === type;
      this.#remaining = this.#header.readUInt16BE(3);
      this.#header = Buffer.alloc(0);
    }
    return seen;
  }
}
