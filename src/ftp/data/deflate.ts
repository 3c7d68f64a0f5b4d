/**
 * MODE Z (draft-preston-ftpext-deflate-04): octets go over the data connection as one stream of zlib (RFC 1950). What a client sends
 * must be that stream from its first octet to its last, and must not grow beyond all measure; anything else is a broken upload.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { TransferRefused } from './transfer-refused.ts';
import { transferTurns } from './transfer-turns.ts';
import { WorkSlots } from './work-slots.ts';

/** Octets that the engine hands out at a time. */
const chunkSize = 64 * 1024;
/** Text becomes a twentieth, and seldom less; zlib itself can promise a thousandth. A file of 64 MiB of zeros is no attack. */
const usualExpansion = { maximum: 200, freeOctets: 64 * 1024 * 1024 };

/**
 * Blocks that are compressed at a time, in all transfers of the process: it happens on the threads that also read files, and leaves a
 * processor to everything else. What is inflated takes the turns of all transfers instead.
 */
const compressionSlots = new WorkSlots(Math.max(1, availableParallelism() - 1));

/** @param blocks each stays as it is until the next is asked for @param level of zlib, 0 to 9 */
export async function* deflated(blocks: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const engine = createDeflate({ level, chunkSize });
  // What comes of one block is taken off at once, so that no slot is held while a client is slow.
  const ready: Buffer[] = [];
  engine.on('data', (octets: Buffer) => ready.push(octets));
  try {
    for await (const block of blocks) {
      await compressionSlots.run(() => written(engine, block));
      yield* ready.splice(0);
    }
    const ended = once(engine, 'end');
    engine.end();
    await ended;
    yield* ready.splice(0);
  } finally {
    engine.destroy();
  }
}

/** Takes a stream of zlib off the connection. */
export class InflatingIntake {
  readonly #engine: Inflate = createInflate({ chunkSize });
  readonly #write: (octets: Buffer) => Promise<void>;
  readonly #expansion: typeof usualExpansion;
  readonly #drained: Promise<void>;
  #failure: { readonly error: unknown } | undefined;
  #taken = 0;
  #inflated = 0;

  /**
   * @param write takes what comes of it; it may overwrite that
   * @param expansion how many times as much may come of it, beyond so many octets
   */
  constructor(write: (octets: Buffer) => Promise<void>, expansion = usualExpansion) {
    this.#write = write;
    this.#expansion = expansion;
    this.#drained = this.#drain().catch((error: unknown) => {
      this.#failure = { error };
      this.#engine.destroy();
    });
  }

  /** @param octets stay as they are until it settles @throws TransferRefused; what writing throws */
  async write(octets: Buffer): Promise<void> {
    this.#taken += octets.length;
    // An engine that has come to its end takes nothing more, and says nothing of it; one that failed says why when it is drained.
    await Promise.race([written(this.#engine, octets), this.#drained]).catch(() => this.#drained);
    this.#throwFailure();
    if (this.#engine.bytesWritten < this.#taken)
      throw new TransferRefused('The compressed data goes on behind its end.');
  }

  /** The connection has ended. @throws as `write` */
  async end(): Promise<void> {
    this.#engine.end();
    await this.#drained;
    this.#throwFailure();
  }

  /** Nothing more is wanted of it. */
  close(): void {
    this.#engine.destroy();
  }

  async #drain(): Promise<void> {
    try {
      for await (const octets of this.#engine) {
        const { length } = octets as Buffer;
        this.#inflated += length;
        const { maximum, freeOctets } = this.#expansion;
        if (this.#inflated > freeOctets && this.#inflated > this.#taken * maximum) {
          throw new TransferRefused('The compressed data expands too much; send it in MODE S.');
        }
        await transferTurns.next(length);
        await this.#write(octets as Buffer);
      }
    } catch (error) {
      throw isOfZlib(error)
        ? new TransferRefused('The compressed data is broken, or not complete.', { cause: error })
        : error;
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

function isOfZlib(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code?.startsWith('Z_') === true || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Resolves when the engine needs the octets no more. */
function written(engine: Inflate | Deflate, octets: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.write(octets, (error) => (error ? reject(error) : resolve()));
  });
}
