/** The presentation language of TLS (RFC 8446 section 3): reads numbers and vectors out of octets. Knows no message. */

export type NumberWidth = 1 | 2 | 3 | 4;

export class PresentationReader {
  readonly #octets: Buffer;
  #offset = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  get remaining(): number {
    return this.#octets.length - this.#offset;
  }

  /** @throws like `opaque`, as all that reads does */
  uint(width: NumberWidth): number {
    return this.opaque(width).readUIntBE(0, width);
  }

  /** A view of the next `length` octets; copy what outlives the message. @throws `cutShort()` when there are fewer */
  opaque(length: number): Buffer {
    if (length > this.remaining) throw this.cutShort();
    this.#offset += length;
    return this.#octets.subarray(this.#offset - length, this.#offset);
  }

  /** The contents of a vector whose length takes `width` octets. */
  vector(width: NumberWidth): Buffer {
    return this.opaque(this.uint(width));
  }

  /** The 16-bit numbers that the rest consists of. */
  uint16List(): readonly number[] {
    const numbers: number[] = [];
    while (this.remaining > 0) numbers.push(this.uint(2));
    return numbers;
  }

  /** What a length that leads beyond the octets is to its reader. */
  protected cutShort(): Error {
    return new RangeError('a length leads beyond the octets');
  }
}
