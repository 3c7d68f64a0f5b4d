/**
 * Takes an upload off its connection: one slab fills while those before it are written, and the connection is read no further when
 * the disk falls behind. Octets are decrypted straight into the slab.
 */
import type { Socket } from 'node:net';
import type { TransferLimit } from '../bandwidth/rate-limit.ts';
import { largestSlab, transferSlabs } from './octet-slabs.ts';
import { type OwnBuffer, readIntoOwnBuffer } from './own-buffer.ts';
import { octetsOfTurn, transferTurns } from './transfer-turns.ts';

export interface IntakeOptions {
  /** Writes octets behind those before; they stay as they are until it settles. */
  readonly write: (octets: Buffer) => Promise<void>;
  /** Awaits writing that keeps the client waiting. */
  readonly hold: (work: Promise<unknown>) => Promise<unknown>;
  /** Absent: as fast as the client sends. */
  readonly limit?: TransferLimit | undefined;
  /** Told of octets as they arrive. */
  readonly onOctets: (count: number) => void;
}

/** A slab with less room is written: one TLS record may be as long (RFC 8446 5.1). */
const recordOctets = 16_384;
/** Slabs that wait for the disk before the connection is read no further. */
const maximumWaiting = 2;
/** A slow upload becomes visible in its file so often. */
const flushMilliseconds = 1000;

export class UploadIntake {
  readonly #socket: Socket;
  readonly #options: IntakeOptions;
  readonly #over = Promise.withResolvers<void>();
  #slab = transferSlabs.take(0);
  /** Of the slab: octets that arrived, and those of them that were handed on to be written. */
  #filled = 0;
  #handedOn = 0;
  #waiting = 0;
  #writing: Promise<void> = Promise.resolve();
  #writeFailure: { readonly error: unknown } | undefined;
  #own: OwnBuffer | undefined;
  #octetsInTurn = 0;
  #awaitsTurn = false;
  /** Takings of the limit that wait for their time. */
  #awaited = 0;

  constructor(socket: Socket, options: IntakeOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Resolves when the input has ended and everything is written. @throws what reading or writing throws; what came before is written */
  async run(): Promise<void> {
    const flushing = setInterval(() => this.#flush(), flushMilliseconds);
    try {
      this.#read();
      await this.#over.promise;
    } finally {
      clearInterval(flushing);
      this.#flush();
      await this.#writing;
      this.#release(this.#slab);
    }
    if (this.#writeFailure) throw this.#writeFailure.error;
  }

  /** Whether the connection is read no further until the disk has caught up, or other transfers have had their turn. */
  get #isPaused(): boolean {
    return this.#awaitsTurn || this.#awaited > 0 || this.#waiting >= maximumWaiting;
  }

  #read(): void {
    const socket = this.#socket;
    socket.once('end', () => this.#over.resolve());
    socket.once('error', (error) => this.#over.reject(error));
    socket.once('close', () => this.#over.reject(new Error('the data connection closed')));
    // Either may have come while the transfer command was still awaited.
    if (socket.readableEnded) this.#over.resolve();
    if (socket.destroyed) this.#over.reject(socket.errored ?? new Error('the data connection closed'));
    if (socket.readableEnded || socket.destroyed) return;
    for (let early: unknown = socket.read(); early !== null; early = socket.read()) this.#copy(early as Buffer);
    this.#own = readIntoOwnBuffer(
      socket,
      () => this.#slab.subarray(this.#filled),
      (octets) => this.#arrived(octets),
    );
    if (!this.#own) socket.on('data', (octets: Buffer) => this.#copy(octets));
    this.#goOn();
  }

  #copy(octets: Buffer): void {
    for (let offset = 0; offset < octets.length; ) {
      const copied = octets.copy(this.#slab, this.#filled, offset);
      offset += copied;
      this.#arrived(copied);
    }
    if (this.#isPaused) this.#socket.pause();
  }

  /** @returns whether more is wanted now */
  #arrived(count: number): boolean {
    this.#filled += count;
    this.#options.onOctets(count);
    this.#takeTurns(count);
    if (this.#options.limit) this.#takeOf(this.#options.limit, count);
    if (this.#slab.length - this.#filled < recordOctets) {
      const full = this.#slab;
      this.#flush();
      this.#writing = this.#writing.then(() => this.#release(full));
      // Few files are larger than the first slab; those that are want large ones.
      this.#slab = transferSlabs.take(largestSlab);
      this.#filled = 0;
      this.#handedOn = 0;
    }
    return !this.#isPaused;
  }

  #takeTurns(count: number): void {
    this.#octetsInTurn += count;
    if (this.#awaitsTurn || this.#octetsInTurn < octetsOfTurn) return;
    this.#awaitsTurn = true;
    void transferTurns.next(octetsOfTurn).then(() => {
      this.#octetsInTurn = 0;
      this.#awaitsTurn = false;
      if (!this.#isPaused) this.#goOn();
    });
  }

  /** What arrived is paid for before more is read: the client hears of it by its full buffers. */
  #takeOf(limit: TransferLimit, count: number): void {
    this.#awaited += 1;
    void this.#options.hold(limit.take(count)).then(() => {
      this.#awaited -= 1;
      if (!this.#isPaused) this.#goOn();
    });
  }

  /** What arrived is written from the slab that goes on filling behind it. */
  #flush(): void {
    if (this.#handedOn === this.#filled) return;
    const octets = this.#slab.subarray(this.#handedOn, this.#filled);
    this.#handedOn = this.#filled;
    this.#waiting += 1;
    this.#writing = this.#writing.then(() => this.#write(octets));
    if (this.#waiting >= maximumWaiting) void this.#options.hold(this.#writing);
  }

  async #write(octets: Buffer): Promise<void> {
    if (this.#writeFailure) return;
    try {
      await this.#options.write(octets);
    } catch (error) {
      this.#writeFailure = { error };
      this.#over.reject(error);
      return;
    }
    this.#waiting -= 1;
    if (!this.#isPaused) this.#goOn();
  }

  #goOn(): void {
    // The end is told only to a stream that flows.
    this.#socket.resume();
    this.#own?.resume();
  }

  /** A write that was given up may still read its slab, and a connection that lives still fill it. */
  #release(slab: Buffer): void {
    if (this.#writeFailure) transferSlabs.lose(slab);
    else transferSlabs.giveBack(slab);
  }
}
