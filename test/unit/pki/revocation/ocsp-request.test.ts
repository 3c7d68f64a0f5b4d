import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessLocations } from '../../../../src/pki/certificate/authority-information-access.ts';
import { parseCertificate } from '../../../../src/pki/certificate/certificate.ts';
import { oids } from '../../../../src/pki/encoding/oids.ts';
import { certIdOf, encodeOcspRequest, ocspGetUrl } from '../../../../src/pki/ocsp/ocsp-request.ts';
import { integer, objectIdentifier, sequence } from '../../../support/der-builder.ts';
import { dnsName, extension, intermediate, person, root, uriName } from '../../../support/handmade-certificates.ts';

const anchor = root();
const middle = intermediate(anchor);
const issuer = parseCertificate(middle.der);
const holder = parseCertificate(person(middle, [], { serial: 0xe1 }).der);

describe('a request', () => {
  it.each(['sha1', 'sha256'] as const)('with %s and a nonce is what OpenSSL reads back', (hash) => {
    const folder = mkdtempSync(join(tmpdir(), 'cardgate-ocsp-'));
    try {
      const file = join(folder, 'request.der');
      writeFileSync(file, encodeOcspRequest(certIdOf(holder, issuer, hash), Buffer.alloc(32, 0xab)));
      const text = execFileSync('openssl', ['ocsp', '-reqin', file, '-req_text'], { encoding: 'utf8' });
      expect(text).toContain(`Hash Algorithm: ${hash}`);
      expect(text).toContain('Serial Number: E1');
      expect(text).toContain('OCSP Nonce');
      expect(text).toContain('AB'.repeat(32));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is the very octets OpenSSL writes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'cardgate-ocsp-'));
    try {
      const [issuerFile, file, request] = ['issuer.pem', 'holder.pem', 'request.der'].map((name) => join(folder, name));
      const pem = (der: Buffer) =>
        `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
      writeFileSync(issuerFile!, pem(issuer.der));
      writeFileSync(file!, pem(holder.der));
      const args = ['ocsp', '-issuer', issuerFile!, '-cert', file!, '-no_nonce', '-reqout', request!];
      execFileSync('openssl', args);
      expect(encodeOcspRequest(certIdOf(holder, issuer, 'sha1'))).toEqual(readFileSync(request!));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a request by GET', () => {
  const request = Buffer.from('fbff', 'hex');
  it('is base 64, percent-encoded, in one segment (RFC 6960 A.1)', () => {
    expect(ocspGetUrl('http://ocsp.example', request)).toBe('http://ocsp.example/%2B%2F8%3D');
    expect(ocspGetUrl('http://ocsp.example/ca/', request)).toBe('http://ocsp.example/ca/%2B%2F8%3D');
  });

  it('is none when it is longer than 255 octets, or the responder has a query', () => {
    expect(ocspGetUrl('http://ocsp.example', Buffer.alloc(190))).toBeUndefined();
    expect(ocspGetUrl('http://ocsp.example/?ca=1', request)).toBeUndefined();
  });
});

describe('authority information access', () => {
  const description = (method: string, location: Buffer) => sequence(objectIdentifier(method), location);
  const located = (value: Buffer) =>
    accessLocations(
      parseCertificate(person(middle, [extension(oids.authorityInformationAccess, value)]).der),
      oids.ocspAccess,
    );

  it('names the URLs of the method asked for, four at most', () => {
    const urls = ['http://a', 'http://b', 'http://c', 'http://d', 'http://e'];
    const others = [
      description('1.3.6.1.5.5.7.48.2', uriName('http://ca')),
      description(oids.ocspAccess, dnsName('x')),
    ];
    const value = sequence(...others, ...urls.map((url) => description(oids.ocspAccess, uriName(url))));
    expect(located(value)).toEqual(urls.slice(0, 4));
  });

  it('names nothing when it is absent or cannot be read', () => {
    expect(accessLocations(holder, oids.ocspAccess)).toEqual([]);
    expect(located(integer(1))).toEqual([]);
    expect(located(sequence(sequence(integer(1))))).toEqual([]);
  });
});
