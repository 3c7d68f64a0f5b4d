/** Names as text: every octet string goes there and back unchanged, and what is UTF-8 is that text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOctets, encodeOctets, hostPath } from '../../../src/storage/octet-text.ts';

describe('decodeOctets', () => {
  it.each([
    ['UTF-8', [0xc3, 0xa4, 0xf0, 0x9f, 0x98, 0x80], 'ä😀'],
    ['an octet of Latin-1', [0x61, 0xe4, 0x62], 'a\udce4b'],
    ['a character cut short', [0x61, 0xe2, 0x82], 'a\udce2\udc82'],
    ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['a surrogate written as UTF-8', [0xed, 0xb3, 0xbf], '\udced\udcb3\udcbf'],
    [
      'octets and characters of every length',
      [0xff, 0x7f, 0xc2, 0x80, 0xe0, 0xa0, 0x80, 0xf0, 0x90, 0x80, 0x80],
      '\udcff\x7f\x80\u0800\u{10000}',
    ],
    ['octets that begin no character', [0x80, 0xbf, 0xc0, 0xe0, 0xf0], '\udc80\udcbf\udcc0\udce0\udcf0'],
    ['a slash after the first octet of a character', [0xc3, 0x2f], '\udcc3/'],
    ['control octets', [0x01, 0x1b, 0x7f], '\x01\x1b\x7f'],
  ])('%s', (_rule, octets, text) => {
    expect(decodeOctets(Buffer.from(octets))).toBe(text);
    expect([...encodeOctets(text)]).toEqual(octets);
  });

  it('keeps lone surrogates that stand for no octet as the character that replaces them', () => {
    for (const text of ['\udc7f', '\udd00', '\ud800']) expect(encodeOctets(text)).toEqual(Buffer.from('\ufffd'));
  });

  it('loses nothing, and never makes one name of two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
        const octets = Buffer.from(array);
        expect(encodeOctets(decodeOctets(octets)).equals(octets)).toBe(true);
      }),
    );
  });
});

describe('hostPath', () => {
  it('is text where Node encodes it so, and octets where it could not', () => {
    expect(hostPath('/ä')).toBe('/ä');
    expect(hostPath('/\udcff')).toEqual(Buffer.from([0x2f, 0xff]));
  });
});
