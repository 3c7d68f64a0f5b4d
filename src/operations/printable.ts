/** Text from peers and directories made safe to log: no control characters, no bidirectional overrides, bounded length. */

const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const maximumLength = 512;
/** PATH_MAX of Linux: no path is longer. */
const maximumPathLength = 4096;

/** Escapes everything that could forge a line, hide text or drive a terminal; keeps at most 512 characters. */
export function printable(text: string): string {
  return escaped(text, maximumLength);
}

/** The same for the path of a file, of which nothing is cut off: two files must not look like one. */
export function printablePath(path: string): string {
  return escaped(path, maximumPathLength);
}

function escaped(text: string, length: number): string {
  const bounded = text.length > length ? `${text.slice(0, length)}…` : text;
  return bounded.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
