import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { formatRfc4514, isWithinSubtree, parseDistinguishedName } from '../../../src/pki/names/distinguished-name.ts';
import { der, integer, name, type Rdn, sequence, set, text } from '../../support/der-builder.ts';

const { commonName: cn, organizationName: o, organizationalUnitName: ou } = oids;
const parse = (...rdns: readonly Rdn[]) => parseDistinguishedName(name(...rdns));
const printable = (value: string) => text(0x13, value);

describe('the normal form', () => {
  it.each([
    ['case', [[cn, 'Jane DOE']], [[cn, 'jane doe']]],
    ['leading, trailing and doubled blanks', [[cn, '  Jane   Doe ']], [[cn, 'Jane Doe']]],
    ['the string type', [[cn, printable('Jane')]], [[cn, 'Jane']]],
    ['composed and decomposed characters', [[cn, 'M\u00fcller']], [[cn, 'Mu\u0308ller']]],
    ['case beyond ASCII', [[cn, 'MÜLLER ΣΑΣ']], [[cn, 'müller σας']]],
    ['sharp s', [[cn, 'Straße']], [[cn, 'STRASSE']]],
    ['the no-break space', [[cn, 'Jane\u00a0Doe']], [[cn, 'Jane Doe']]],
    [
      'the order inside one RDN',
      [
        [cn, 'a'],
        [o, 'b'],
      ],
      [
        [o, 'b'],
        [cn, 'a'],
      ],
    ],
  ] as const)('ignores %s', (_rule, left, right) => {
    expect(parse(left).key).toBe(parse(right).key);
  });

  it.each([
    [
      'attributes of one RDN and of two',
      parse([
        [cn, 'a'],
        [o, 'b'],
      ]),
      parse([[cn, 'a']], [[o, 'b']]),
    ],
    ['the order of RDNs', parse([[cn, 'a']], [[o, 'b']]), parse([[o, 'b']], [[cn, 'a']])],
    ['a soft hyphen and none', parse([[cn, 'evil\u00adcorp']]), parse([[cn, 'evilcorp']])],
    ['a zero-width joiner and none', parse([[cn, 'evil\u200dcorp']]), parse([[cn, 'evilcorp']])],
    ['dotless and dotted i', parse([[cn, '\u0131van']]), parse([[cn, 'ivan']])],
    ['text that imitates a boundary', parse([[cn, 'a,2.5.4.10=1:b']]), parse([[cn, 'a']], [[o, 'b']])],
    ['an empty value and no RDN', parse([[cn, '']]), parse()],
    ['a text and another type of value', parse([[cn, integer(5)]]), parse([[cn, '5']])],
  ])('keeps apart %s', (_rule, left, right) => {
    expect(left.key).not.toBe(right.key);
  });

  it('finds a name inside a subtree by whole RDNs only', () => {
    const base = parse([[o, 'Acme']]);
    expect(isWithinSubtree(parse([[o, 'ACME']], [[ou, 'x']]), base)).toBe(true);
    expect(isWithinSubtree(parse([[o, 'ACME']]), base)).toBe(true);
    expect(isWithinSubtree(parse([[o, 'Acme Evil']], [[ou, 'x']]), base)).toBe(false);
    expect(
      isWithinSubtree(
        parse([
          [o, 'Acme'],
          [cn, 'x'],
        ]),
        base,
      ),
    ).toBe(false);
    expect(isWithinSubtree(parse(), base)).toBe(false);
  });
});

describe('RFC 4514', () => {
  it.each([
    ['the most specific RDN first', [[[oids.countryName, 'US']], [[cn, 'Jane']]], 'CN=Jane,C=US'],
    [
      'several attributes joined by plus',
      [
        [
          [cn, 'JANE DOE'],
          [oids.userId, '25'],
        ],
      ],
      'CN=JANE DOE+UID=25',
    ],
    ['special characters escaped', [[[o, 'Acme, "Inc." <a+b>;\\']]], 'O=Acme\\, \\"Inc.\\" \\<a\\+b\\>\\;\\\\'],
    ['outer blanks and a leading number sign escaped', [[[cn, ' x ']], [[cn, '#1']]], 'CN=\\#1,CN=\\ x\\ '],
    ['types without a short name in hexadecimal', [[[oids.organizationIdentifier, 'A']]], '2.5.4.97=#0c0141'],
  ] as const)('writes %s', (_rule, rdns, expected) => {
    expect(formatRfc4514(parse(...rdns))).toBe(expected);
  });
});

describe('malformed names', () => {
  it.each([
    ['NUL in a value', name([[cn, 'a\0b']])],
    ['a control character in a value', name([[cn, 'a\nb']])],
    ['an empty RDN', sequence(set())],
    ['an RDN that is no SET', sequence(sequence())],
    ['an attribute without a value', sequence(set(sequence(der(0x06, Buffer.from([0x55])))))],
    ['more RDNs than any directory has', name(...Array.from({ length: 65 }, () => [[cn, 'x']] as const))],
    ['octets behind the name', Buffer.concat([name([[cn, 'a']]), Buffer.from([0])])],
  ])('refuses %s', (_rule, encoded) => {
    expect(() => parseDistinguishedName(encoded)).toThrow(MalformedError);
  });
});
