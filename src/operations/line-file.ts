/**
 * A file that lines are appended to, for the audit trail and the log. While it cannot be written, as on a full disk, it keeps
 * lines in memory up to a bound and tries again; it never fails its writer, never tears a line and never loses one silently.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { errorMessage } from '../error-message.ts';

export interface LineFileOptions {
  /** Milliseconds between two tries. Default 1000. */
  readonly retryMilliseconds?: number;
  /** Octets kept while the file cannot be written or writing is slow; lines beyond are lost and counted. Default 16 MiB. */
  readonly maximumKept?: number;
  /** Takes a sentence when writing begins to fail, and one when it works again. */
  readonly onFault: (text: string) => void;
}

/** Names, addresses and paths of people are in it. */
const fileMode = 0o640;
/** Octets of one write. */
const maximumBatch = 1024 * 1024;

export class LineFile extends Writable {
  readonly #path: string;
  readonly #retryMilliseconds: number;
  readonly #maximumKept: number;
  readonly #onFault: (text: string) => void;
  #kept: Buffer[] = [];
  #keptLength = 0;
  #lost = 0;
  #handle: FileHandle | undefined;
  #pump: Promise<void> | undefined;
  #failing = false;
  #isEnding = false;
  #wake: () => void = () => undefined;

  /** @param path absolute; it is opened with the first line, and made when it is not there */
  constructor(path: string, { retryMilliseconds = 1000, maximumKept = 16 * 1024 * 1024, onFault }: LineFileOptions) {
    super();
    this.#path = path;
    this.#retryMilliseconds = retryMilliseconds;
    this.#maximumKept = maximumKept;
    this.#onFault = onFault;
  }

  /** Accepts every line at once: whoever writes an audit record does not wait for the disk. */
  override _write(line: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#keptLength + line.length > this.#maximumKept) this.#lost += 1;
    else {
      this.#kept.push(line);
      this.#keptLength += line.length;
      this.#pump ??= this.#writeKept().finally(() => {
        this.#pump = undefined;
      });
    }
    callback();
  }

  override _final(callback: () => void): void {
    this.#isEnding = true;
    this.#wake();
    void (this.#pump ?? Promise.resolve())
      .then(() => this.#handle?.close())
      .catch(() => undefined)
      .then(() => callback());
  }

  /** Never rejects. At the end a failing file gets one last try. */
  async #writeKept(): Promise<void> {
    while (this.#keptLength > 0) {
      try {
        await this.#writeSome();
        this.#recovered();
      } catch (error) {
        this.#failed(error);
        if (this.#isEnding) return;
        await this.#pause();
      }
    }
  }

  /** What a short write left over stays the first of what is kept, so that the line is completed later. */
  async #writeSome(): Promise<void> {
    this.#handle ??= await open(this.#path, 'a', fileMode);
    const batch: Buffer[] = [];
    let length = 0;
    for (const line of this.#kept) {
      if (length > 0 && length + line.length > maximumBatch) break;
      batch.push(line);
      length += line.length;
    }
    const octets = Buffer.concat(batch);
    const { bytesWritten } = await this.#handle.write(octets);
    this.#kept.splice(0, batch.length);
    if (bytesWritten < octets.length) this.#kept.unshift(octets.subarray(bytesWritten));
    this.#keptLength -= bytesWritten;
  }

  #failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#onFault(`cannot write ${this.#path}: ${errorMessage(error)}`);
  }

  #recovered(): void {
    if (!this.#failing && this.#lost === 0) return;
    const losses = this.#lost === 0 ? 'nothing is lost' : `${this.#lost} lines are lost`;
    this.#failing = false;
    this.#lost = 0;
    this.#onFault(`writes again to ${this.#path}: ${losses}`);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#retryMilliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
