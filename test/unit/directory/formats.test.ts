import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dnsDomainOf } from '../../../src/directory/active-directory/domain-of-name.ts';
import { expiryFromFiletime } from '../../../src/directory/active-directory/filetime.ts';
import { sidFromBinary, sidToBinary } from '../../../src/directory/active-directory/sid.ts';
import { certificateExactAssertion } from '../../../src/directory/certificate-exact-assertion.ts';
import { dateFromGeneralizedTime } from '../../../src/directory/generalized-time.ts';

describe('security identifier', () => {
  const text = 'S-1-5-21-1111111111-2222222222-3333333333-1105';
  const hex = '010500000000000515000000c7353a428e6b748455a1aec651040000';

  it('authority big-endian, sub-authorities little-endian', () => {
    expect(sidToBinary(text)?.toString('hex')).toBe(hex);
    expect(sidFromBinary(Buffer.from(hex, 'hex'))).toBe(text);
  });

  it('text and octets carry the same', () => {
    const subAuthorities = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), subAuthorities, (authority, rest) => {
        const sid = ['S-1', authority, ...rest].join('-');
        expect(sidFromBinary(sidToBinary(sid)!)).toBe(sid);
      }),
    );
  });

  it.each([
    '',
    'S-1-5',
    's-1-5-21-1',
    'S-2-5-21-1',
    'S-1-5-21-01',
    'S-1-5-21-4294967296',
    'S-1-281474976710656-1',
    'S-1-5-21-1 ',
    'S-1-5-21-1\n',
    'S-1-5--1',
    `S-1-5${'-1'.repeat(16)}`,
    'S-1-0x5-1',
    'S-1-5-21-١',
  ])('refused as text: %j', (sid) => {
    expect(sidToBinary(sid)).toBeUndefined();
  });

  it.each([
    '',
    '0105000000000005',
    '010000000000000',
    `02${hex.slice(2)}`,
    `${hex}00`,
    hex.slice(0, -2),
    `01100000000000050${'0'.repeat(127)}`,
  ])('refused as octets: %s', (octets) => {
    expect(sidFromBinary(Buffer.from(octets, 'hex'))).toBeUndefined();
  });
});

describe('FILETIME of accountExpires', () => {
  it.each([
    ['0', 'never'],
    ['9223372036854775807', 'never'],
    ['134116992000000000', new Date('2026-01-01T00:00:00Z')],
    ['116444736000000000', new Date(0)],
    ['10000', new Date('1601-01-01T00:00:00.001Z')],
    ['9223372036854775806', new Date(910_692_730_085_477)],
    ['9223372036854775808', undefined],
    ['-1', undefined],
    ['01', undefined],
    ['1e9', undefined],
    ['', undefined],
    [' 0', undefined],
  ])('%s', (text, expected) => {
    expect(expiryFromFiletime(text)).toEqual(expected);
  });
});

describe('GeneralizedTime', () => {
  it.each([
    ['20260102030405Z', '2026-01-02T03:04:05.000Z'],
    ['20260102030405.0Z', '2026-01-02T03:04:05.000Z'],
    ['202601020304Z', '2026-01-02T03:04:00.000Z'],
    ['2026010203Z', '2026-01-02T03:00:00.000Z'],
    ['20260229000000Z', undefined],
    ['20260102240000Z', undefined],
    ['20260102030405+0100', undefined],
    ['20260102030405', undefined],
    ['2026-01-02', undefined],
    ['20260102030405.Z', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(dateFromGeneralizedTime(text)?.toISOString()).toBe(expected);
  });
});

describe('DNS domain of a distinguished name', () => {
  it.each([
    ['CN=Ada,CN=Users,DC=corp,DC=example', 'corp.example'],
    ['cn=Ada,dc=corp,dc=example', 'corp.example'],
    ['CN=x\\,DC=evil,CN=Users,DC=corp,DC=example', 'corp.example'],
    ['CN=x\\,DC=evil,DC=corp,DC=example', 'corp.example'],
    ['CN=x\\\\,DC=corp,DC=example', 'corp.example'],
    ['CN="x,DC=evil",DC=corp,DC=example', 'corp.example'],
    ['CN=x\\2CDC=evil,DC=example', 'example'],
    ['DC=corp,OU=x', undefined],
    ['CN=Ada', undefined],
    ['', undefined],
  ])('%s: %s', (name, domain) => {
    expect(dnsDomainOf(name)).toBe(domain);
  });
});

describe('CertificateExactAssertion', () => {
  it('serial number in decimal, issuer with quotation marks doubled', () => {
    const issuer = 'CN=A \\"B\\",O=C';
    expect(certificateExactAssertion({ serialNumber: 0xe1ac11000000002bn, issuer })).toBe(
      '{ serialNumber 16261391046225690667, issuer rdnSequence:"CN=A \\""B\\"",O=C" }',
    );
  });

  it.each([
    ['a non-ASCII issuer, which OpenLDAP never matches', 'CN=Prüfstelle'],
    ['a control character', 'CN=a\nb'],
    ['an empty issuer', ''],
    ['an issuer longer than 4096', `CN=${'a'.repeat(4096)}`],
  ])('none for %s', (_what, issuer) => {
    expect(certificateExactAssertion({ serialNumber: 1n, issuer })).toBeUndefined();
  });
});
