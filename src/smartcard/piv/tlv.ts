/**
 * BER-TLV as the data objects of a PIV card use it (ISO/IEC 7816-4 section 5.2.2): tags of one to three octets, lengths up
 * to 65535. Nothing is read that is longer than what holds it; only callers that know its schema enter a constructed value.
 */

export interface Tlv {
  /** The octets of the tag as one number, for example 0x5FC102. */
  readonly tag: number;
  readonly value: Buffer;
}

const maximumTagOctets = 3;
const maximumLength = 0xffff;

function tagOctets(tag: number): Buffer {
  const hex = tag.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
}

function lengthOctets(length: number): Buffer {
  if (length > maximumLength) throw new RangeError(`a data object of ${length} octets is too long for a card`);
  if (length < 0x80) return Buffer.of(length);
  return length <= 0xff ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

/** Throws RangeError above 65535 octets of value. @param parts together the value */
export function encodeTlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  return Buffer.concat([tagOctets(tag), lengthOctets(value.length), value]);
}

/** @returns the tag at `offset` and where it ends */
function readTag(bytes: Buffer, offset: number): readonly [tag: number, end: number] | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if ((first & 0x1f) !== 0x1f) return [first, offset + 1];
  let tag = first;
  for (let end = offset + 1; end < offset + maximumTagOctets; end += 1) {
    const octet = bytes[end];
    if (octet === undefined) return undefined;
    tag = tag * 0x100 + octet;
    if ((octet & 0x80) === 0) return [tag, end + 1];
  }
  return undefined;
}

/** @returns the length at `offset` and where it ends */
function readLength(bytes: Buffer, offset: number): readonly [length: number, end: number] | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first < 0x80) return [first, offset + 1];
  const octets = first & 0x7f;
  const end = offset + 1 + octets;
  if (octets < 1 || octets > 2 || end > bytes.length) return undefined;
  return [bytes.readUIntBE(offset + 1, octets), end];
}

/** The data objects that `bytes` consists of, in their order; undefined unless it consists of nothing else. */
export function readTlvs(bytes: Buffer): readonly Tlv[] | undefined {
  const found: Tlv[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const tag = readTag(bytes, offset);
    const length = tag && readLength(bytes, tag[1]);
    if (tag === undefined || length === undefined) return undefined;
    const end = length[1] + length[0];
    if (end > bytes.length) return undefined;
    found.push({ tag: tag[0], value: bytes.subarray(length[1], end) });
    offset = end;
  }
  return found;
}
