import { describe, expect, it } from 'vitest';
import { resolveVirtualPath } from '../../../src/ftp/virtual-path.ts';

const longSegment = 'a'.repeat(255);
const deepPath = `/${Array.from({ length: 16 }, () => 'd'.repeat(254)).join('/')}`;

describe('resolveVirtualPath', () => {
  it.each([
    ['a name is taken from the working directory', '/docs', 'a.txt', '/docs/a.txt'],
    ['an absolute pathname ignores the working directory', '/docs', '/b', '/b'],
    ['an empty argument is the working directory', '/docs', '', '/docs'],
    ['. is the working directory', '/docs', '.', '/docs'],
    ['.. is the parent', '/docs/a', '..', '/docs'],
    ['.. above the root stays at the root', '/docs', '../../../../etc/passwd', '/etc/passwd'],
    ['.. inside an absolute pathname cannot climb', '/', '/../../x', '/x'],
    ['repeated and trailing slashes vanish', '/', '//a///b//', '/a/b'],
    ['spaces belong to the name', '/', ' a b ', '/ a b '],
    ['three dots are a name', '/', '...', '/...'],
    ['a backslash is a character like any other', '/', 'a\\..\\b', '/a\\..\\b'],
    ['letters outside ASCII are kept as they are', '/', 'Übung/日本', '/Übung/日本'],
    [
      'control octets and octets that are no UTF-8 are kept as they are',
      '/',
      'a\x1b\r\x7f\u0085\udcff',
      '/a\x1b\r\x7f\u0085\udcff',
    ],
    ['an octet that is no UTF-8 counts once', '/', '\udcff'.repeat(255), `/${'\udcff'.repeat(255)}`],
    ['a segment of 255 bytes is the longest', '/', longSegment, `/${longSegment}`],
    ['a path of 4080 bytes fits', '/', deepPath, deepPath],
  ])('resolves as TVFS has it: %s', (_rule, workingDirectory, argument, expected) => {
    expect(resolveVirtualPath(workingDirectory, argument)).toBe(expected);
  });

  it.each([
    ['NUL', 'a\0b'],
    ['line feed', 'a\nb'],
    ['a segment of 256 bytes', `${longSegment}b`],
    ['a segment of 128 letters but 256 bytes', 'ä'.repeat(128)],
    ['an argument of more than 4096 bytes, even when it is normalised to less', '/./'.repeat(1400)],
  ])('refuses %s', (_rule, argument) => {
    expect(resolveVirtualPath('/docs', argument)).toBeUndefined();
  });

  it('refuses a path that grows beyond 4096 bytes only together with the working directory', () => {
    expect(resolveVirtualPath(deepPath, 'e'.repeat(20))).toBeUndefined();
  });
});
