/** Decoders of DER values to JavaScript values. Every deviation from the one encoding DER allows is a MalformedError. */
import { type DerValue, tags } from './der.ts';
import { MalformedError } from './malformed-error.ts';

/**
 * X.690 11.1: TRUE is 0xff.
 * @param what names the value in errors
 * @throws MalformedError for other octets
 */
export function decodeBoolean(content: Buffer, what: string): boolean {
  const octet = content[0];
  if (content.length !== 1 || (octet !== 0 && octet !== 0xff)) throw new MalformedError(`${what} is not a DER BOOLEAN`);
  return octet === 0xff;
}

/**
 * X.690 8.3.2: an INTEGER has an octet, and its first nine bits are not all equal.
 * @param what names the value in errors
 * @throws MalformedError
 */
export function checkInteger(content: Buffer, what: string): void {
  if (content.length === 0) throw new MalformedError(`${what} is an INTEGER without octets`);
  if (paddingOf(content, 0, content.length) > 0) throw new MalformedError(`${what} is an INTEGER that is not minimal`);
}

/** How many leading octets an INTEGER has that DER leaves out (X.690 8.3.2). */
export function paddingOf(bytes: Buffer, start: number, end: number): number {
  let padding = 0;
  for (let at = start; at + 1 < end; at++) {
    const second = bytes[at + 1] ?? 0;
    if (bytes[at] === 0 ? second >= 0x80 : bytes[at] !== 0xff || second < 0x80) break;
    padding += 1;
  }
  return padding;
}

/**
 * @param content of an INTEGER: two's complement, without tag and length
 * @param what names the value in errors
 * @throws MalformedError when it is empty or padded (X.690 8.3.2)
 */
export function decodeBigInteger(content: Buffer, what: string): bigint {
  checkInteger(content, what);
  return BigInt.asIntN(8 * content.length, BigInt(`0x${content.toString('hex')}`));
}

/**
 * A non-negative INTEGER that counts something. Values beyond 2^31 - 1, which RFC 5280 allows, are Infinity: more than anything here.
 * @param what names the value in errors
 * @throws MalformedError when it is negative or padded
 */
export function decodeCount(content: Buffer, what: string): number {
  checkInteger(content, what);
  if ((content[0] ?? 0) >= 0x80) throw new MalformedError(`${what} is negative`);
  return content.length > 4 ? Infinity : content.readIntBE(0, content.length);
}

const longestObjectIdentifier = 64;

/** Those met before; a certificate names some twenty, nearly always the same. A stranger cannot make it grow beyond this. */
const decoded = new Map<string, string>();
const maximumDecoded = 2_000;

/**
 * The dotted form. Encodings over 64 octets are refused.
 * @param content of an OBJECT IDENTIFIER, without tag and length
 * @param what names the value in errors
 * @throws MalformedError
 */
export function decodeObjectIdentifier(content: Buffer, what: string): string {
  if (content.length > longestObjectIdentifier) throw new MalformedError(`${what} is not an OBJECT IDENTIFIER`);
  const octets = content.toString('latin1');
  const known = decoded.get(octets);
  if (known !== undefined) return known;
  const dotted = dottedForm(content, what);
  if (decoded.size < maximumDecoded) decoded.set(octets, dotted);
  return dotted;
}

function dottedForm(content: Buffer, what: string): string {
  const last = content[content.length - 1];
  if (last === undefined || last >= 0x80) throw new MalformedError(`${what} is not an OBJECT IDENTIFIER`);
  const arcs: string[] = [];
  let small = 0;
  let large: bigint | undefined;
  let start = true;
  for (const octet of content) {
    if (start && octet === 0x80) throw new MalformedError(`${what} is an OBJECT IDENTIFIER with a padded arc`);
    const bits = octet & 0x7f;
    if (large !== undefined) large = (large << 7n) | BigInt(bits);
    else if (small >= 2 ** 45) large = (BigInt(small) << 7n) | BigInt(bits);
    else small = small * 128 + bits;
    start = octet < 0x80;
    if (!start) continue;
    arcs.push(arcs.length === 0 ? firstArcs(large ?? small) : String(large ?? small));
    small = 0;
    large = undefined;
  }
  return arcs.join('.');
}

/** X.690 8.19.4: the first subidentifier holds two arcs. */
function firstArcs(value: bigint | number): string {
  if (typeof value === 'bigint') return `2.${value - 80n}`;
  return value < 80 ? `${Math.floor(value / 40)}.${value % 40}` : `2.${value - 80}`;
}

