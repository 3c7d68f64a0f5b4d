import { describe, expect, it } from 'vitest';
import { accessLocations } from '../../../src/pki/certificate/authority-information-access.ts';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { implicit, integer, objectIdentifier, sequence } from '../../support/der-builder.ts';
import { dnsName, extension, person, root, uriName } from '../../support/handmade-certificates.ts';

const issuer = root();
const ocsp = (url: string) => sequence(objectIdentifier(oids.ocspAccess), uriName(url));
const many = (count: number) => Array.from({ length: count }, () => ocsp('http://a/'));
const located = (...descriptions: readonly Buffer[]) =>
  accessLocations(
    parseCertificate(person(issuer, [extension(oids.authorityInformationAccess, sequence(...descriptions))]).der),
    oids.ocspAccess,
  );

describe('the locations of an access method (RFC 5280 4.2.2.1)', () => {
  it.each<[string, readonly Buffer[], readonly string[]]>([
    ['are its URLs in order', [ocsp('http://b/'), ocsp('http://a/')], ['http://b/', 'http://a/']],
    ['are not those of another method', [sequence(objectIdentifier(oids.caIssuers), uriName('http://a/'))], []],
    ['are URLs, not other names', [sequence(objectIdentifier(oids.ocspAccess), dnsName('a'))], []],
    ['are four at most', many(5), Array(4).fill('http://a/')],
    ['are none among more than 32 descriptions', many(33), []],
    ['are still read among 32', many(32), Array(4).fill('http://a/')],
    ['are told though another description is malformed', [sequence(integer(1)), ocsp('http://a/')], ['http://a/']],
    [
      'are none of a description with something behind it',
      [sequence(objectIdentifier(oids.ocspAccess), uriName('http://a/'), integer(1)), ocsp('http://b/')],
      ['http://b/'],
    ],
    [
      'are none with an octet that is not ASCII',
      [sequence(objectIdentifier(oids.ocspAccess), implicit(6, Buffer.of(0x68, 0xfc))), ocsp('http://b/')],
      ['http://b/'],
    ],
  ])('%s', (_rule, descriptions, urls) => expect(located(...descriptions)).toEqual(urls));

  it('are none without the extension, and a fault of ours is not hidden', () => {
    const certificate = parseCertificate(person(issuer).der);
    expect(accessLocations(certificate, oids.ocspAccess)).toEqual([]);
    const faulty = {
      get value(): Buffer {
        throw new RangeError('a fault');
      },
      oid: oids.authorityInformationAccess,
      critical: false,
    };
    const broken = { ...certificate, extensions: new Map([[oids.authorityInformationAccess, faulty]]) };
    expect(() => accessLocations(broken, oids.ocspAccess)).toThrow(RangeError);
  });
});
