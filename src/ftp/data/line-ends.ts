/**
 * Text under TYPE A: lines end in CRLF on the data connection and in LF in a file (RFC 959 3.1.1.1). What is no line end stays as
 * it is: a CR by itself in both directions, and a LF by itself in what a client sends.
 *
 * A line of a file that ends in CRLF already goes out as it is, as vsftpd and ProFTPD have it: another CR before its LF is a
 * character that the line does not have.
 */

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** From a file to the connection. */
export class NetworkLines {
  #last: number;

  constructor(from: LinesFrom = 'whole') {
    this.#last = from === 'begun' ? carriageReturn : 0;
  }

  /** @returns octets that the next call leaves as they are */
  convert(octets: Buffer): Buffer {
    const converted = Buffer.allocUnsafe(octets.length * 2);
    let last = this.#last;
    let length = 0;
    for (let index = 0; index < octets.length; index += 1) {
      const octet = octets[index] ?? 0;
      if (octet === lineFeed && last !== carriageReturn) converted[length++] = carriageReturn;
      converted[length++] = octet;
      last = octet;
    }
    this.#last = last;
    return converted.subarray(0, length);
  }
}

/** From the connection to a file. */
export class LocalLines {
  /** A CR at the end of what came so far: the octet behind it tells whether it ends a line. */
  #heldReturn: boolean;

  constructor(from: LinesFrom = 'whole') {
    this.#heldReturn = from === 'begun';
  }

  /** @param octets the conversion overwrites them @returns parts of the text, in order */
  convert(octets: Buffer): readonly Buffer[] {
    if (octets.length === 0) return [];
    const held = this.#heldReturn && octets[0] !== lineFeed ? [loneReturn()] : [];
    this.#heldReturn = octets.at(-1) === carriageReturn;
    const text = this.#heldReturn ? octets.subarray(0, -1) : octets;
    return [...held, withoutReturns(text)].filter(({ length }) => length > 0);
  }

  /** Nothing comes any more. */
  end(): readonly Buffer[] {
    return this.#heldReturn ? [loneReturn()] : [];
  }
}

function loneReturn(): Buffer {
  return Buffer.of(carriageReturn);
}

/** In place: what is left is never longer. */
function withoutReturns(octets: Buffer): Buffer {
  const first = octets.indexOf('\r\n');
  if (first < 0) return octets;
  let length = first;
  for (let index = first; index < octets.length; index += 1) {
    const octet = octets[index] ?? 0;
    if (octet === carriageReturn && octets[index + 1] === lineFeed) continue;
    octets[length++] = octet;
  }
  return octets.subarray(0, length);
}

/** Where a text starts: at a whole octet of the file, or behind the CR of a line end whose LF is next. */
export type LinesFrom = 'whole' | 'begun';

/** Where a count of octets on the connection ends in the file that they come from or go to. */
export interface TextPosition {
  /** Octets of the file before the first that is sent. */
  readonly readFrom: number;
  /** Octets of the file before the first that is written: a CR that may yet turn out to end a line is written anew. */
  readonly writeFrom: number;
  readonly lines: LinesFrom;
}

/** Counts the octets of a text on the connection while its file is read from the beginning. */
export class TextMeasure {
  readonly #wanted: number;
  #last = 0;
  #offset = 0;
  #onConnection = 0;

  /** @param wanted octets on the connection up to the position to find */
  constructor(wanted = Number.POSITIVE_INFINITY) {
    this.#wanted = wanted;
  }

  /** Octets of what was read so far, as they go over the connection. */
  get onConnection(): number {
    return this.#onConnection;
  }

  /** Undefined when the whole text is shorter. */
  get position(): TextPosition | undefined {
    const excess = this.#onConnection - this.#wanted;
    if (excess < 0) return undefined;
    // Of the last LF only the CR is wanted.
    if (excess > 0) return { readFrom: this.#offset - 1, writeFrom: this.#offset - 1, lines: 'begun' };
    if (this.#last === carriageReturn) return { readFrom: this.#offset, writeFrom: this.#offset - 1, lines: 'begun' };
    return { readFrom: this.#offset, writeFrom: this.#offset, lines: 'whole' };
  }

  /** @returns whether more has to be read */
  read(octets: Buffer): boolean {
    const wanted = this.#wanted;
    let last = this.#last;
    let onConnection = this.#onConnection;
    let index = 0;
    for (; index < octets.length && onConnection < wanted; index += 1) {
      const octet = octets[index] ?? 0;
      onConnection += octet === lineFeed && last !== carriageReturn ? 2 : 1;
      last = octet;
    }
    this.#last = last;
    this.#onConnection = onConnection;
    this.#offset += index;
    return onConnection < wanted;
  }
}