interface BitString {
  readonly unusedBits: number;
  readonly bytes: Buffer;
}

/** X.690 11.2.1: unused bits are zero. */
function decodeBitString(content: Buffer, what: string): BitString {
  const unusedBits = content[0];
  const bytes = content.subarray(1);
  if (unusedBits === undefined || unusedBits > 7 || (bytes.length === 0 && unusedBits > 0))
    throw new MalformedError(`${what} is not a BIT STRING`);
  const last = bytes[bytes.length - 1] ?? 0;
  if ((last & ((1 << unusedBits) - 1)) !== 0) throw new MalformedError(`${what} is a BIT STRING with unused bits set`);
  return { unusedBits, bytes };
}

/**
 * A BIT STRING of whole octets, such as a signature.
 * @param what names the value in errors
 * @throws MalformedError when bits are left unused
 */
export function decodeOctetsInBitString(content: Buffer, what: string): Buffer {
  const { unusedBits, bytes } = decodeBitString(content, what);
  if (unusedBits !== 0) throw new MalformedError(`${what} is not whole octets`);
  return bytes;
}

/**
 * The set bits of a named bit list, 0 the first. X.690 11.2.2: DER leaves out trailing zero bits; many CAs write them, and they say
 * nothing else.
 * @param what names the value in errors
 * @throws MalformedError
 */
export function decodeNamedBits(content: Buffer, what: string): ReadonlySet<number> {
  const { bytes } = decodeBitString(content, what);
  if (bytes.subarray(4).some((octet) => octet !== 0))
    throw new MalformedError(`${what} names more bits than any standard defines`);
  const set = new Set<number>();
  bytes.forEach((octet, index) => {
    for (let bit = 0; bit < 8; bit++) if (octet & (0x80 >> bit)) set.add(8 * index + bit);
  });
  return set;
}

/**
 * RFC 5280 4.1.2.5: seconds present, no fractions, Zulu; UTCTime years 50 to 99 are 1950 to 1999.
 * @throws MalformedError for any other form, and for a day that the calendar lacks
 */
export function decodeTime(value: DerValue, what: string): Date {
  const { tag, content } = value;
  const yearDigits = tag === tags.utcTime ? 2 : 4;
  const isTime = tag === tags.utcTime || tag === tags.generalizedTime;
  if (!isTime || content.length !== yearDigits + 11 || content[content.length - 1] !== zulu)
    throw new MalformedError(`${what} is not a time as RFC 5280 demands`);
  const shortYear = digits(content, 0, yearDigits);
  const twoDigits = (offset: number) => digits(content, yearDigits + offset, 2);
  const month = twoDigits(0);
  const hour = twoDigits(4);
  const second = twoDigits(8);
  const year = tag === tags.utcTime ? shortYear + (shortYear < 50 ? 2000 : 1900) : shortYear;
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, twoDigits(2));
  time.setUTCHours(hour, twoDigits(6), second);
  // A day too many moves the month, a minute too many the hour; with something that is no digit no month is read back.
  const exists = time.getUTCMonth() === month - 1 && time.getUTCHours() === hour && second <= 59;
  if (!exists) throw new MalformedError(`${what} names a time that does not exist`);
  return time;
}

const timeWithFraction = /^(\d{14})\.\d{1,9}Z$/;

/**
 * A time of a CRL or an OCSP response. X.680 allows fractions of a second, which RFC 5280 4.1.2.5.2 and RFC 6960 4.2.2.1 do not;
 * less than a second decides nothing there.
 */
export function decodeEvidenceTime(value: DerValue, what: string): Date {
  const { tag, content, der } = value;
  const fraction = timeWithFraction.exec(content.toString('latin1'));
  return decodeTime(fraction ? { tag, content: Buffer.from(`${fraction[1]}Z`), der } : value, what);
}

/** When something was revoked. @param atTheLatest stands for a time that cannot be read: it is a revocation all the same */
export function decodeRevocationTime(value: DerValue, atTheLatest: Date): Date {
  try {
    return decodeEvidenceTime(value, 'time of a revocation');
  } catch (error) {
    if (error instanceof MalformedError) return atTheLatest;
    throw error;
  }
}

/** The letter Z. */
const zulu = 0x5a;

/** The number that some decimal digits stand for; NaN when one of the characters is not a digit. */
function digits(content: Buffer, start: number, count: number): number {
  const text = content.toString('latin1', start, start + count);
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
