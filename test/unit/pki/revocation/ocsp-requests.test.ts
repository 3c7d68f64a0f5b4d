/** Which responders are asked, and by what requests (RFC 5019 5, RFC 6960 4.1 and A.1). */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import type { Subject } from '../../../../src/pki/crl/crl-subject.ts';
import { DerReader, type DerValue, readSingle, tags } from '../../../../src/pki/encoding/der.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { certIdOf, encodeOcspRequest, ocspGetUrl, sameCertId } from '../../../../src/pki/ocsp/ocsp-request.ts';
import { keyOf, OcspRequests, responderOf } from '../../../../src/pki/ocsp/ocsp-requests.ts';
import { ocsp } from '../../../../src/pki/ocsp/ocsp-settings.ts';
import { objectIdentifier, octetString, sequence } from '../../../support/der-builder.ts';
import { extension, intermediate, person, root, uriName } from '../../../support/handmade-certificates.ts';
import type { OcspChanges } from '../../../support/validation-settings.ts';

const anchor = parseCertificate(root().der);
const middle = intermediate(root());
const issuer = parseCertificate(middle.der);

function subjectNaming(...urls: readonly string[]): Subject {
  const descriptions = urls.map((url) => sequence(objectIdentifier(oids.ocspAccess), uriName(url)));
  const extensions = urls.length > 0 ? [extension(oids.authorityInformationAccess, sequence(...descriptions))] : [];
  const certificate = parseCertificate(person(middle, extensions, { serial: 0xe1 }).der);
  return { certificate, issuer, above: [issuer, anchor], trustAnchor: anchor };
}

/** The values inside one. */
const childrenOf = (value: DerValue | undefined) => new DerReader(value?.content ?? Buffer.alloc(0), 'value').rest(9);

const subject = subjectNaming('http://ocsp.example');
type Schemes = ConstructorParameters<typeof OcspRequests>[2];

function about(asked: Subject, options: OcspChanges = {}, schemes: Schemes = ['http'], mayBeNone = false) {
  const problems: string[] = [];
  const requests = new OcspRequests({ ...ocsp.parse({}), ...options }, mayBeNone, schemes).about(asked, problems);
  return { requests, problems };
}

describe('the responders that are asked', () => {
  it.each<[string, readonly string[], readonly string[], Schemes, readonly string[]]>([
    [
      'are those the certificate names',
      ['http://a/', 'http://b/'],
      ['http://c/'],
      ['http'],
      ['http://a/', 'http://b/'],
    ],
    ['are those of the site when it names none', [], ['http://c/', 'http://d/'], ['http'], ['http://c/', 'http://d/']],
    [
      'are four of those of the site',
      [],
      ['1', '2', '3', '4', '5'].map((x) => `http://${x}/`),
      ['http'],
      ['1', '2', '3', '4'].map((x) => `http://${x}/`),
    ],
    ['are those of a scheme that may be asked', ['ftp://a/', 'https://a/', 'HTTP://b/'], [], ['http'], ['HTTP://b/']],
    [
      'are those of any scheme that may be asked',
      ['http://a/', 'https://b/'],
      [],
      ['https', 'http'],
      ['http://a/', 'https://b/'],
    ],
    ['are none by LDAP, though CRLs may come by it', ['ldap://a/', 'http://b/'], [], ['ldap', 'http'], ['http://b/']],
    ['are none that only begins like a scheme', ['httpx://a/', 'http:b'], [], ['http'], []],
    [
      'are none of the site when those that the certificate names may not be asked',
      ['ldap://a/'],
      ['http://c/'],
      ['http'],
      [],
    ],
  ])('%s', (_rule, named, configured, schemes, expected) => {
    const { requests } = about(subjectNaming(...named), { responders: configured, httpMethod: 'post' }, schemes);
    expect(requests.map(({ url }) => url)).toEqual(expected);
  });

  it('are none: a problem, unless answers may come from elsewhere', () => {
    expect(about(subjectNaming()).problems).toEqual([expect.stringContaining('no OCSP responder')]);
    expect(about(subjectNaming(), {}, ['http'], true).problems).toEqual([]);
    expect(about(subject).problems).toEqual([]);
  });

  it('are none when the key of the issuer cannot be read, and the problem says so', () => {
    const broken = { ...issuer, subjectPublicKeyInfo: Buffer.of(0x30, 0) };
    const { requests, problems } = about({ ...subject, issuer: broken });
    expect(requests).toEqual([]);
    expect(problems).toEqual([expect.stringContaining('public key')]);
  });
});

