import { describe, expect, it } from 'vitest';
import { bool, flags, int, int64, member, secret, span, text, uint32 } from '../../../src/iis/schema/element-schema.ts';
import { readValue } from '../../../src/iis/values/read-value.ts';
import { readTimeSpan } from '../../../src/iis/values/time-span.ts';

const names = { One: 1, Two: 2, Four: 4 };

describe('values', () => {
  it.each([
    ['bool', bool(false), 'true', true],
    ['int', int(1), '0120', 120],
    ['uint32 at its end', uint32(0), '4294967295', 4_294_967_295],
    ['enum in any case', member(names), 'tWo', 'Two'],
    ['flags in the order of their bits', flags(names), ' Four ,one,,', ['One', 'Four']],
    ['no flag where the value is empty', flags(names, 'One'), '', []],
    ['text as it is', text(), ' a ', ' a '],
    ['time', span('00:00:00'), '1.00:00:01', 86_401_000],
  ])('%s', (_name, { type }, written, value) => {
    expect(readValue(type, written)).toEqual({ outcome: 'read', value });
  });

  it.each([
    ['bool in capitals', bool(false), 'TRUE'],
    ['bool by number', bool(false), '1'],
    ['a number with a unit', int(1), '2m'],
    ['a negative number', int(1), '-1'],
    ['a number with a sign', int(1), '+1'],
    ['a number in hexadecimal', int(1), '0x10'],
    ['a number with blanks', int(1), ' 1'],
    ['a number with a fraction', int(1), '1.5'],
    ['a number beyond 32 bits', uint32(0), '4294967296'],
    ['a number below the least', int64(20, 10), '9'],
    ['nothing for a number', int(1), ''],
    ['digits of another script', int(1), '١٢'],
    ['no member', member(names), 'Three'],
    ['no member by number', member(names), '3'],
    ['nothing for a member', member(names), ''],
    ['a flag that is unknown', flags(names), 'One,Three'],
    ['bits that are unknown', flags(names), '9'],
    ['seconds for a time', span('00:00:00'), '90'],
  ])('%s is faulty', (_name, { type }, written) => {
    expect(readValue(type, written)).toMatchObject({ outcome: 'faulty' });
  });

  it.each([
    ['a member', member(names), '4', 'Four'],
    ['flags', flags(names), '5', ['One', 'Four']],
  ])('%s by number is read, and said to be odd', (_name, { type }, written, value) => {
    expect(readValue(type, written)).toMatchObject({
      outcome: 'read',
      value,
      oddity: expect.stringContaining('number'),
    });
  });

  it('a password is not read', () => expect(readValue(secret.type, 'x')).toEqual({ outcome: 'secret' }));
});

describe('times', () => {
  it.each([
    ['00:01:00', 60_000],
    ['1:02:03', 3_723_000],
    ['1.02:03:04', 93_784_000],
    ['1:02:03:04', 93_784_000],
    ['24:00:00', undefined],
    ['00:60:00', undefined],
    ['00:00:60', undefined],
    ['1.24:00:00', undefined],
    ['-00:00:01', undefined],
    ['00:00', undefined],
    ['00:00:01.5', undefined],
    ['', undefined],
  ])('%s', (written, time) => expect(readTimeSpan(written)).toBe(time));
});
