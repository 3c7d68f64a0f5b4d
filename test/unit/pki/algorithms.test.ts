/** Signature algorithms out of their AlgorithmIdentifier (RFC 4055, RFC 5758, RFC 8410, RFC 9881), and the site's choice among them. */
import { describe, expect, it } from 'vitest';
import {
  defaultAlgorithmPolicy,
  familyOf,
  type SignatureAlgorithm,
  schemeRefusal,
  signatureScheme,
} from '../../../src/pki/certificate/algorithms.ts';
import { MalformedError } from '../../../src/pki/encoding/malformed-error.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { der, explicit, integer, objectIdentifier, octetString, sequence } from '../../support/der-builder.ts';

const nullValue = der(0x05);
const algorithm = (oid: string, ...parameters: readonly Buffer[]) => sequence(objectIdentifier(oid), ...parameters);
const hash = (oid: string) => explicit(0, algorithm(oid, nullValue));
const mask = (oid: string) => explicit(1, algorithm(oids.mgf1, algorithm(oid, nullValue)));
const salt = (length: number) => explicit(2, integer(length));
const pss = (...fields: readonly Buffer[]) => algorithm(oids.rsassaPss, sequence(...fields));
const [hash256, mask256] = [hash(oids.sha256), mask(oids.sha256)];

describe('a signature algorithm', () => {
  it.each<[string, string, SignatureAlgorithm]>([
    ['SHA-1 with RSA', oids.sha1WithRsa, { keyType: 'rsa', digest: 'sha1' }],
    ['SHA-256 with RSA', oids.sha256WithRsa, { keyType: 'rsa', digest: 'sha256' }],
    ['SHA-384 with RSA', oids.sha384WithRsa, { keyType: 'rsa', digest: 'sha384' }],
    ['SHA-512 with RSA', oids.sha512WithRsa, { keyType: 'rsa', digest: 'sha512' }],
    ['ECDSA with SHA-1', oids.ecdsaWithSha1, { keyType: 'ec', digest: 'sha1' }],
    ['ECDSA with SHA-256', oids.ecdsaWithSha256, { keyType: 'ec', digest: 'sha256' }],
    ['ECDSA with SHA-384', oids.ecdsaWithSha384, { keyType: 'ec', digest: 'sha384' }],
    ['ECDSA with SHA-512', oids.ecdsaWithSha512, { keyType: 'ec', digest: 'sha512' }],
    ['DSA with SHA-1', oids.dsaWithSha1, { keyType: 'dsa', digest: 'sha1' }],
  ])('%s may have NULL for parameters or none, and nothing else', (_name, oid, scheme) => {
    expect(signatureScheme(algorithm(oid))).toMatchObject(scheme);
    expect(signatureScheme(algorithm(oid, nullValue))).toMatchObject(scheme);
    for (const parameters of [sequence(), octetString(), der(0x05, Buffer.of(0))])
      expect(signatureScheme(algorithm(oid, parameters))).toMatch(/parameters it must not have/);
  });

  it.each<[string, SignatureAlgorithm]>([
    [oids.ed25519, { keyType: 'ed25519' }],
    [oids.ed448, { keyType: 'ed448' }],
    [oids.mlDsa44, { keyType: 'ml-dsa-44' }],
    [oids.mlDsa65, { keyType: 'ml-dsa-65' }],
    [oids.mlDsa87, { keyType: 'ml-dsa-87' }],
  ])('%s has no parameters at all', (oid, scheme) => {
    expect(signatureScheme(algorithm(oid))).toMatchObject(scheme);
    expect(signatureScheme(algorithm(oid))).not.toHaveProperty('digest');
    expect(signatureScheme(algorithm(oid, nullValue))).toMatch(/parameters it must not have/);
  });

  it.each<[string, Buffer, string]>([
    ['of another name', algorithm(oids.md5WithRsa), `signature algorithm ${oids.md5WithRsa} is not known`],
    ['RSASSA-PSS without parameters', algorithm(oids.rsassaPss), 'RSASSA-PSS signature has no parameters'],
  ])('%s is not known', (_fault, encoded, reason) => expect(signatureScheme(encoded)).toBe(reason));
});

