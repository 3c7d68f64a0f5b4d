/** Comparison without regard to ASCII case and nothing else: no locale, no accents, no widths. */

/** @param left undefined equals nothing */
export function equalsIgnoringAsciiCase(left: string | undefined, right: string): boolean {
  return left !== undefined && left.length === right.length && asciiLowerCase(left) === asciiLowerCase(right);
}

/** @returns the text with A to Z folded; the length stays */
export function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
