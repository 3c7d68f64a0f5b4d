/** Security identifiers between their binary form (MS-DTYP 2.4.2.2) and their one textual form; anything else is refused. */

const textualForm = /^S-1-(0|[1-9]\d{0,14})((?:-(?:0|[1-9]\d{0,9})){1,15})$/;
const headerOctets = 8;

/** @returns `S-1-…`; undefined when the octets are not exactly one SID of revision 1 with 1 to 15 sub-authorities */
export function sidFromBinary(octets: Buffer): string | undefined {
  if (octets.length < headerOctets || octets.readUInt8(0) !== 1) return undefined;
  const count = octets.readUInt8(1);
  if (count < 1 || count > 15 || octets.length !== headerOctets + 4 * count) return undefined;
  // the authority is big-endian, the sub-authorities are little-endian
  const authority = octets.readUIntBE(2, 6);
  const subAuthorities = Array.from({ length: count }, (_, index) => octets.readUInt32LE(headerOctets + 4 * index));
  return ['S-1', authority, ...subAuthorities].join('-');
}

/** @returns the binary form; undefined when the text is not a SID in decimal without leading zeros */
export function sidToBinary(text: string): Buffer | undefined {
  const [, authority, rest] = textualForm.exec(text) ?? [];
  if (authority === undefined || rest === undefined || Number(authority) >= 2 ** 48) return undefined;
  const subAuthorities = rest.slice(1).split('-').map(Number);
  if (subAuthorities.some((value) => value >= 2 ** 32)) return undefined;
  const octets = Buffer.alloc(headerOctets + 4 * subAuthorities.length);
  octets.writeUInt8(1, 0);
  octets.writeUInt8(subAuthorities.length, 1);
  octets.writeUIntBE(Number(authority), 2, 6);
  for (const [index, value] of subAuthorities.entries()) octets.writeUInt32LE(value, headerOctets + 4 * index);
  return octets;
}
