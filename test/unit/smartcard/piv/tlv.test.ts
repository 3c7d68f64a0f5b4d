import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTlv, readTlvs } from '../../../../src/smartcard/piv/tlv.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

describe('a data object', () => {
  it.each([
    ['a tag of one octet', 0x53, 1, '530100'],
    ['a tag of two octets', 0x5f2f, 0, '5f2f00'],
    ['a tag of three octets', 0x5fc102, 0, '5fc10200'],
    ['the longest length of one octet', 0x53, 0x7f, '537f'],
    ['the shortest length of two octets', 0x53, 0x80, '538180'],
    ['the longest length of two octets', 0x53, 0xff, '5381ff'],
    ['the shortest length of three octets', 0x53, 0x100, '53820100'],
    ['the longest length of three octets', 0x53, 0xffff, '5382ffff'],
  ])('with %s is written and read back', (_rule, tag, length, beginning) => {
    const value = Buffer.alloc(length);
    const encoded = encodeTlv(tag, value);
    expect(encoded.toString('hex').startsWith(beginning)).toBe(true);
    expect(readTlvs(encoded)).toEqual([{ tag, value }]);
  });

  it('that is too long for a card cannot be written', () => {
    expect(() => encodeTlv(0x53, Buffer.alloc(0x10000))).toThrow(RangeError);
  });
});

describe('octets are no data objects', () => {
  it.each([
    ['that end within a tag', '5f'],
    ['that end within a tag of three octets', '5fc1'],
    ['with a tag of four octets', '5fc18102'],
    ['without a length', '53'],
    ['that end within a length', '5382ff'],
    ['of indefinite length', '53800000'],
    ['with a length of three octets', '5383000001aa'],
    ['shorter than they say', '5302aa'],
    ['with something after them', '5301aa53'],
  ])('%s', (_rule, bytes) => {
    expect(readTlvs(hex(bytes))).toBeUndefined();
  });
});

it('whatever is read is as long as what it was read from, and never longer than its value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const read = readTlvs(Buffer.from(bytes));
      const octets = (read ?? []).reduce((sum, { value }) => sum + value.length, 0);
      expect(octets).toBeLessThanOrEqual(bytes.length);
    }),
    { seed: 73, numRuns: 2000 },
  );
});
