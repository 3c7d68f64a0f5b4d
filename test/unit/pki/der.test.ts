import { describe, expect, it } from 'vitest';
import { DerReader, readSequence, readSingle, tags } from '../../../src/pki/encoding/der.ts';
import { decodeText } from '../../../src/pki/encoding/der-strings.ts';
import {
  decodeBigInteger,
  decodeBoolean,
  decodeCount,
  decodeNamedBits,
  decodeObjectIdentifier,
  decodeOctetsInBitString,
  decodeTime,
} from '../../../src/pki/encoding/der-values.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { der, objectIdentifier } from '../../support/der-builder.ts';

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

describe('lengths and identifiers', () => {
  it.each([
    ['an indefinite length (BER)', '30 80 00 00'],
    ['a long form where the short one does', '30 81 01 00'],
    ['a length with a leading zero octet', `30 82 00 80 ${'00'.repeat(128)}`],
    ['a length of five octets', '30 85 00 00 00 00 01 00'],
    ['the reserved length 0xff', '30 ff'],
    ['a value longer than its container', '30 05 02 01 00'],
    ['a length without its octets', '30 82 01'],
    ['an identifier without a length', '30'],
    ['a tag number above 30', '3f 81 00 00'],
    ['nothing', ''],
  ])('refuses %s', (_rule, digits) => {
    expect(() => new DerReader(hex(digits), 'value').next()).toThrow(MalformedError);
  });

  it.each([
    ['a value of another type', '31 00'],
    ['octets after the value', '30 00 00'],
  ])('refuses %s', (_rule, digits) => {
    expect(() => readSequence(hex(digits), 'value')).toThrow(MalformedError);
  });

  it('reads values of one, two and three length octets', () => {
    for (const size of [0, 127, 128, 255, 256, 65_536]) {
      const value = der(tags.octetString, Buffer.alloc(size, 7));
      expect(readSingle(value, tags.octetString, 'value').content).toHaveLength(size);
    }
  });

  it('refuses more values than the caller allows', () => {
    expect(() => new DerReader(hex('0500 0500 0500'), 'list').rest(2)).toThrow(/more than 2/);
  });
});

describe('values', () => {
  it.each([
    ['BOOLEAN that is neither 00 nor ff', () => decodeBoolean(hex('01'), 'x')],
    ['BOOLEAN of two octets', () => decodeBoolean(hex('ffff'), 'x')],
    ['INTEGER without octets', () => decodeBigInteger(hex(''), 'x')],
    ['INTEGER with a padding zero', () => decodeBigInteger(hex('0001'), 'x')],
    ['INTEGER with a padding ff', () => decodeBigInteger(hex('ff80'), 'x')],
    ['negative count', () => decodeCount(hex('ff'), 'x')],
    ['negative count of five octets', () => decodeCount(hex('ff00000000'), 'x')],
    ['OBJECT IDENTIFIER without octets', () => decodeObjectIdentifier(hex(''), 'x')],
    ['OBJECT IDENTIFIER with a padded arc', () => decodeObjectIdentifier(hex('2a8001'), 'x')],
    ['OBJECT IDENTIFIER that ends inside an arc', () => decodeObjectIdentifier(hex('2a86'), 'x')],
    ['OBJECT IDENTIFIER of 65 octets', () => decodeObjectIdentifier(Buffer.alloc(65, 0x01), 'x')],
    ['BIT STRING without its first octet', () => decodeNamedBits(hex(''), 'x')],
    ['BIT STRING with eight unused bits', () => decodeNamedBits(hex('0800'), 'x')],
    ['BIT STRING with unused bits set', () => decodeNamedBits(hex('0781'), 'x')],
    ['named bits beyond the thirty-second', () => decodeNamedBits(hex('0080 000000 80'), 'x')],
    ['signature that is not whole octets', () => decodeOctetsInBitString(hex('0180'), 'x')],
  ])('refuses a %s', (_rule, decode) => {
    expect(decode).toThrow(MalformedError);
  });

  it.each([
    ['0780', [0]],
    ['0080', [0]],
    ['0580', [0]],
    ['0080 0000 0000 0000', [0]],
    ['0000', []],
    ['00', []],
    ['0106', [5, 6]],
  ])('reads named bits %s, trailing zeros or not', (digits, bits) => {
    expect([...decodeNamedBits(hex(digits), 'x')]).toEqual(bits);
  });

  it.each([
    ['00', 0n],
    ['7f', 127n],
    ['0080', 128n],
    ['ff', -1n],
    ['8000', -32768n],
    ['00e1ac11000000002b', 0xe1ac11000000002bn],
  ])('reads INTEGER %s', (digits, value) => {
    expect(decodeBigInteger(hex(digits), 'x')).toBe(value);
  });

  it.each([
    '0.9.2342.19200300.100.1.1',
    '1.3.6.1.4.1.311.20.2.3',
    '2.5.29.37.0',
    '2.999.1',
    '2.25.329800735698586629295641978511506172918',
  ])('reads OBJECT IDENTIFIER %s', (dotted) => {
    expect(decodeObjectIdentifier(objectIdentifier(dotted).subarray(2), 'x')).toBe(dotted);
  });
});

