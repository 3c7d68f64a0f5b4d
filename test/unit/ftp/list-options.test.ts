/** Options of `ls` before a path: which letters mean something, where they end, and how a name that looks like one is reached. */
import { describe, expect, it } from 'vitest';
import { type ListOptions, parseListOptions } from '../../../src/ftp/list-options.ts';

const none: ListOptions = {
  showsDotNames: false,
  style: 'long',
  isRecursive: false,
  showsItself: false,
  marks: 'none',
  order: 'none',
  isReversed: false,
};

describe('options of ls', () => {
  it.each<[string, string, Partial<ListOptions>]>([
    ['', '', {}],
    ['docs', 'docs', {}],
    ['-a', '', { showsDotNames: true }],
    ['-A docs', 'docs', { showsDotNames: true }],
    ['-la docs', 'docs', { showsDotNames: true }],
    ['-l -a -R  a b ', 'a b ', { showsDotNames: true, isRecursive: true }],
    ['-1', '', { style: 'names' }],
    ['-1l', '', { style: 'long' }],
    ['-l1', '', { style: 'long' }],
    ['-CF', '', { style: 'names', marks: 'all' }],
    ['-lC', '', { style: 'names' }],
    ['-p', '', { marks: 'directories' }],
    ['-t', '', { order: 'time' }],
    ['-S', '', { order: 'size' }],
    ['-tS', '', { order: 'size' }],
    ['-tU', '', { order: 'none' }],
    ['-r', '', { order: 'name', isReversed: true }],
    ['-rt', '', { order: 'time', isReversed: true }],
    ['-f', '', { showsDotNames: true }],
    ['-d docs', 'docs', { showsItself: true }],
    ['-QTzZ9 docs', 'docs', {}],
    ['-- -a', '-a', {}],
    ['-a -- -a', '-a', { showsDotNames: true }],
    ['--', '', {}],
    ['-a --x', '--x', { showsDotNames: true }],
    ['./-a', './-a', {}],
    ['-', '-', {}],
    ['-a*', '-a*', {}],
    ['-a.txt', '-a.txt', {}],
    [' -a', ' -a', {}],
    ['docs -a', 'docs -a', {}],
  ])('%j calls %j', (argument, called, expected) => {
    expect(parseListOptions(argument, 'long')).toEqual({ called, options: { ...none, ...expected } });
  });

  it('leave the style of the command where they name none', () => {
    expect(parseListOptions('-a', 'names').options.style).toBe('names');
    expect(parseListOptions('-l', 'names').options.style).toBe('long');
  });
});