describe('the parameters of RSASSA-PSS (RFC 4055 3.1)', () => {
  it.each<[string, Buffer, string, number]>([
    ['left out mean SHA-1 and a salt of 20', pss(), 'sha1', 20],
    ['may name SHA-1 for the hash alone', pss(hash(oids.sha1)), 'sha1', 20],
    ['may name SHA-1 for the mask alone', pss(mask(oids.sha1)), 'sha1', 20],
    ['without a salt mean one of 20', pss(hash256, mask256), 'sha256', 20],
    ['may name no salt', pss(hash256, mask256, salt(0)), 'sha256', 0],
    ['may name SHA-384', pss(hash(oids.sha384), mask(oids.sha384), salt(48)), 'sha384', 48],
    ['may name SHA-512', pss(hash(oids.sha512), mask(oids.sha512), salt(64)), 'sha512', 64],
    ['may name a salt of 512 octets', pss(hash256, mask256, salt(512)), 'sha256', 512],
    ['may write the trailer field out', pss(hash256, mask256, salt(32), explicit(3, integer(1))), 'sha256', 32],
    [
      'may name hash functions without NULL',
      pss(explicit(0, algorithm(oids.sha256)), explicit(1, algorithm(oids.mgf1, algorithm(oids.sha256))), salt(32)),
      'sha256',
      32,
    ],
  ])('%s', (_rule, encoded, digest, pssSaltLength) => {
    expect(signatureScheme(encoded)).toEqual({ keyType: 'rsa', digest, pssSaltLength });
  });

  const mixed = /mixes or does not name its hash functions/;
  it.each<[string, Buffer, RegExp]>([
    ['two hash functions', pss(hash256, mask(oids.sha384)), mixed],
    ['a hash function and the mask of SHA-1', pss(hash256), mixed],
    ['the hash SHA-1 and another mask', pss(mask256), mixed],
    ['hash functions that are not known', pss(hash('1.2.3'), mask('1.2.3')), mixed],
    [
      'another mask generation',
      pss(hash256, explicit(1, algorithm('1.2.3', algorithm(oids.sha256, nullValue)))),
      mixed,
    ],
    ['a mask generation without its hash', pss(hash256, explicit(1, algorithm(oids.mgf1))), mixed],
    ['a salt of 513 octets', pss(hash256, mask256, salt(513)), /salt longer than any key/],
    ['trailer field 0', pss(hash256, mask256, explicit(3, integer(0))), /unknown trailer field/],
    ['trailer field 2', pss(hash256, mask256, explicit(3, integer(2))), /unknown trailer field/],
  ])('with %s are not known', (_fault, encoded, reason) => expect(signatureScheme(encoded)).toMatch(reason));

  it.each<[string, Buffer]>([
    ['a fifth field', pss(hash256, mask256, salt(32), explicit(3, integer(1)), integer(1))],
    ['fields out of order', pss(mask256, hash256)],
    ['something behind the hash', pss(explicit(0, algorithm(oids.sha256), nullValue), mask256)],
    ['something behind the parameters of the hash', pss(explicit(0, algorithm(oids.sha256, nullValue, nullValue)))],
    ['something behind the salt', pss(hash256, mask256, explicit(2, integer(32), integer(1)))],
    ['a negative salt', pss(hash256, mask256, explicit(2, der(0x02, Buffer.of(0xff))))],
    ['a salt that is no INTEGER', pss(hash256, mask256, explicit(2, octetString(Buffer.of(32))))],
    ['a hash that is no SEQUENCE', pss(explicit(0, objectIdentifier(oids.sha256)))],
    ['parameters that are no SEQUENCE', algorithm(oids.rsassaPss, nullValue)],
  ])('with %s are malformed', (_fault, encoded) => {
    expect(() => signatureScheme(encoded)).toThrow(MalformedError);
  });

  it.each<[string, Buffer]>([
    ['trailerField', explicit(3, der(0x02, Buffer.of(0xff)))],
    ['trailerField', explicit(3, octetString())],
    ['saltLength', explicit(2, octetString())],
    ['hash algorithm', explicit(0, nullValue)],
    ['mask generation', explicit(1, nullValue)],
    ['algorithm', explicit(0, sequence(der(0x06)))],
  ])('that are malformed are told by the name of the field: %s', (field, value) => {
    const fields = field === 'saltLength' ? [hash256, mask256, value] : [value];
    expect(() => signatureScheme(pss(...fields))).toThrow(new RegExp(`^${field} `));
  });
});

describe('a site takes', () => {
  const listing = (...keyTypes: (typeof defaultAlgorithmPolicy.keyTypes)[number][]) => ({
    ...defaultAlgorithmPolicy,
    keyTypes,
  });
  it.each<[string, SignatureAlgorithm, Parameters<typeof schemeRefusal>[1], string | undefined]>([
    ['what it lists', { keyType: 'rsa', digest: 'sha256' }, listing('rsa'), undefined],
    ['no kind it does not list', { keyType: 'ec', digest: 'sha256' }, listing('rsa'), 'ec signatures are not accepted'],
    ['ECDSA where it lists a curve of Brainpool alone', { keyType: 'ec' }, listing('brainpoolP384r1'), undefined],
    [
      'no hash function it does not list',
      { keyType: 'rsa', digest: 'sha1' },
      listing('rsa'),
      'sha1 signatures are not accepted',
    ],
    ['schemes that fix their own', { keyType: 'ed25519' }, { ...listing('ed25519'), digests: [] }, undefined],
    ['by default no DSA', { keyType: 'dsa' }, defaultAlgorithmPolicy, 'dsa signatures are not accepted'],
  ])('%s', (_rule, scheme, policy, refusal) => expect(schemeRefusal(scheme, policy)).toBe(refusal));

  it.each(['rsa', 'ec', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)(
    'by default %s',
    (keyType) => {
      expect(schemeRefusal({ keyType }, defaultAlgorithmPolicy)).toBeUndefined();
    },
  );

  it('by default SHA-256 and its longer kin, and RSA from 2048 bits on', () => {
    expect(defaultAlgorithmPolicy).toMatchObject({ digests: ['sha256', 'sha384', 'sha512'], minimumRsaBits: 2048 });
  });

  it('every curve as a key of ECDSA', () => {
    const kinds = ['ec', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1', 'rsa', 'dsa'] as const;
    expect(kinds.map(familyOf)).toEqual(['ec', 'ec', 'ec', 'ec', 'rsa', 'dsa']);
  });
});