describe('a request', () => {
  const body = encodeOcspRequest(certIdOf(subject.certificate, issuer, 'sha1'));
  it.each<[string, OcspChanges, boolean]>([
    ['goes by GET when it is short', {}, false],
    ['goes by POST when the site wants that', { httpMethod: 'post' }, true],
    ['goes by POST when a nonce will be sent', { nonce: 'send' }, true],
    ['goes by POST when a nonce is demanded', { nonce: 'require' }, true],
  ])('%s', (_rule, options, isPost) => {
    const [request] = about(subject, options).requests;
    expect(request).toEqual(
      isPost
        ? { kind: 'ocsp', url: 'http://ocsp.example', body }
        : { kind: 'ocsp', url: `http://ocsp.example/${encodeURIComponent(body.toString('base64'))}` },
    );
    expect(request && responderOf(request)).toBe(isPost ? 'http://ocsp.example' : 'http://ocsp.example/');
  });

  it('has a key of its own for each responder and each body', () => {
    const requests = [
      ...about(subjectNaming('http://a/', 'http://b/'), { httpMethod: 'post' }).requests,
      ...about(subjectNaming('http://a/'), { httpMethod: 'post', certIdHash: 'sha256' }).requests,
      ...about(subjectNaming('http://a/')).requests,
    ];
    expect(new Set(requests.map(keyOf)).size).toBe(4);
  });

  it.each([
    [255, true],
    [256, false],
  ])('with a URL of %i characters goes by GET: %s (RFC 5019 5)', (length, isGet) => {
    const base = 'http://ocsp.example/';
    const responder = `${base}${'x'.repeat(length - base.length - 5)}/`;
    const url = ocspGetUrl(responder, Buffer.of(0, 0, 0));
    expect(url).toBe(isGet ? `${responder}AAAA` : undefined);
    expect(responder.length + 4).toBe(length);
  });

  it.each(['sha1', 'sha512'] as const)('with a nonce of any size is DER, named by %s (X.690 10.1)', (hash) => {
    const certId = certIdOf(subject.certificate, issuer, hash);
    const sizes = Array.from({ length: 128 }, (_, index) => index + 1);
    for (const octets of sizes) {
      const encoded = encodeOcspRequest(certId, Buffer.alloc(octets, 7));
      // The reader takes lengths of the shortest form alone.
      const [, extensions] = childrenOf(childrenOf(readSingle(encoded, tags.sequence, 'request'))[0]);
      const [, nonce] = childrenOf(childrenOf(childrenOf(extensions)[0])[0]);
      expect(nonce?.content).toEqual(octetString(Buffer.alloc(octets, 7)));
    }
  });
});

describe('a CertID (RFC 6960 4.1.1)', () => {
  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('by %s has hashes of name and key, and the OID', (hash) => {
    const certId = certIdOf(subject.certificate, issuer, hash);
    const digest = (bytes: Buffer) => createHash(hash).update(bytes).digest();
    expect(certId).toEqual({
      hash,
      issuerNameHash: digest(middle.subject),
      issuerKeyHash: digest(middle.keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)),
      serialOctets: Buffer.of(0, 0xe1),
    });
    expect(encodeOcspRequest(certId).includes(objectIdentifier(oids[hash]))).toBe(true);
  });

  const certId = certIdOf(subject.certificate, issuer, 'sha1');
  it.each([
    ['the hash function', { hash: 'sha256' as const }],
    ['the name', { issuerNameHash: Buffer.alloc(20) }],
    ['the key', { issuerKeyHash: Buffer.alloc(20) }],
    ['the serial number', { serialOctets: Buffer.of(0xe1) }],
  ])('is another when %s differs', (_what, change) => {
    expect(sameCertId(certId, { ...certId })).toBe(true);
    expect(sameCertId(certId, { ...certId, ...change })).toBe(false);
  });
});
