/** Values of altSecurityIdentities as people write them: what they are read as, what is right, and what is no mapping. */
import { describe, expect, it } from 'vitest';
import { readStoredValue } from '../../../src/mapping/stored/stored-value.ts';

const hex = (octets: number) => 'ab'.repeat(octets);
const issuer = '<I>DC=com,CN=CA';

describe('a value in the spelling of Active Directory', () => {
  it.each<[string, string, string]>([
    [`X509:${issuer}<SR>01ab`, 'issuerSerial', `X509:${issuer}<SR>01ab`],
    [`x509 : ${issuer} <SR> 01 AB `, 'issuerSerial', `X509:${issuer}<SR>01ab`],
    [`  X509:${issuer}<sr>0x01AB`, 'issuerSerial', `X509:${issuer}<SR>01ab`],
    [`X509:<SR>01:AB${issuer}`, 'issuerSerial', `X509:${issuer}<SR>01ab`],
    [`X509:${issuer}<SID>S-1-5-21-1-2-3-4`, 'issuerSid', `X509:${issuer}<SID>S-1-5-21-1-2-3-4`],
    [`X509:<SKI>${hex(8)}`, 'ski', `X509:<SKI>${hex(8)}`],
    [`X509:<SKI>${hex(64)}`, 'ski', `X509:<SKI>${hex(64)}`],
    [`X509:<SHA1-PUKEY>${hex(20).toUpperCase()}`, 'sha1PublicKey', `X509:<SHA1-PUKEY>${hex(20).toUpperCase()}`],
    [`X509:<SHA1-PUKEY>${hex(19)} AB`, 'sha1PublicKey', `X509:<SHA1-PUKEY>${hex(20)}`],
    [`X509:${issuer}<S>O=x,CN=y`, 'issuerSubject', `X509:${issuer}<S>O=x,CN=y`],
    ['X509:<S>DC=com,CN=y', 'subject', 'X509:<S>DC=com,CN=y'],
    ['X509:<RFC822>a@b', 'rfc822', 'X509:<RFC822>a@b'],
    [`X509:${issuer}<SR>${hex(22)}`, 'issuerSerial', `X509:${issuer}<SR>${hex(22)}`],
    ['X509:<S>DC=com,CN="a,<b>"', 'subject', 'X509:<S>DC=com,CN="a,<b>"'],
    ['X509:<S>DC=com,CN="a ""b"""', 'subject', 'X509:<S>DC=com,CN="a ""b"""'],
    ['X509:<S>DC=com,CN=a\\,b', 'subject', 'X509:<S>DC=com,CN="a,b"'],
    ['X509:<S>dc=com, cn=y', 'subject', 'X509:<S>DC=com,CN=y'],
    ['X509:<S>2.5.4.10=x,CN=y', 'subject', 'X509:<S>O=x,CN=y'],
    ['X509:<S>DC=com,UID=7', 'subject', 'X509:<S>DC=com,OID.0.9.2342.19200300.100.1.1=7'],
    ['X509:<S>O=x,OU=b CN=a', 'subject', 'X509:<S>O=x,OU=b CN=a'],
    ['X509:<S>O=x,OU=b + CN=a', 'subject', 'X509:<S>O=x,OU=b + CN=a'],
    ['X509:<S>O=x,OU=b+CN=a', 'subject', 'X509:<S>O=x,OU=b + CN=a'],
    ['X509:<S>O=x,CN=a b', 'subject', 'X509:<S>O=x,CN=a b'],
  ])('%j is of the form %s', (text, form, right) => {
    expect(readStoredValue(text)).toMatchObject({ kind: 'value', form, right });
  });

  it.each([
    ['Kerberos:jane@CORP', 'other'],
    ['xX509:<S>CN=a', 'other'],
    ['X509', 'other'],
    ['', 'other'],
    [`X509:${issuer}`, 'issuerOnly'],
  ])('%j is %s', (text, kind) => {
    expect(readStoredValue(text)).toEqual({ kind });
  });

  it.each([
    ['X509:', 'combines'],
    ['X509:CN=a', 'is not a row of tags'],
    ['X509:<S>CN=a<', 'is not a row of tags'],
    ['X509:<S>CN=a\u0001', 'holds invisible characters'],
    ['X509:<S>CN=a\u200b', 'holds invisible characters'],
    ['X509:<X>a', 'has the unknown tag <X>'],
    ['X509:<S>CN=a<s>CN=b', 'has the tag <s> twice'],
    ['X509:<S>', 'has nothing after <S>'],
    ['X509:<S> <SR>01', 'has nothing after <S>'],
    ['X509:<SR>01', 'combines SR, which does not make a mapping'],
    ['X509:<S>CN=a<SKI>01', 'combines S, SKI, which does not make a mapping'],
    ['X509:<RFC822>a', 'has something after <RFC822> that cannot stand there'],
    ['X509:<RFC822>a@b c@d', 'after <RFC822>'],
    ['X509:<RFC822>x a@b', 'after <RFC822>'],
    [`X509:${issuer}<SID>S-1-5`, 'after <SID>'],
    [`X509:${issuer}<SID>xS-1-5-18`, 'after <SID>'],
    [`X509:${issuer}<SID>S-1-5-18x`, 'after <SID>'],
    [`X509:<SKI>${hex(7)}`, 'after <SKI>'],
    [`X509:<SKI>${hex(65)}`, 'after <SKI>'],
    [`X509:<SHA1-PUKEY>${hex(7)}`, 'after <SHA1-PUKEY>'],
    [`X509:<SHA1-PUKEY>${hex(21)}`, 'after <SHA1-PUKEY>'],
    [`X509:${issuer}<SR>${hex(23)}`, 'after <SR>'],
    [`X509:${issuer}<SR>0`, 'after <SR>'],
    [`X509:${issuer}<SR>xy`, 'after <SR>'],
    [`X509:${issuer}<SR>010xab`, 'after <SR>'],
    ['X509:<S>nonsense', 'after <S>'],
    ['X509:<S>Nonsense=a', 'after <S>'],
    ['X509:<S>DC=com,nonsense', 'after <S>'],
    ['X509:<S>-CN=a', 'after <S>'],
    ['X509:<S>,', 'after <S>'],
  ])('%j is no mapping: %s', (text, complaint) => {
    expect(readStoredValue(text)).toEqual({ kind: 'unreadable', complaint: expect.stringContaining(complaint) });
  });

  it('has at most 8192 characters', () => {
    const value = (length: number) => `X509:<S>O=${'x'.repeat(length - 'X509:<S>O='.length)}`;
    expect(readStoredValue(value(8192)).kind).toBe('value');
    expect(readStoredValue(value(8193))).toEqual({ kind: 'unreadable', complaint: 'is too long' });
  });

  it.each<[string, string, readonly string[], boolean]>([
    ['CN=y,O=x', 'O=x,CN=y', ['CN=y,O=x'], true],
    ['CN=y,OU=z,DC=com', 'DC=com,OU=z,CN=y', ['CN=y,OU=z,DC=com'], true],
    ['E=a@b,C=DE', 'C=DE,E=a@b', ['E=a@b,C=DE'], true],
    ['SERIALNUMBER=1,L=x', 'L=x,SERIALNUMBER=1', ['SERIALNUMBER=1,L=x'], true],
    ['UID=1,S=x', 'S=x,OID.0.9.2342.19200300.100.1.1=1', ['OID.0.9.2342.19200300.100.1.1=1,S=x'], true],
    ['O=x,CN=y', 'O=x,CN=y', ['CN=y,O=x'], false],
    ['CN=y,OU=z', 'CN=y,OU=z', ['OU=z,CN=y'], false],
    ['OU=z,O=x', 'OU=z,O=x', ['O=x,OU=z'], false],
    ['CN=y', 'CN=y', [], false],
    ['O=x', 'O=x', [], false],
  ])('with the name %s is right as %s', (text, right, others, isDisplayOrder) => {
    expect(readStoredValue(`X509:<S>${text}`)).toMatchObject({
      right: `X509:<S>${right}`,
      otherOrders: others.map((other) => `X509:<S>${other}`),
      isDisplayOrder,
    });
  });

  it('with two names has an order for each of them', () => {
    const read = readStoredValue('X509:<I>CN=CA,DC=com<S>CN=y,O=x');
    expect(read).toMatchObject({
      right: 'X509:<I>DC=com,CN=CA<S>O=x,CN=y',
      otherOrders: [
        'X509:<I>DC=com,CN=CA<S>CN=y,O=x',
        'X509:<I>CN=CA,DC=com<S>O=x,CN=y',
        'X509:<I>CN=CA,DC=com<S>CN=y,O=x',
      ],
      isDisplayOrder: true,
    });
    expect(read.kind === 'value' && [...read.parts]).toEqual([
      ['I', 'CN=CA,DC=com'],
      ['S', 'CN=y,O=x'],
    ]);
  });
});

