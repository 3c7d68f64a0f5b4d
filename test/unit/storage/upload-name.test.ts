/** Names of unfinished uploads: only these are hidden, and no two are one. */
import { describe, expect, it } from 'vitest';
import { createUploadName, isUploadName } from '../../../src/storage/upload-name.ts';

const name = createUploadName();
const octets = name.slice('.cardgate-upload-'.length);

describe('the name of an unfinished upload', () => {
  it('is made of 128 random bits, behind a dot that hides it on the host', () => {
    expect(name).toMatch(/^\.cardgate-upload-[0-9a-f]{32}$/u);
    expect(createUploadName()).not.toBe(name);
  });

  it.each([
    ['as it was made', name, true],
    ['with something before it', `a${name}`, false],
    ['with something behind it', `${name}a`, false],
    ['with one digit less', name.slice(0, -1), false],
    ['with one digit', `.cardgate-upload-${octets.slice(0, 1)}`, false],
    ['with capital letters', `.cardgate-upload-${'A'.repeat(32)}`, false],
    ['with other letters', `.cardgate-upload-${'z'.repeat(32)}`, false],
    ['without its beginning', octets, false],
    ['with a line feed behind it', `${name}\n`, false],
  ])('is known %s', (_how, text, isKnown) => {
    expect(isUploadName(text)).toBe(isKnown);
  });
});
