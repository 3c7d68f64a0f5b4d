/** Distinguished names as rules write them: every length, type and escape reads as the name that a certificate has. */
import { describe, expect, it } from 'vitest';
import { parseNameText } from '../../../src/mapping/rules/name-text.ts';
import { RuleSyntaxError } from '../../../src/mapping/rules/rule-syntax-error.ts';

const read = (text: string) =>
  parseNameText(text).rdns.map((rdn) => rdn.map(({ type, text: value }) => `${type}=${value}`).join('+'));
const cn = '2.5.4.3';
const o = '2.5.4.10';
const ou = '2.5.4.11';

describe('a distinguished name in a rule', () => {
  it.each([1, 100, 127, 128, 200, 255, 256, 300, 4000])('may have a value of %i octets', (length) => {
    const value = 'x'.repeat(length);
    expect(read(`CN=${value}`)).toEqual([`${cn}=${value}`]);
  });

  it.each([
    ['CN=a', [`${cn}=a`]],
    ['cn=a,O=b', [`${o}=b`, `${cn}=a`]],
    ['CN=a,OU=b,OU=c,O=d', [`${o}=d`, `${ou}=c`, `${ou}=b`, `${cn}=a`]],
    [' CN = a , O = b', [`${o}=b`, `${cn}=a`]],
    ['CN=a,O=b+CN=c', [`${cn}=c+${o}=b`, `${cn}=a`]],
    ['OU=b+CN=a', [`${cn}=a+${ou}=b`]],
    ['CN=', [`${cn}=`]],
    ['1.2.840.113549.1.9.1=a', ['1.2.840.113549.1.9.1=a']],
    ['0.9.2342.19200300.100.1.25=a', ['0.9.2342.19200300.100.1.25=a']],
    ['2.999.16383.16384=a', ['2.999.16383.16384=a']],
    ['1.3.127.128=a', ['1.3.127.128=a']],
  ])('%j is %j, in the order of the encoding', (text, rdns) => {
    expect(read(text)).toEqual(rdns);
  });

  it.each([
    ['a\\,b', 'a,b'],
    ['a\\\\', 'a\\'],
    ['\\41\\62c', 'Abc'],
    ['\\4A\\6b', 'Jk'],
    ['\\C3\\A4', 'ä'],
    ['"a,b+c"', 'a,b+c'],
    ['"a\\"b"', 'a"b'],
    ['" a "', ' a '],
    ['a   ', 'a'],
    ['a\\ ', 'a '],
    ['a\\   ', 'a '],
    ['a\\\\  ', 'a\\'],
    ['a\\\\\\ ', 'a\\ '],
    ['a b  c', 'a b  c'],
    ['\\#a', '#a'],
    ['a#', 'a#'],
    ['a=b', 'a=b'],
    ['1\\\n2', '1\n2'],
  ])('the value %j is %j', (text, value) => {
    const parse = () => read(`CN=${text},O=x`);
    // Control characters are refused by the parser of names, with the fault of a rule.
    if (value.includes('\n')) expect(parse).toThrow(RuleSyntaxError);
    else expect(parse()).toEqual([`${o}=x`, `${cn}=${value}`]);
  });

  it.each([
    ['', 'is not a distinguished name'],
    ['CN', 'is not a distinguished name'],
    ['CN=a,', 'is not a distinguished name'],
    ['CN=a,,O=b', 'is not a distinguished name'],
    ['CN=a;O=b', 'is not a distinguished name'],
    ['CN=a<b', 'is not a distinguished name'],
    ['CN="a', 'is not a distinguished name'],
    ['CN="a"b', 'is not a distinguished name'],
    ['3.5=a', 'is not a distinguished name'],
    ['CN=#0c0161', 'hexadecimal'],
    ['CN=\\ff', 'not UTF-8'],
    ['Nonsense=a', 'Nonsense is not a known attribute type'],
    [`CN=${'x'.repeat(4094)}`, 'longer than 4096 characters'],
    [Array(65).fill('CN=a').join(','), 'name'],
  ])('%.20j is refused: %s', (text, reason) => {
    expect(() => parseNameText(text)).toThrow(RuleSyntaxError);
    expect(() => parseNameText(text)).toThrow(reason);
  });

  it('of 4096 characters is read, and a misspelled type brings the nearest one', () => {
    expect(parseNameText(`CN=${'x'.repeat(4093)}`).rdns).toHaveLength(1);
    expect(() => parseNameText('emailAdress=a')).toThrow(expect.objectContaining({ meant: 'emailAddress' }));
  });
});
