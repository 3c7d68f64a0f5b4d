import { describe, expect, it } from 'vitest';
import {
  matchesDnsName,
  matchesHostOfUri,
  matchesIpAddress,
  matchesMailbox,
  matchesSmtpUtf8Mailbox,
  matchesUserPrincipalName,
} from '../../../src/pki/names/name-matching.ts';
import { text, utf8 } from '../../support/der-builder.ts';

describe('dNSName', () => {
  it.each([
    ['a.example', 'a.example', 'yes', 'yes'],
    ['x.A.example', 'a.EXAMPLE', 'yes', 'yes'],
    ['xa.example', 'a.example', 'no', 'no'],
    ['a.example', '.a.example', 'no', 'no'],
    ['x.a.example', '.a.example', 'yes', 'yes'],
    ['a.example', '', 'yes', 'yes'],
    ['*.a.example', 'a.example', 'yes', 'yes'],
    ['*.a.example', 'x.a.example', 'no', 'yes'],
    ['*.b.example', 'a.example', 'no', 'no'],
    ['a b', 'a.example', 'incomparable', 'incomparable'],
    ['a..example', 'example', 'incomparable', 'incomparable'],
    ['a.example.', 'a.example', 'incomparable', 'incomparable'],
    ['a.example', '*.example', 'incomparable', 'incomparable'],
    ['*.a.example', '.a.example', 'yes', 'yes'],
    ['*.a.example', '.x.a.example', 'no', 'yes'],
    ['a b', '', 'incomparable', 'incomparable'],
    [`${'a.'.repeat(126)}z`, '', 'yes', 'yes'],
    [`${'a.'.repeat(126)}zz`, '', 'incomparable', 'incomparable'],
  ])('%s against %s', (name, base, permitted, excluded) => {
    expect(matchesDnsName(name, base, 'permitted')).toBe(permitted);
    expect(matchesDnsName(name, base, 'excluded')).toBe(excluded);
  });
});

describe('rfc822Name', () => {
  it.each([
    ['a@b.example', 'b.example', 'yes'],
    ['a@B.example', 'b.EXAMPLE', 'yes'],
    ['a@x.b.example', 'b.example', 'no'],
    ['a@x.b.example', '.b.example', 'yes'],
    ['a@b.example', '.b.example', 'no'],
    ['a@b.example', 'a@b.example', 'yes'],
    ['A@b.example', 'a@b.example', 'no'],
    ['a@b.example', '', 'yes'],
    ['no mailbox', '', 'incomparable'],
    ['"a"@b.example', 'b.example', 'yes'],
    ['"a"@b.example', 'a@b.example', 'yes'],
    ['"\\a"@b.example', 'a@b.example', 'yes'],
    ['"a@evil.example"@b.example', 'b.example', 'yes'],
    ['"a"b"@b.example', 'b.example', 'incomparable'],
    ['"a@b.example', 'b.example', 'incomparable'],
    ['a@evil.example@b.example', 'b.example', 'incomparable'],
    ['a@[127.0.0.1]', 'b.example', 'incomparable'],
    ['a@b.example', 'b..example', 'incomparable'],
    ['a@b.example', '"@b.example', 'incomparable'],
    ['a@b.example', 'a@c.example', 'no'],
    [`${'a'.repeat(2038)}@b.example`, 'b.example', 'yes'],
    [`${'a'.repeat(2039)}@b.example`, 'b.example', 'incomparable'],
  ])('%s against %s is %s', (name, base, expected) => expect(matchesMailbox(name, base)).toBe(expected));
});

describe('SmtpUTF8Mailbox', () => {
  it.each([
    ['jürgen@b.example', 'b.example', 'yes'],
    ['jürgen@x.b.example', '.b.example', 'yes'],
    ['jürgen@x.b.example', 'b.example', 'no'],
    ['jürgen@b.example', '', 'yes'],
    ['jürgen@b.example', 'jurgen@b.example', 'no'],
    ['老师@xn--fsqu00a.example', '.example', 'yes'],
    ['ascii@b.example', 'b.example', 'incomparable'],
    ['jürgen@bücher.example', '.example', 'incomparable'],
    ['jür gen@b.example', 'b.example', 'incomparable'],
    ['ü@evil.example@b.example', 'b.example', 'incomparable'],
    [`ü${'a'.repeat(2030)}@b.example`, 'b.example', 'yes'],
    [`ü${'a'.repeat(2048)}@b.example`, 'b.example', 'incomparable'],
  ])('%s against %s is %s', (name, base, expected) => expect(matchesSmtpUtf8Mailbox(utf8(name), base)).toBe(expected));

  it('of another string type is incomparable', () =>
    expect(matchesSmtpUtf8Mailbox(text(0x16, 'a@b.example'), '')).toBe('incomparable'));
});

