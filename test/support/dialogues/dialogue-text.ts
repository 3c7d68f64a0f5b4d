/** Text in dialogue files: octets that are sent, and patterns of what a server answers. */
import { decodeOctets } from '../../../src/storage/octet-text.ts';

/** `\r`, `\n`, `\0`, `\x41`, a backslash before any other character, and `{A*300}` for a character repeated. */
const special = /\\x(?<hex>[\da-f]{2})|\\(?<plain>.)|\{(?<repeated>.)\*(?<times>\d+)\}/gsu;
const controls: Readonly<Record<string, string>> = { r: '\r', n: '\n', '0': '\0' };

export function octetsOf(text: string): Buffer {
  const parts: Buffer[] = [];
  let begun = 0;
  for (const { index, 0: all, groups = {} } of text.matchAll(special)) {
    const { hex, plain = '', repeated, times } = groups;
    parts.push(Buffer.from(text.slice(begun, index)));
    if (hex !== undefined) parts.push(Buffer.from(hex, 'hex'));
    else if (repeated !== undefined) parts.push(Buffer.from(repeated.repeat(Number(times))));
    else parts.push(Buffer.from(controls[plain] ?? plain));
    begun = index + all.length;
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(begun))]);
}

/** @param pattern in which `*` stands for any text, and `\*` for an asterisk @param text as decodeOctets has it */
export function fits(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split(/(?<!\\)\*(?![^{}]*\})/u).map((part) => decodeOctets(octetsOf(part)));
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let place = first.length;
  for (const part of others) {
    const found = text.indexOf(part, place);
    if (found < 0) return false;
    place = found + part.length;
  }
  return text.length - last.length >= place && text.endsWith(last);
}
