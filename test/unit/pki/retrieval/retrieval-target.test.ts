import { describe, expect, it } from 'vitest';
import { addressRefusal, retrievalTarget } from '../../../../src/pki/retrieval/retrieval-target.ts';
import type { RetrievalPolicy } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets } from '../../../../src/settings/units.ts';

const policy: RetrievalPolicy = {
  allowedHosts: ['pki.example', '192.0.2.7', '::1'],
  schemes: ['http', 'ldap'],
  maximumSize: octets(1_000),
  timeout: milliseconds(1_000),
};

describe('a URL may be asked', () => {
  it.each([
    ['http://pki.example/ca.crl'],
    ['http://PKI.Example:8080/ca.crl'],
    ['ldap://pki.example/cn=ca?certificateRevocationList?base'],
    ['http://192.0.2.7/ca.crl'],
    ['http://[::1]/ca.crl'],
    ['http://[0:0:0:0:0:0:0:1]/ca.crl'],
  ])('%s', (url) => {
    expect(retrievalTarget(url, policy)).toBeInstanceOf(URL);
  });
});

describe('the length of a URL', () => {
  const urlOf = (length: number) => 'http://pki.example/'.padEnd(length, 'x');
  it('may be 2048 characters', () => {
    expect(retrievalTarget(urlOf(2048), policy)).toBeInstanceOf(URL);
    expect(retrievalTarget(urlOf(2049), policy)).toBeTypeOf('string');
  });

  it('of what is refused is bounded too', () => {
    expect(String(retrievalTarget(urlOf(100_000), policy)).length).toBeLessThan(2200);
  });
});

it('a file has no host, and may be asked where files may', () => {
  expect(retrievalTarget('file:///srv/ca.crl', { ...policy, schemes: ['file'] })).toBeInstanceOf(URL);
});

describe('a URL may not be asked when', () => {
  it.each([
    ['its host is not listed', 'http://evil.example/ca.crl'],
    ['its host only ends like a listed one', 'http://notpki.example/'],
    ['a listed host is only its user name', 'http://pki.example@evil.example/'],
    ['it holds credentials', 'http://user:secret@pki.example/'],
    ['it holds a user alone', 'http://user@pki.example/'],
    ['it holds a password alone', 'http://:secret@pki.example/'],
    ['its scheme is not listed', 'https://pki.example/'],
    ['it is a file and files are not listed', 'file:///etc/passwd'],
    ['it is of an unknown scheme', 'gopher://pki.example/'],
    ['its host is written with a trailing dot', 'http://pki.example./'],
    ['its host is a number that means another address', 'http://3221225992/'],
    ['its host is a listed address, but mapped into IPv6', 'http://[::ffff:192.0.2.7]/'],
    ['its host is a number in octal that means another address', 'http://0300.0.2.010/'],
    ['its address has a zone', 'http://[::1%25lo]/'],
    ['its host is a listed one behind a backslash', 'http://evil.example\\@pki.example/'],
    ['it is no URL', 'ca.crl'],
    ['it is too long', `http://pki.example/${'x'.repeat(2048)}`],
    ['it has no host', 'ldap:///cn=ca'],
  ])('%s', (_rule, url) => {
    expect(retrievalTarget(url, policy)).toBeTypeOf('string');
  });
});

const refusal = (address: string, allowPrivateAddresses: readonly string[] = [], host = 'pki.example') =>
  addressRefusal(
    host,
    { address, family: address.includes(':') ? 6 : 4 },
    { ...policy, allowedHosts: [host], allowPrivateAddresses },
  );

describe('of a listed host, the address', () => {
  it.each([['198.41.0.4'], ['2001:7fe::53'], ['2a00:1450::1']])('%s may be asked, being public', (address) => {
    expect(refusal(address)).toBeUndefined();
  });

  it.each([
    ['10.1.2.3'],
    ['172.16.0.1'],
    ['172.31.255.255'],
    ['192.168.1.1'],
    ['100.64.0.1'],
    ['100.127.255.255'],
    ['127.0.0.1'],
    ['127.255.255.254'],
    ['::1'],
    ['fd12:3456::1'],
    ['::ffff:10.0.0.1'],
    ['::ffff:127.0.0.1'],
  ])('%s may be asked only when the host, the address or its network is listed as private', (address) => {
    expect(refusal(address)).toContain('not public');
    expect(refusal(address, ['other.example', '203.0.113.0/24'])).toContain('not public');
    expect(refusal(address, ['pki.example'])).toBeUndefined();
    expect(refusal(address, [address])).toBeUndefined();
  });

  it.each([
    ['169.254.169.254'],
    ['168.63.129.16'],
    ['100.100.100.200'],
    ['fd00:ec2::254'],
    ['fd20:ce::254'],
    ['fe80::1'],
    ['febf::1'],
    ['fec0::1'],
    ['64:ff9b:1::1'],
    ['::10.0.0.1'],
    ['3fff::1'],
    ['::ffff:169.254.169.254'],
    ['64:ff9b::a9fe:a9fe'],
    ['2002:7f00:1::'],
    ['2001:0:1::1'],
    ['0.0.0.0'],
    ['::'],
    ['224.0.0.1'],
    ['240.0.0.1'],
    ['255.255.255.255'],
    ['0.1.2.3'],
    ['192.0.0.8'],
    ['192.0.2.1'],
    ['192.88.99.1'],
    ['198.18.0.1'],
    ['198.19.255.255'],
    ['198.51.100.1'],
    ['203.0.113.1'],
    ['2001:db8::1'],
    ['::ffff:8.8.8.8'],
    ['4000::1'],
    ['ff02::1'],
  ])('%s may be asked only when the address itself is listed', (address) => {
    expect(refusal(address)).toContain('not public');
    expect(refusal(address, ['pki.example'])).toContain('not public');
    expect(refusal(address, [address])).toBeUndefined();
  });

  it.each([
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '10.1.2.0/24', true],
    ['10.1.3.3', '10.1.2.0/24', false],
    ['fd12::1', 'fd00::/8', true],
    ['10.1.2.3', '10.0.0.0/99', false],
    ['10.1.2.3', '10.0.0.0/', false],
    ['10.1.2.3', '10.0.0.0/0x8', false],
    ['10.1.2.3', '10.0.0.0/8/8', false],
  ])('%s with the listed network %s: %s', (address, network, isAllowed) => {
    expect(refusal(address, [network]) === undefined).toBe(isAllowed);
  });

  it.each([['fe80::1%lo'], ['fe80::1%1']])('%s with a zone may be asked only when its network is listed', (address) => {
    expect(refusal(address, ['pki.example'])).toContain('not public');
    expect(refusal(address, ['fe80::/64'])).toBeUndefined();
  });

  it.each([
    ['::ffff:10.1.2.3', '10.0.0.0/8', true],
    ['::ffff:a01:203', '10.0.0.0/8', true],
    ['::ffff:11.1.2.3', '10.0.0.0/8', false],
  ])('%s is judged as the IPv4 address in it by the listed network %s: %s', (address, network, isAllowed) => {
    expect(refusal(address, [network]) === undefined).toBe(isAllowed);
  });

  it('may be asked when it was itself listed as the host', () => {
    expect(refusal('127.0.0.1', [], '127.0.0.1')).toBeUndefined();
    expect(refusal('127.0.0.2', [], '127.0.0.1')).toContain('not public');
  });
});