describe('a value in the spelling of FreeIPA', () => {
  it.each([
    ['X509:<S>O=x,CN=y', 'X509:<S>O=x,CN=y'],
    ['X509: <S> O=x,CN=y ', 'X509:<S>O=x,CN=y'],
    ['X509:<S>O=x,CN=y\\ ', 'X509:<S>O=x,CN=y\\ '],
    ['X509:<S>O=x,CN=y\\   ', 'X509:<S>O=x,CN=y\\ '],
    ['X509:<S>O=x,OU=b+CN=a', 'X509:<S>O=x,OU=b+CN=a'],
    ['X509:<S>O=x,CN=a\\<b\\>', 'X509:<S>O=x,CN=a\\<b\\>'],
    ['X509:<S>O=x,CN=a\\,b\\+c', 'X509:<S>O=x,CN=a\\,b\\+c'],
    ['X509:<S>O=x,CN="a,b"', 'X509:<S>O=x,CN=a\\,b'],
    ['X509:<S>O=x,CN="a""b"', 'X509:<S>O=x,CN=a\\"b'],
    ['X509:<S>O=x,CN=a=b', 'X509:<S>O=x,CN=a\\=b'],
    ['X509:<S>O=x,emailAddress=a', 'X509:<S>O=x,E=a'],
  ])('%j is %j written rightly', (text, right) => {
    expect(readStoredValue(text, 'freeIpa')).toMatchObject({ kind: 'value', right });
  });

  it.each(['X509:<S>O=x,CN', 'X509:<S>+'])('%j is no mapping', (text) => {
    expect(readStoredValue(text, 'freeIpa')).toEqual({
      kind: 'unreadable',
      complaint: 'has something after <S> that cannot stand there',
    });
  });

  it('may have a plus sign too many', () => {
    expect(readStoredValue('X509:<S>O=x+', 'freeIpa')).toMatchObject({ right: 'X509:<S>O=x' });
  });
});
