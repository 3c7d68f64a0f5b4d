/** CRC32c (Castagnoli), the check sum of PROXY headers (RFC 9260 appendix A); Node has CRC32 of zlib alone. */

const reversedPolynomial = 0x82f63b78;

const table: readonly number[] = Array.from({ length: 256 }, (_, octet) => {
  let remainder = octet;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? reversedPolynomial : 0);
  return remainder >>> 0;
});

/** @returns an unsigned number of 32 bits */
export function crc32c(octets: Buffer): number {
  let sum = 0xffff_ffff;
  for (const octet of octets) sum = (sum >>> 8) ^ (table[(sum ^ octet) & 0xff] ?? 0);
  return (sum ^ 0xffff_ffff) >>> 0;
}
