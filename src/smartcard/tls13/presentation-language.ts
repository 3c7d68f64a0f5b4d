/** The presentation language of TLS (RFC 8446 section 3): numbers and vectors, written and strictly read. Knows no message. */
import { TlsViolation } from './tls-error.ts';

type NumberWidth = 1 | 2 | 3 | 4;

/** `value` in network byte order. */
export function uint(width: NumberWidth, value: number): Buffer {
  const octets = Buffer.alloc(width);
  octets.writeUIntBE(value, 0, width);
  return octets;
}

/** A vector: its length in `width` octets, then its contents. @throws RangeError when the contents do not fit */
export function vector(width: NumberWidth, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([uint(width, content.length), content]);
}

/** Reads one structure from its first octet to its last; whatever does not fit is a decode_error. */
export class WireReader {
  readonly #octets: Buffer;
  readonly #what: string;
  #offset = 0;

  /** @param what the name of the structure, for the message of an error */
  constructor(octets: Buffer, what: string) {
    this.#octets = octets;
    this.#what = what;
  }

  get remaining(): number {
    return this.#octets.length - this.#offset;
  }

  uint(width: NumberWidth): number {
    return this.opaque(width).readUIntBE(0, width);
  }

  /** A view of the next `length` octets; copy what outlives the message. */
  opaque(length: number): Buffer {
    if (length > this.remaining) throw new TlsViolation('decode_error', `${this.#what} is cut short`);
    this.#offset += length;
    return this.#octets.subarray(this.#offset - length, this.#offset);
  }

  /** The contents of a vector whose length takes `width` octets, of at least `minimum` octets. */
  vector(width: NumberWidth, minimum = 0, maximum = 2 ** (8 * width) - 1): Buffer {
    const length = this.uint(width);
    if (length < minimum || length > maximum)
      throw new TlsViolation('decode_error', `${this.#what} holds a vector of ${length} octets`);
    return this.opaque(length);
  }

  /** To be called when everything has been read. */
  end(): void {
    if (this.remaining > 0)
      throw new TlsViolation('decode_error', `${this.#what} has ${this.remaining} octets too many`);
  }
}

/** The 16-bit numbers a vector of them holds. */
export function readUint16List(contents: Buffer, what: string): readonly number[] {
  const reader = new WireReader(contents, what);
  const numbers: number[] = [];
  while (reader.remaining > 0) numbers.push(reader.uint(2));
  return numbers;
}
