/** Names as directories store them: the order of attributes, and what is no text. */
import { describe, expect, it } from 'vitest';
import {
  formatFreeIpa,
  formatLdap,
  formatSssd,
  formatX500,
  formatX500Reversed,
  freeIpaAttribute,
  quoteX500,
} from '../../../src/mapping/stored/name-formats.ts';
import type { AttributeTypeAndValue, DistinguishedName } from '../../../src/pki/names/distinguished-name.ts';

const attribute = (type: string, text?: string): AttributeTypeAndValue => ({
  type,
  valueDer: Buffer.from('030300ffff', 'hex'),
  ...(text !== undefined && { text }),
});
const nameOf = (...rdns: readonly AttributeTypeAndValue[][]): DistinguishedName => ({
  rdns,
  der: Buffer.alloc(0),
  key: '',
});
const [cn, o, ou, uid] = ['2.5.4.3', '2.5.4.10', '2.5.4.11', '0.9.2342.19200300.100.1.1'];
const plain = nameOf([attribute(o, 'Acme')], [attribute(ou, 'b'), attribute(cn, 'a')]);

describe('a name of two RDNs, the second with two attributes', () => {
  it.each([
    ['X.500', formatX500(plain, ' '), 'O=Acme,OU=b CN=a'],
    ['X.500 with plus signs', formatX500(plain, ' + '), 'O=Acme,OU=b + CN=a'],
    ['X.500 reversed', formatX500Reversed(plain), 'OU=b CN=a,O=Acme'],
    ['LDAP', formatLdap(plain), 'OU=b+CN=a,O=Acme'],
    ['FreeIPA, the attributes by their names', formatFreeIpa(plain), 'O=Acme,CN=a+OU=b'],
    ['SSSD as encoded', formatSssd(plain, 'x500'), 'O=Acme,OU=b+CN=a'],
    ['SSSD most specific first', formatSssd(plain, 'ldap'), 'OU=b+CN=a,O=Acme'],
  ])('as %s', (_format, written, expected) => {
    expect(written).toBe(expected);
  });
});

describe('the attributes of one RDN, as FreeIPA orders them', () => {
  it.each([
    ['by name', [attribute(uid, 'z'), attribute(cn, 'a')], 'CN=a+UID=z'],
    ['by value where the names are the same', [attribute(cn, 'b'), attribute(cn, 'a')], 'CN=a+CN=b'],
    ['by value in lower case', [attribute(cn, 'b'), attribute(cn, 'A')], 'CN=A+CN=b'],
    ['as they stand where both are the same', [attribute(cn, 'a'), attribute(cn, 'A')], 'CN=a+CN=A'],
    ['what is no text before all texts', [attribute(cn, 'a'), attribute(cn)], 'CN=#030300ffff+CN=a'],
    ['a dotted type before all names', [attribute(cn, 'a'), attribute('1.2.3', 'b')], '1.2.3=b+CN=a'],
  ])('%s', (_rule, rdn, expected) => {
    expect(formatFreeIpa(nameOf(rdn))).toBe(expected);
  });
});

describe('a value that is no text', () => {
  const bits = nameOf([attribute(o, 'Acme')], [attribute(cn)]);
  it.each([
    ['X.500', formatX500(bits, ' '), 'O=Acme,CN=#030300ffff'],
    ['LDAP', formatLdap(bits), undefined],
    ['LDAP, in one attribute of an RDN', formatLdap(nameOf([attribute(o, 'x'), attribute(cn)])), undefined],
    ['FreeIPA', formatFreeIpa(bits), 'O=Acme,CN=#030300ffff'],
    [
      'FreeIPA, unlike a text of the same digits',
      formatFreeIpa(nameOf([attribute(cn, '#030300ffff')])),
      'CN=\\#030300ffff',
    ],
    ['SSSD', formatSssd(bits, 'x500'), 'O=Acme,CN=#030300ffff'],
  ])('is in %s %j', (_format, written, expected) => {
    expect(written).toBe(expected);
  });
});

it.each([
  ['', '""'],
  [' a', '" a"'],
  ['a ', '"a "'],
  ['a\t', '"a\t"'],
  ['a b', 'a b'],
  ['a=b', '"a=b"'],
  ['"', '""""'],
  ['a#', '"a#"'],
  ['a;b', '"a;b"'],
])('X.500 writes the text %j as %j', (text, written) => {
  expect(quoteX500(text)).toBe(written);
});

it.each([
  ['a,b+c', 'a\\,b\\+c'],
  ['a=b', 'a\\=b'],
  ['<a>;"\\', '\\<a\\>\\;\\"\\\\'],
  [' a ', '\\ a\\ '],
  ['a b', 'a b'],
  ['#a#', '\\#a#'],
  ['ä', 'ä'],
])('FreeIPA writes the text %j as %j', (text, written) => {
  expect(freeIpaAttribute('CN', text)).toBe(`CN=${written}`);
});
