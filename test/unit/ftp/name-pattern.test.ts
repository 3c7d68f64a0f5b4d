/** Wildcards: what they fit, what stands for itself, and that no pattern costs more than its length times that of the name. */
import { describe, expect, it } from 'vitest';
import { parseNamePattern, parsePathPattern } from '../../../src/ftp/name-pattern.ts';

describe('a pattern', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['*', ['', 'a', '.a', 'a.b', 'ä\u{1f600}\udcff'], []],
    ['*.txt', ['a.txt', '.txt', 'a.txt.txt'], ['a.txt.', 'a.TXT', 'txt']],
    ['a*b*c', ['abc', 'aXbYc', 'abbcc', 'abcbc'], ['ab', 'acb', 'xabc', 'abcx']],
    ['***a**', ['a', 'ba', 'ab', 'bab'], ['b', '']],
    ['?', ['a', 'ä', '\u{1f600}', '\udcff', '*'], ['', 'ab']],
    ['a?c', ['abc', 'a?c'], ['ac', 'abbc']],
    ['[abc]', ['a', 'c'], ['d', 'ab', '']],
    ['[a-c]x', ['ax', 'bx'], ['dx', '-x']],
    ['[!a-c]', ['d', '-'], ['a']],
    ['[^a]', ['b', '^'], ['a']],
    ['[]x]', [']', 'x'], ['y']],
    ['[!]x]', ['y'], [']', 'x']],
    ['[a-]', ['a', '-'], ['b']],
    ['[-a]', ['a', '-'], ['b']],
    ['[\\]]', [']'], ['\\']],
    ['[ä-ü]', ['ö'], ['o']],
    ['[z-a]', [], ['a', 'z', 'm']],
    ['[ab]c', ['ac', '[ab]c'], ['c', '[a]c']],
    ['a[b', ['a[b'], ['ab', 'a']],
    ['[', ['['], ['']],
    ['[!]', ['[!]'], ['a']],
    ['\\*', ['*'], ['a', '\\a']],
    ['\\?x', ['?x'], ['ax']],
    ['a\\', ['a\\'], ['a']],
    ['.*', ['.a', '.', '..a'], ['a']],
  ])('%s fits %j, and not %j', (pattern, fitting, others) => {
    const { matches } = parseNamePattern(pattern);
    expect(fitting.filter((name) => !matches(name))).toEqual([]);
    expect(others.filter(matches)).toEqual([]);
  });

  it('means names that begin with a dot only where it begins with one', () => {
    const patterns = ['.*', '*', '?x', '[.]x'];
    expect(patterns.map((pattern) => parseNamePattern(pattern).meansDotNames)).toEqual([true, false, false, false]);
  });

  it('tries no choice twice: the worst pattern for the longest name takes no time', () => {
    const { matches } = parseNamePattern(`${'*a'.repeat(120)}*b`);
    const name = 'a'.repeat(255);
    for (let count = 0; count < 1000; count += 1) expect(matches(name)).toBe(false);
  });

  it('agrees with a regular expression on every short name', () => {
    const letters = ['a', 'b', '*', '?'];
    const words = (length: number, of: readonly string[]): string[] =>
      length === 0 ? [''] : words(length - 1, of).flatMap((word) => of.map((letter) => word + letter));
    const names = [0, 1, 2, 3, 4].flatMap((length) => words(length, ['a', 'b']));
    for (const pattern of [1, 2, 3, 4].flatMap((length) => words(length, letters))) {
      const expected = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`, 'u');
      const { matches } = parseNamePattern(pattern);
      expect(names.filter(matches), pattern).toEqual(names.filter((name) => expected.test(name)));
    }
  });
});

describe('a path with wildcards', () => {
  it.each<[string, string, readonly string[]]>([
    ['*.txt', '', ['<>']],
    ['/*', '/', ['<>']],
    ['docs/*.txt', 'docs/', ['<>']],
    ['../docs//./*/x/a?', '../docs//./', ['<>', 'x', '<>']],
    ['a\\[1\\]/*', 'a[1]/', ['<>']],
    ['*/b\\*', '', ['<>', 'b*']],
    ['*/./x/', '', ['<>', 'x']],
  ])('%s', (called, base, segments) => {
    const pattern = parsePathPattern(called);
    expect(pattern?.base).toBe(base);
    expect(pattern?.segments.map((segment) => (typeof segment === 'string' ? segment : '<>'))).toEqual(segments);
  });

  it.each(['', 'docs', 'a\\*b', '\\[x]', 'docs/a]b', '*/../x'])('is not %s', (called) => {
    expect(parsePathPattern(called)).toBeUndefined();
  });
});
