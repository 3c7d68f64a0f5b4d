/** Command APDUs in short form (ISO/IEC 7816-4 section 5.2). Extended lengths are refused: nothing a PIV card does needs them. */

export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Buffer;
  /** Octets of response data that are welcome, 1 to 256; 256 as well where the reader says nothing. */
  readonly expected: number;
}

const headerOctets = 4;
const maximumExpected = 256;

const expectedOf = (le: number | undefined) => (le === undefined || le === 0 ? maximumExpected : le);

/** Undefined when the length does not fit one of the four cases. */
export function parseCommandApdu(bytes: Buffer): CommandApdu | undefined {
  const [cla, ins, p1, p2, third] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return undefined;
  const header = { cla, ins, p1, p2 };
  const body = bytes.subarray(headerOctets);
  if (third === undefined || body.length === 1) {
    return { ...header, data: Buffer.alloc(0), expected: expectedOf(third) };
  }
  const end = 1 + third;
  const hasLe = body.length === end + 1;
  if (third === 0 || (body.length !== end && !hasLe)) return undefined;
  return { ...header, data: body.subarray(1, end), expected: expectedOf(hasLe ? body[end] : undefined) };
}
