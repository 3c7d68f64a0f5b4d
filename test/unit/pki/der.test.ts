import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DerReader, readSequence, readSingle, tags } from '../../../src/pki/encoding/der.ts';
import { decodeText } from '../../../src/pki/encoding/der-strings.ts';
import {
  decodeBigInteger,
  decodeBoolean,
  decodeCount,
  decodeEvidenceTime,
  decodeNamedBits,
  decodeObjectIdentifier,
  decodeOctetsInBitString,
  decodeRevocationTime,
  decodeTime,
  paddingOf,
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
    ['a length of seven octets', '30 87 00 00 00 00 00 00 01 00'],
    ['the reserved length 0xff', '30 ff'],
    ['a value longer than its container', '30 05 02 01 00'],
    ['a length without its octets', '30 82 01'],
    ['an identifier without a length', '30'],
    ['an indefinite length before as many octets as it could be read for', `30 80 ${'00'.repeat(128)}`],
    ['a tag number above 30', '3f 81 00 00'],
    ['a tag number above 30 before what could be its value', '1f 01 00'],
    ['a length that ends with what is there', '30 81'],
    ['a length whose last octet is the last there is', '30 82 01 00'],
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
    expect(new DerReader(hex('0500 0500'), 'list').rest(2)).toHaveLength(2);
  });

  it('reads a value of four length octets, and refuses one octet fewer', () => {
    const value = der(tags.octetString, Buffer.alloc(0x0100_0000));
    expect(value.subarray(0, 6)).toEqual(hex('0484 01000000'));
    expect(readSingle(value, tags.octetString, 'value').content).toHaveLength(0x0100_0000);
    expect(() => readSingle(value.subarray(0, -1), tags.octetString, 'value')).toThrow(MalformedError);
  });

  it('gives values in order with the octets of each, and tells the next tag and the end', () => {
    const reader = new DerReader(hex('0201 07 0500'), 'value');
    expect([reader.nextTag, reader.atEnd]).toEqual([tags.integer, false]);
    expect(reader.optional(tags.boolean)).toBeUndefined();
    expect(() => reader.expect(tags.boolean)).toThrow('value holds tag 0x2 where tag 0x1 is due');
    expect(() => reader.end()).toThrow(MalformedError);
    const value = reader.expect(tags.integer);
    expect([value.tag, value.content, value.der]).toEqual([tags.integer, hex('07'), hex('0201 07')]);
    expect(reader.next().der).toEqual(hex('0500'));
    expect([reader.nextTag, reader.atEnd]).toEqual([undefined, true]);
    expect(() => reader.expect(tags.boolean)).toThrow('value holds nothing where tag 0x1 is due');
    reader.end();
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
    ['smallest negative count', () => decodeCount(hex('80'), 'x')],
    ['count with a padding zero', () => decodeCount(hex('007f'), 'x')],
    ['BOOLEAN without octets', () => decodeBoolean(hex(''), 'x')],
    ['BIT STRING of unused bits alone', () => decodeNamedBits(hex('01'), 'x')],
    ['BIT STRING with seven unused bits set', () => decodeNamedBits(hex('0740'), 'x')],
    ['named bit in the fifth octet', () => decodeNamedBits(hex('00 80000000 01'), 'x')],
    ['OBJECT IDENTIFIER that begins with padding', () => decodeObjectIdentifier(hex('8001'), 'x')],
    ['negative count of five octets', () => decodeCount(hex('ff00000000'), 'x')],
    ['OBJECT IDENTIFIER without octets', () => decodeObjectIdentifier(hex(''), 'x')],
    ['OBJECT IDENTIFIER with a padded arc', () => decodeObjectIdentifier(hex('2a8001'), 'x')],
    ['OBJECT IDENTIFIER that ends inside an arc', () => decodeObjectIdentifier(hex('2a86'), 'x')],
    ['OBJECT IDENTIFIER that ends with an octet of 80', () => decodeObjectIdentifier(hex('2a8180'), 'x')],
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
    ['00 00000001', [31]],
    ['07 0080', [8]],
    ['01 fe', [0, 1, 2, 3, 4, 5, 6]],
  ])('reads named bits %s, trailing zeros or not', (digits, bits) => {
    expect([...decodeNamedBits(hex(digits), 'x')]).toEqual(bits);
  });

  it.each([
    ['00', 0n],
    ['7f', 127n],
    ['0080', 128n],
    ['ff', -1n],
    ['8000', -32768n],
    ['80', -128n],
    ['ff7f', -129n],
    ['00e1ac11000000002b', 0xe1ac11000000002bn],
  ])('reads INTEGER %s', (digits, value) => {
    expect(decodeBigInteger(hex(digits), 'x')).toBe(value);
  });

  it.each([
    ['00', 0],
    ['7f', 127],
    ['0080', 128],
    ['7fffffff', 0x7fffffff],
    ['0080000000', Infinity],
    ['7fffffffff', Infinity],
  ])('reads count %s', (digits, value) => {
    expect(decodeCount(hex(digits), 'x')).toBe(value);
  });

  it('reads BOOLEAN', () => {
    expect([decodeBoolean(hex('00'), 'x'), decodeBoolean(hex('ff'), 'x')]).toEqual([false, true]);
  });

  it.each([
    ['0.0'],
    ['0.39'],
    ['1.0'],
    ['1.39'],
    ['2.0'],
    ['2.47'],
    ['2.48'],
    ['1.2.127.128.16383.16384'],
    // Where arithmetic on numbers is no longer exact.
    [`1.2.${2n ** 45n - 1n}`],
    [`1.2.${2n ** 45n}`],
    [`1.2.${2n ** 52n + 1n}`],
    [`1.2.${2n ** 53n + 1n}`],
    [`1.2.${2n ** 64n + 1n}.5`],
    [`2.${2n ** 45n + 1n}`],
    [`2.${2n ** 52n + 1n}`],
    [`2.${2n ** 60n}`],
  ])('reads the arcs of OBJECT IDENTIFIER %s', (dotted) => {
    const content = objectIdentifier(dotted).subarray(2);
    // The second reading comes out of the memory of those met before.
    for (const _reading of ['first', 'second']) expect(decodeObjectIdentifier(content, 'x')).toBe(dotted);
  });

  // Arcs that no reading before can have remembered.
  const newArc = () => String(randomInt(1_000_000_000));
  it.each([
    ['0.0', '0.0'],
    ['0.39', '0.39'],
    ['1.0', '1.0'],
    ['1.39', '1.39'],
    ['2.0', '2.0'],
    ['2.39', '2.39'],
    ['2.999', '2.999'],
    ['2.16385', '2.16385'],
    ['2.2^60', `2.${2n ** 60n}`],
    ['an arc with an octet of 80 inside', `1.2.16385`],
    ['an arc beyond 2^64', `1.2.${2n ** 64n + 1n}`],
  ])('reads an OBJECT IDENTIFIER under %s that was never met before', (_arcs, prefix) => {
    const dotted = `${prefix}.${newArc()}`;
    expect(decodeObjectIdentifier(objectIdentifier(dotted).subarray(2), 'x')).toBe(dotted);
  });

  it('reads an OBJECT IDENTIFIER of 64 octets', () => {
    expect(decodeObjectIdentifier(Buffer.alloc(64, 0x01), 'x')).toBe(`0.1${'.1'.repeat(63)}`);
  });

  it.each<[string, number]>([
    ['00', 0],
    ['05', 0],
    ['0001', 1],
    ['000001', 2],
    ['000080', 1],
    ['0080', 0],
    ['ffff', 1],
    ['ff80', 1],
    ['ff7f', 0],
    ['ffff80', 2],
    ['0100', 0],
    ['0580', 0],
    ['05ff', 0],
    ['', 0],
  ])('counts the padding of INTEGER %s', (digits, padding) => {
    const around = hex(`0000${digits}0000`);
    expect(paddingOf(around, 2, around.length - 2)).toBe(padding);
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
    ['another type of the length of GeneralizedTime', tags.ia5String, '20260101000000Z'],
    ['no zone, but an octet in its place', tags.utcTime, '2601010000001'],
    ['minute 60', tags.utcTime, '260101006000Z'],
    ['month 0', tags.utcTime, '260001000000Z'],
    ['day 0', tags.utcTime, '260100000000Z'],
    ['day 32', tags.utcTime, '261232000000Z'],
    ['minute 60 of the last hour', tags.utcTime, '261231236000Z'],
    ['second 99', tags.utcTime, '260101000099Z'],
    ['blanks around digits', tags.utcTime, '26 1 1000000Z'],
    ['a sign', tags.utcTime, '26+1+1000000Z'],
    ['a year that is no number', tags.generalizedTime, '2o260101000000Z'],
    ['a letter before the digits of ASCII', tags.utcTime, '26/101000000Z'],
    ['a letter behind the digits of ASCII', tags.utcTime, '26:101000000Z'],
    ['letters for the month', tags.utcTime, '26AA01000000Z'],
    ['letters for the day', tags.utcTime, '2601AA000000Z'],
    ['letters for the hour', tags.utcTime, '260101AA0000Z'],
    ['letters for the minute', tags.utcTime, '26010100AA00Z'],
    ['letters for the second', tags.utcTime, '2601010000AAZ'],
  ])('refuses %s', (_rule, tag, text) => {
    expect(() => decode(tag, text)).toThrow(MalformedError);
  });
});

