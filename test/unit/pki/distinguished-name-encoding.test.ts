/** What is no name, what two names have in common, and how a name is shown. */
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import {
  attributesOf,
  escapeRfc4514,
  formatRfc4514,
  isWithinSubtree,
  parseDistinguishedName,
  relativeNameKey,
} from '../../../src/pki/names/distinguished-name.ts';
import { integer, name, objectIdentifier, type Rdn, sequence, set, utf8 } from '../../support/der-builder.ts';

const parse = (...rdns: readonly Rdn[]) => parseDistinguishedName(name(...rdns));
const cn = oids.commonName;
const attribute = (...content: readonly Buffer[]) => sequence(objectIdentifier(cn), ...content);

describe('a name is refused', () => {
  it.each<[string, Buffer, string]>([
    ['that is a SET', set(set(attribute(utf8('a')))), 'name'],
    ['with an RDN that is a SEQUENCE', sequence(sequence(attribute(utf8('a')))), 'distinguished name is not a SET'],
    ['with an empty RDN', sequence(set()), 'relative distinguished name is empty'],
    ['with an attribute that is a SET', sequence(set(set(objectIdentifier(cn), utf8('a')))), 'is not a SEQUENCE'],
    ['with an attribute without a value', sequence(set(attribute())), 'attribute of a name'],
    ['with an attribute of two values', sequence(set(attribute(utf8('a'), utf8('b')))), 'attribute of a name'],
    ['with a type that is no OID', sequence(set(sequence(utf8('a'), utf8('b')))), 'attribute of a name'],
    ['with a control character', sequence(set(attribute(utf8('a\n')))), `value of name attribute ${cn}`],
    ['of 65 RDNs', name(...Array.from({ length: 65 }, (): Rdn => [[cn, 'a']])), 'name'],
    ['with 17 attributes in one RDN', name(Array.from({ length: 17 }, () => [cn, 'a'] as const)), 'name'],
    ['with something behind it', Buffer.concat([name([[cn, 'a']]), utf8('b')]), 'name'],
  ])('%s', (_fault, encoded, reason) => {
    expect(() => parseDistinguishedName(encoded)).toThrow(MalformedError);
    expect(() => parseDistinguishedName(encoded)).toThrow(reason);
  });

  it('with a text beyond ASCII of more than 512 characters, whose normal form takes long', () => {
    expect(parse([[cn, `ä${'x'.repeat(511)}`]]).rdns).toHaveLength(1);
    expect(() => parse([[cn, `ä${'x'.repeat(512)}`]])).toThrow('more than 512 characters');
    expect(parse([[cn, 'x'.repeat(600)]]).rdns).toHaveLength(1);
  });
});

it('a name may have 64 RDNs, and 16 attributes in one', () => {
  expect(parse(...Array.from({ length: 64 }, (): Rdn => [[cn, 'a']])).rdns).toHaveLength(64);
  expect(parse(Array.from({ length: 16 }, () => [cn, 'a'] as const)).rdns[0]).toHaveLength(16);
});

describe('the normal form', () => {
  it.each<[string, Rdn, string]>([
    ['has type, length and text', [[cn, ' Jane  DOE ']], `${cn}=8:jane doe`],
    ['has the octets of what is no text', [[cn, integer(5)]], `${cn}#020105`],
    [
      'has a plus sign between the attributes of an RDN',
      [
        [cn, 'a'],
        [oids.organizationName, 'b'],
      ],
      '2.5.4.10=1:b+2.5.4.3=1:a',
    ],
    ['folds the final sigma', [[cn, 'σς']], `${cn}=2:σσ`],
    ['folds runs of blanks of all kinds', [[cn, '\u00a0ä\u2003\u00a0b ']], `${cn}=3:ä b`],
  ])('%s', (_rule, rdn, key) => {
    expect(parse(rdn).key).toBe(key);
  });

  it('of a name relative to another is that of the longer name', () => {
    const base = parse([[oids.organizationName, 'Acme']]);
    const rdn = attributesOf(attribute(utf8('List 1')));
    expect(relativeNameKey(base, rdn)).toBe(parse([[oids.organizationName, 'Acme']], [[cn, 'list 1']]).key);
  });
});

it('every name is within the subtree of the empty one, and the empty one in no other', () => {
  const [empty, acme] = [parse(), parse([[oids.organizationName, 'Acme']])];
  expect(isWithinSubtree(acme, empty)).toBe(true);
  expect(isWithinSubtree(empty, empty)).toBe(true);
  expect(isWithinSubtree(empty, acme)).toBe(false);
});

describe('a name is shown', () => {
  it.each<[string, string]>([
    [oids.commonName, 'CN'],
    [oids.localityName, 'L'],
    [oids.stateOrProvinceName, 'ST'],
    [oids.organizationName, 'O'],
    [oids.organizationalUnitName, 'OU'],
    [oids.countryName, 'C'],
    [oids.streetAddress, 'STREET'],
    [oids.domainComponent, 'DC'],
    [oids.userId, 'UID'],
  ])('with %s as %s', (type, short) => {
    expect(formatRfc4514(parse([[type, 'x']]))).toBe(`${short}=x`);
  });

  it('the most specific RDN first, and what has no short name or is no text by its octets', () => {
    const rdns: Rdn[] = [
      [[oids.organizationName, 'Acme']],
      [
        [cn, integer(5)],
        ['1.2.3', 'x'],
      ],
    ];
    expect(formatRfc4514(parse(...rdns))).toBe('CN=#020105+1.2.3=#0c0178,O=Acme');
  });

  it.each([
    [' a ', '\\ a\\ '],
    ['#a#', '\\#a#'],
    ['a b', 'a b'],
    ['a,b+c;d<e>f"g\\', 'a\\,b\\+c\\;d\\<e\\>f\\"g\\\\'],
    ['a=b', 'a=b'],
  ])('with the text %j as %j', (text, shown) => {
    expect(escapeRfc4514(text)).toBe(shown);
  });
});
