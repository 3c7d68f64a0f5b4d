/** Hand-made DER, for structures that no honest library writes. */

/** One value: identifier octet, minimal length, content. */
export function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const hex = body.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

export const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
export const set = (...content: readonly Buffer[]): Buffer => der(0x31, ...content);
export const octetString = (...content: readonly Buffer[]): Buffer => der(0x04, ...content);
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.from([value ? 0xff : 0]));
export const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));
export const utf8 = (value: string): Buffer => text(0x0c, value);
export const explicit = (number: number, ...content: readonly Buffer[]): Buffer => der(0xa0 | number, ...content);
export const implicit = (number: number, ...content: readonly Buffer[]): Buffer => der(0x80 | number, ...content);

/** A non-negative INTEGER. */
export function integer(value: number | bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  return der(0x06, ...[40n * first + second, ...rest].map(base128));
}

function base128(arc: bigint): Buffer {
  const octets = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80);
  return Buffer.from(octets);
}

export const bitString = (bytes: Buffer, unusedBits = 0): Buffer => der(0x03, Buffer.from([unusedBits]), bytes);

/** A BIT STRING of named bits, without trailing zeros (X.690 11.2.2). */
export function namedBits(...bits: readonly number[]): Buffer {
  const highest = Math.max(...bits);
  const bytes = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const bit of bits) bytes[Math.floor(bit / 8)]! |= 0x80 >> (bit % 8);
  return bitString(bytes, 7 - (highest % 8));
}

/** UTCTime until 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). */
export function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/\.\d+|[-:T]/g, '');
  return moment.getUTCFullYear() < 2050 ? text(0x17, digits.slice(2)) : text(0x18, digits);
}

/** Attributes of one RDN, each [type, value]. */
export type Rdn = readonly (readonly [string, string | Buffer])[];

/** A Name; every RDN a list of [type, value], the value a UTF8String unless it is DER already. */
export function name(...rdns: readonly Rdn[]): Buffer {
  return sequence(
    ...rdns.map((rdn) =>
      set(
        ...rdn.map(([type, value]) =>
          sequence(objectIdentifier(type), typeof value === 'string' ? utf8(value) : value),
        ),
      ),
    ),
  );
}