describe('times', () => {
  const decode = (tag: number, text: string) =>
    decodeTime({ tag, content: Buffer.from(text), der: Buffer.alloc(0) }, 'x');

  it.each([
    [tags.utcTime, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [tags.utcTime, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [tags.generalizedTime, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
    [tags.generalizedTime, '00500101000000Z', '0050-01-01T00:00:00.000Z'],
    [tags.utcTime, '240229000000Z', '2024-02-29T00:00:00.000Z'],
  ])('reads %i %s', (tag, text, iso) => {
    expect(decode(tag, text).toISOString()).toBe(iso);
  });

  it.each([
    ['seconds left out', tags.utcTime, '2601010000Z'],
    ['an offset', tags.utcTime, '260101000000+0100'],
    ['fractions', tags.generalizedTime, '20260101000000.5Z'],
    ['no zone', tags.generalizedTime, '20260101000000'],
    ['30 February', tags.utcTime, '260230000000Z'],
    ['29 February of a common year', tags.utcTime, '250229000000Z'],
    ['hour 24', tags.utcTime, '260101240000Z'],
    ['second 60', tags.utcTime, '260101000060Z'],
    ['month 13', tags.utcTime, '261301000000Z'],
    ['another type', tags.ia5String, '260101000000Z'],
  ])('refuses %s', (_rule, tag, text) => {
    expect(() => decode(tag, text)).toThrow(MalformedError);
  });
});

describe('strings', () => {
  const decode = (tag: number, digits: string) => decodeText({ tag, content: hex(digits), der: Buffer.alloc(0) }, 'x');

  it.each([
    ['UTF8String', tags.utf8String, 'c3bc', 'ü'],
    ['BMPString', tags.bmpString, '00fc', 'ü'],
    ['UniversalString', tags.universalString, '000000fc', 'ü'],
    ['TeletexString as Latin-1', tags.teletexString, 'fc', 'ü'],
    ['PrintableString', tags.printableString, '41', 'A'],
  ])('reads %s', (_type, tag, digits, text) => {
    expect(decode(tag, digits)).toBe(text);
  });

  it.each([
    ['broken UTF-8', tags.utf8String, 'c328'],
    ['overlong UTF-8', tags.utf8String, 'c080'],
    ['a surrogate in UTF-8', tags.utf8String, 'eda080'],
    ['NUL', tags.utf8String, '6100 62'],
    ['a line feed', tags.printableString, '610a'],
    ['a C1 control', tags.utf8String, 'c285'],
    ['BMPString of odd length', tags.bmpString, '004100'],
    ['a lone surrogate in BMPString', tags.bmpString, 'd800'],
    ['UniversalString beyond Unicode', tags.universalString, '00110000'],
    ['IA5String beyond ASCII', tags.ia5String, 'e9'],
  ])('refuses %s', (_rule, tag, digits) => {
    expect(() => decode(tag, digits)).toThrow(MalformedError);
  });

  it('says that an OCTET STRING is no text', () => {
    expect(decode(tags.octetString, '41')).toBeUndefined();
  });
});
