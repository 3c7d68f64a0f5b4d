/**
 * Names of files as text that loses nothing. Linux and FTP take names for octets; most are UTF-8 and are that text. An octet
 * that is not part of UTF-8 becomes one lone low surrogate (U+DC80 to U+DCFF), which no UTF-8 gives, and goes back to itself.
 */
import { isUtf8 } from 'node:buffer';

const surrogateBase = 0xdc00;
const firstEscaped = 0xdc80;
const lastEscaped = 0xdcff;

/**
 * @returns UTF-8 decoded, and every other octet as a lone surrogate U+DC80 to U+DCFF, so that encoding gives the octets back
 */
export function decodeOctets(octets: Buffer): string {
  if (isUtf8(octets)) return octets.toString('utf8');
  let text = '';
  for (let index = 0; index < octets.length; ) {
    const length = characterLength(octets, index);
    text +=
      length === 0
        ? String.fromCharCode(surrogateBase + (octets[index] ?? 0))
        : octets.toString('utf8', index, index + length);
    index += Math.max(length, 1);
  }
  return text;
}

/** The inverse of `decodeOctets`. */
export function encodeOctets(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  const parts = Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    // A character of two code units begins with a high surrogate, below these.
    const isOctet = code >= firstEscaped && code <= lastEscaped;
    return isOctet ? Buffer.of(code & 0xff) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

/** A host path in the form that node:fs turns into exactly these octets. */
export function hostPath(text: string): string | Buffer {
  return text.isWellFormed() ? text : encodeOctets(text);
}

/** Octets of the character that begins there; 0 when none does. */
function characterLength(octets: Buffer, index: number): number {
  const first = octets[index] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return isUtf8(octets.subarray(index, index + length)) ? length : 0;
}
