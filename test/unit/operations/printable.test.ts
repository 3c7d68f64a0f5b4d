/** What may reach a log: nothing that forges a line, hides text or drives a terminal. */
import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/operations/printable.ts';

describe('printable', () => {
  it.each([
    ['plain text stays', 'Jürgen 東京 😀', 'Jürgen 東京 😀'],
    ['line ends are escaped', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['NUL and escape sequences are escaped', '\u0000\u001b[31m', '\\u{0}\\u{1b}[31m'],
    ['C1 controls are escaped', '\u009b', '\\u{9b}'],
    ['bidirectional overrides are escaped', 'a\u202eb', 'a\\u{202e}b'],
    ['line separators are escaped', '\u2028', '\\u{2028}'],
    ['lone surrogates are escaped', '\ud800', '\\u{d800}'],
  ])('%s', (_rule, text, expected) => expect(printable(text)).toBe(expected));

  it('keeps at most 512 characters', () => expect(printable('x'.repeat(10_000))).toHaveLength(513));
});