describe('uniformResourceIdentifier', () => {
  it.each([
    ['http://a.example/x', 'a.example', 'yes'],
    ['http://user:p@a.example:80?x', 'a.example', 'yes'],
    ['http://x.a.example', 'a.example', 'no'],
    ['http://x.a.example', '.a.example', 'yes'],
    ['http://evil.example#@a.example', 'a.example', 'no'],
    ['http://10.0.0.1/', 'a.example', 'incomparable'],
    ['http://[::1]/', 'a.example', 'incomparable'],
    ['urn:a.example', 'a.example', 'incomparable'],
    ['http://evil.example\\@a.example/', 'a.example', 'incomparable'],
    ['http://evil.example @a.example/', 'a.example', 'incomparable'],
    ['tag:microsoft.com,2022-09-14:sid:S-1-5-18', '', 'incomparable'],
    ['http://a.example/', '', 'yes'],
    ['http://a.example:80:90/', 'a.example', 'incomparable'],
    ['http://1.a.example/', '.a.example', 'yes'],
    ['http://a.example1/', 'a.example1', 'yes'],
    [`http://a.example/${'x'.repeat(2031)}`, 'a.example', 'yes'],
    [`http://a.example/${'x'.repeat(2032)}`, 'a.example', 'incomparable'],
  ])('%s against %s is %s', (name, base, expected) => expect(matchesHostOfUri(name, base)).toBe(expected));
});

describe('iPAddress', () => {
  it.each([
    ['0a010101', '0a000000ff000000', 'yes'],
    ['0b010101', '0a000000ff000000', 'no'],
    ['0a010101', `${'00'.repeat(16)}${'00'.repeat(16)}`, 'no'],
    ['0a010101', '0a000000ff00ff00', 'incomparable'],
    ['0a010101', '0a000000', 'incomparable'],
    ['0a01ff01', '0a010000ffff0000', 'yes'],
    ['0a02ff01', '0a010000ffff0000', 'no'],
    ['0a010101', '0a000000ff0000ff', 'incomparable'],
    ['0a010101', '0a000000ff808000', 'incomparable'],
    ['0a010101', '0a010101ffffffff', 'yes'],
    ['0a010102', '0a010101ffffffff', 'no'],
    ['0a010101', '0a000000fd000000', 'incomparable'],
    ['0a010101ff', '0a000000ff000000', 'no'],
    [`${'20'.repeat(15)}01`, `${'20'.repeat(16)}${'ff'.repeat(15)}00`, 'yes'],
    [`${'20'.repeat(14)}0101`, `${'20'.repeat(16)}${'ff'.repeat(15)}00`, 'no'],
  ])('%s against %s is %s', (address, base, expected) => {
    expect(matchesIpAddress(Buffer.from(address, 'hex'), Buffer.from(base, 'hex'))).toBe(expected);
  });
});

describe('user principal name', () => {
  it.each([
    ['a@b.example', '@b.example', 'yes', 'yes'],
    ['a@b.example', 'B.example', 'yes', 'yes'],
    ['a@x.b.example', 'b.example', 'no', 'yes'],
    ['a@x.b.example', '.b.example', 'yes', 'yes'],
    ['A@b.example', 'a@B.example', 'yes', 'yes'],
    ['c@b.example', 'a@b.example', 'no', 'no'],
    ['a@evil@b.example', '@b.example', 'incomparable', 'incomparable'],
    ['no domain', '@b.example', 'incomparable', 'incomparable'],
    ['a@b.example', '', 'yes', 'yes'],
    ['a@b.example', 'c.example', 'no', 'no'],
    ['a@b.example', 'b example', 'incomparable', 'incomparable'],
    ['@b.example', '@b.example', 'incomparable', 'incomparable'],
    ['b.example', '@b.example', 'incomparable', 'incomparable'],
  ])('%s against %s', (name, base, permitted, excluded) => {
    expect(matchesUserPrincipalName(utf8(name), utf8(base), 'permitted')).toBe(permitted);
    expect(matchesUserPrincipalName(utf8(name), utf8(base), 'excluded')).toBe(excluded);
  });

  it('of another string type is incomparable', () => {
    expect(matchesUserPrincipalName(text(0x16, 'a@b.example'), utf8('@b.example'), 'permitted')).toBe('incomparable');
    expect(matchesUserPrincipalName(utf8('a@b.example'), text(0x16, '@b.example'), 'permitted')).toBe('incomparable');
  });
});
