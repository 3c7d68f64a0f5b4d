import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/pki/certificate/certificate.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { keyHashOf, publicKeyOctets } from '../../../src/pki/ocsp/key-hash.ts';
import { root } from '../../support/handmade-certificates.ts';

describe('the hash of a key (RFC 6960 4.2.1)', () => {
  const issued = root();
  const certificate = parseCertificate(issued.der);
  const octets = issued.keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65);

  it('is SHA-1 of the key without tag, length and unused bits', () => {
    expect(publicKeyOctets(certificate)).toEqual(octets);
    expect(keyHashOf(certificate)).toEqual(createHash('sha1').update(octets).digest());
  });

  it('is computed once for a certificate', () => {
    expect(keyHashOf(certificate)).toBe(keyHashOf(certificate));
  });

  it('is none of a key that cannot be read, each time', () => {
    const broken = { ...certificate, derived: {}, subjectPublicKeyInfo: Buffer.of(0x30, 0) };
    expect([keyHashOf(broken), keyHashOf(broken)]).toEqual([undefined, undefined]);
    expect(() => publicKeyOctets(broken)).toThrow(MalformedError);
  });

  it('does not hide a fault of ours', () => {
    const faulty = Object.defineProperty({ ...certificate, derived: {} }, 'subjectPublicKeyInfo', {
      get() {
        throw new RangeError('a fault');
      },
    });
    expect(() => keyHashOf(faulty)).toThrow(RangeError);
  });
});
