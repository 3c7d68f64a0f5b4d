/** Text from peers and directories made safe to log: no control characters, no bidirectional overrides, bounded length. */

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const maximumLength = 512;

/** Escapes everything that could forge a line, hide text or drive a terminal; keeps at most 512 characters. */
export function printable(text: string): string {
  const bounded = text.length > maximumLength ? `${text.slice(0, maximumLength)}…` : text;
  return bounded.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
