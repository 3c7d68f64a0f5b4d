/**
 * A strict reader for DER (X.690 section 10): definite minimal lengths, one encoding per value, nothing left over.
 * It never recurses, so nesting is bounded by the schema its callers follow; BER and tag numbers above 30 are refused.
 */
import { MalformedError } from './malformed-error.ts';

/** Identifier octets (X.690 8.1.2) of the universal types in use. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of a context-specific primitive tag. */
export const contextPrimitive = (number: number): number => 0x80 | number;
/** The identifier octet of a context-specific constructed tag. */
export const contextConstructed = (number: number): number => 0xa0 | number;

export interface DerValue {
  /** Identifier octet. */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly der: Buffer;
}

/** Cuts out the whole encoding only when asked, which is seldom: half of the time of parsing is making Buffers. */
class ValueInBytes implements DerValue {
  readonly tag: number;
  readonly content: Buffer;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(tag: number, bytes: Buffer, start: number, contentStart: number, end: number) {
    this.tag = tag;
    this.content = bytes.subarray(contentStart, end);
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  get der(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }
}

/** A cursor over the values of one constructed encoding. All methods throw MalformedError. */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #offset = 0;

  /** @param what the name of the structure, for messages */
  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** The identifier octet of the next value; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** Reads one value of any type. */
  next(): DerValue {
    const start = this.#offset;
    const bytes = this.#bytes;
    const tag = bytes[start];
    const first = bytes[start + 1];
    if (tag === undefined || first === undefined) throw this.#malformed('ends early');
    if ((tag & 0x1f) === 0x1f) throw this.#malformed('holds a tag number above 30');
    let length = first;
    let contentStart = start + 2;
    if (first >= 0x80) {
      const octets = first & 0x7f;
      if (octets === 0) throw this.#malformed('has an indefinite length');
      if (octets > 4) throw this.#malformed('has a length of more than four octets');
      if (contentStart + octets > bytes.length) throw this.#malformed('ends early');
      length = bytes.readUIntBE(contentStart, octets);
      contentStart += octets;
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw this.#malformed('has a length that is not minimal');
    }
    const end = contentStart + length;
    if (end > bytes.length) throw this.#malformed('holds a value longer than itself');
    this.#offset = end;
    return new ValueInBytes(tag, bytes, start, contentStart, end);
  }

  /** Reads one value that must have this identifier octet. */
  expect(tag: number): DerValue {
    if (this.nextTag !== tag) {
      const found = this.nextTag === undefined ? 'nothing' : `tag 0x${this.nextTag.toString(16)}`;
      throw this.#malformed(`holds ${found} where tag 0x${tag.toString(16)} is due`);
    }
    return this.next();
  }

  /** Reads the next value if it has this identifier octet. */
  optional(tag: number): DerValue | undefined {
    return this.nextTag === tag ? this.next() : undefined;
  }

  /** A reader of the content of the next value, which must have this identifier octet. */
  enter(tag: number, what: string): DerReader {
    return new DerReader(this.expect(tag).content, what);
  }

  /** Every value left. @param limit more values than this are refused */
  rest(limit: number): DerValue[] {
    const values: DerValue[] = [];
    while (!this.atEnd) {
      if (values.length === limit) throw this.#malformed(`holds more than ${limit} values`);
      values.push(this.next());
    }
    return values;
  }

  /** Demands that nothing is left. */
  end(): void {
    if (!this.atEnd) throw this.#malformed('holds more than its definition allows');
  }

  #malformed(fault: string): MalformedError {
    return new MalformedError(`${this.#what} ${fault}`);
  }
}

/** The one value that `bytes` must consist of. */
export function readSingle(bytes: Buffer, tag: number, what: string): DerValue {
  const reader = new DerReader(bytes, what);
  const value = reader.expect(tag);
  reader.end();
  return value;
}

/** A reader of the content of the one SEQUENCE that `bytes` must consist of. */
export function readSequence(bytes: Buffer, what: string): DerReader {
  return new DerReader(readSingle(bytes, tags.sequence, what).content, what);
}
