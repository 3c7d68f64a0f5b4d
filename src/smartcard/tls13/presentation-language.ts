/** The presentation language of TLS (RFC 8446 section 3): numbers and vectors, written and strictly read. */
import { type NumberWidth, PresentationReader } from '../../presentation-reader.ts';
import { TlsViolation } from './tls-error.ts';

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
export class WireReader extends PresentationReader {
  readonly #what: string;

  /** @param what the name of the structure, for the message of an error */
  constructor(octets: Buffer, what: string) {
    super(octets);
    this.#what = what;
  }

  /** The contents of a vector whose length takes `width` octets, of at least `minimum` octets. */
  override vector(width: NumberWidth, minimum = 0, maximum = 2 ** (8 * width) - 1): Buffer {
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

  protected override cutShort(): Error {
    return new TlsViolation('decode_error', `${this.#what} is cut short`);
  }
}