describe('times of evidence', () => {
  const value = (tag: number, text: string) => ({ tag, content: Buffer.from(text), der: Buffer.alloc(0) });
  const latest = new Date(0);

  it.each([
    [tags.generalizedTime, '20260101000000.5Z', '2026-01-01T00:00:00.000Z'],
    [tags.generalizedTime, '20260101000059.123456789Z', '2026-01-01T00:00:59.000Z'],
    [tags.utcTime, '260101000000Z', '2026-01-01T00:00:00.000Z'],
  ])('may have a fraction of a second: %i %s', (tag, text, iso) => {
    expect(decodeEvidenceTime(value(tag, text), 'x').toISOString()).toBe(iso);
    expect(decodeRevocationTime(value(tag, text), latest).toISOString()).toBe(iso);
  });

  it.each([
    ['ten digits of a fraction', tags.generalizedTime, '20260101000000.1234567890Z'],
    ['a fraction without digits', tags.generalizedTime, '20260101000000.Z'],
    ['something before a time with a fraction', tags.generalizedTime, '120260101000000.5Z'],
    ['something behind a time with a fraction', tags.generalizedTime, '20260101000000.5ZZ'],
    ['a fraction in a UTCTime', tags.utcTime, '20260101000000.5Z'],
    ['letters', tags.generalizedTime, '2026010100000a.5Z'],
    ['a year of two digits with a fraction', tags.generalizedTime, '260101000000.5Z'],
  ])('may not have %s, and then a revocation counts from the time given', (_fault, tag, text) => {
    expect(() => decodeEvidenceTime(value(tag, text), 'x')).toThrow(MalformedError);
    expect(decodeRevocationTime(value(tag, text), latest)).toBe(latest);
  });

  it('hides no fault of ours', () => {
    const broken = {
      tag: tags.utcTime,
      der: Buffer.alloc(0),
      get content(): Buffer {
        throw new RangeError('a fault');
      },
    };
    expect(() => decodeRevocationTime(broken, latest)).toThrow(RangeError);
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
    ['PrintableString with characters it does not have', tags.printableString, '402a265f', '@*&_'],
    ['NumericString', tags.numericString, '3132', '12'],
    ['VisibleString', tags.visibleString, '7e', '~'],
    ['IA5String', tags.ia5String, '40', '@'],
    ['UTF8String with a byte order mark', tags.utf8String, 'efbbbf41', '\ufeffA'],
    ['BMPString with a surrogate pair', tags.bmpString, 'd83dde00', '\u{1f600}'],
    ['UniversalString of two', tags.universalString, '0010ffff 0000e000', '\u{10ffff}\ue000'],
    ['UniversalString before the surrogates', tags.universalString, '0000d7ff', '\ud7ff'],
    ['UTF8String of nothing', tags.utf8String, '', ''],
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
    ['an octet of 80', tags.printableString, '4180'],
    ['UniversalString of three octets', tags.universalString, '000000'],
    ['the first surrogate in UniversalString', tags.universalString, '0000d800'],
    ['the last surrogate in UniversalString', tags.universalString, '0000dfff'],
    ['NUL in TeletexString', tags.teletexString, '4100'],
    ['NUL in BMPString', tags.bmpString, '0000'],
    ['DEL in VisibleString', tags.visibleString, '7f'],
  ])('refuses %s', (_rule, tag, digits) => {
    expect(() => decode(tag, digits)).toThrow(MalformedError);
  });

  it('says that an OCTET STRING is no text', () => {
    expect(decode(tags.octetString, '41')).toBeUndefined();
  });
});
