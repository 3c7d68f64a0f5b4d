/** Which spellings of a path some file system may take for one. */
import { describe, expect, it } from 'vitest';
import { foldedPath } from '../../../src/authorization/folded-path.ts';

describe('a folded path', () => {
  it.each([
    ['letter case', '/Secret', '/sECRET'],
    ['letter case of one letter and two', '/straße', '/STRASSE'],
    ['letter case that only capitals share', '/ς', '/σ'],
    ['a letter that has no capital of its own', '/ſecret', '/SECRET'],
    ['the Kelvin sign', '/\u212aey', '/key'],
    ['composed and decomposed accents', '/caf\u00e9', '/cafe\u0301'],
    ['decomposition that capitals bring', '/\u0390', '/\u03b9\u0308\u0301'],
    ['compatibility forms', '/\ufb01le', '/FILE'],
    ['full width', '/ｓecret', '/secret'],
    ['invisible characters', '/se\u200bcret\ufeff', '/secret'],
    ['a soft hyphen', '/se\u00adcret', '/secret'],
    ['a dot at the end', '/secret.', '/secret'],
    ['blanks at the end', '/secret  ', '/secret'],
    ['dots and blanks at the end of a directory', '/secret. ./x', '/secret/x'],
    ['an invisible character behind a dot', '/secret.\u200b', '/secret'],
  ])('is the same whatever the %s', (_kind, one, other) => expect(foldedPath(one)).toBe(foldedPath(other)));

  it.each([
    ['names', '/secret', '/secrets'],
    ['accents', '/cafe', '/café'],
    ['dots inside', '/a.b', '/ab'],
    ['dots before', '/.ssh', '/ssh'],
    ['blanks inside', '/a b', '/ab'],
    ['depth', '/a/b', '/ab'],
  ])('keeps %s apart', (_kind, one, other) => expect(foldedPath(one)).not.toBe(foldedPath(other)));
});
