import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { type AlgorithmPolicy, defaultAlgorithmPolicy } from '../../../src/pki/certificate/algorithms.ts';
import { SignatureVerifier } from '../../../src/pki/certificate/signature.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { Budget, BudgetExceededError } from '../../../src/pki/path/budget.ts';
import {
  bitString,
  der,
  explicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
} from '../../support/der-builder.ts';
import { rsaKeys } from '../../support/keys.ts';

const data = Buffer.from('to be signed');
const clock = { now: () => new Date(0) };
const rsa2048 = rsaKeys(2048);
const rsa1024 = rsaKeys(1024);
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const p256 = ec('P-256');
const ed25519 = generateKeyPairSync('ed25519');
const spkiOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
const nullValue = der(0x05);
const algorithm = (oid: string, ...parameters: readonly Buffer[]) => sequence(objectIdentifier(oid), ...parameters);
const pss = (hash: string, maskHash: string, salt: number) =>
  algorithm(
    oids.rsassaPss,
    sequence(
      explicit(0, algorithm(hash, nullValue)),
      explicit(1, algorithm(oids.mgf1, algorithm(maskHash, nullValue))),
      explicit(2, integer(salt)),
    ),
  );
const signPss = (digest: string, saltLength: number) =>
  sign(digest, data, { key: rsa2048.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });

function outcome(
  algorithmDer: Buffer,
  signature: Buffer,
  spki: Buffer,
  policy: AlgorithmPolicy = defaultAlgorithmPolicy,
) {
  const signed = { data, algorithm: algorithmDer, signature };
  return new SignatureVerifier(policy).verify(signed, spki, new Budget(clock)).outcome;
}

describe('signatures that are valid', () => {
  it.each([
    ['RSA with SHA-256', algorithm(oids.sha256WithRsa, nullValue), sign('sha256', data, rsa2048.privateKey), rsa2048],
    ['RSA without parameters', algorithm(oids.sha512WithRsa), sign('sha512', data, rsa2048.privateKey), rsa2048],
    ['RSASSA-PSS', pss(oids.sha256, oids.sha256, 32), signPss('sha256', 32), rsa2048],
    ['RSASSA-PSS with another salt', pss(oids.sha384, oids.sha384, 20), signPss('sha384', 20), rsa2048],
    [
      'RSASSA-PSS with its only trailer field written out',
      algorithm(
        oids.rsassaPss,
        sequence(
          explicit(0, algorithm(oids.sha256, nullValue)),
          explicit(1, algorithm(oids.mgf1, algorithm(oids.sha256, nullValue))),
          explicit(2, integer(32)),
          explicit(3, integer(1)),
        ),
      ),
      signPss('sha256', 32),
      rsa2048,
    ],
    [
      'ECDSA with NULL parameters',
      algorithm(oids.ecdsaWithSha384, nullValue),
      sign('sha384', data, p256.privateKey),
      p256,
    ],
    ['ECDSA P-256', algorithm(oids.ecdsaWithSha256), sign('sha256', data, p256.privateKey), p256],
    ...(['P-384', 'P-521'] as const).map((curve) => {
      const keys = ec(curve);
      return [`ECDSA ${curve}`, algorithm(oids.ecdsaWithSha512), sign('sha512', data, keys.privateKey), keys] as const;
    }),
    ...(['ed25519', 'ed448'] as const).map((type) => {
      const keys = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
      return [type, algorithm(oids[type]), sign(null, data, keys.privateKey), keys] as const;
    }),
  ] as const)('%s', (_rule, algorithmDer, signature, keys) => {
    const spki = spkiOf(keys.publicKey);
    expect(outcome(algorithmDer, signature, spki)).toBe('valid');
    const broken = Buffer.from(signature);
    broken[broken.length - 1]! ^= 1;
    expect(outcome(algorithmDer, broken, spki)).toBe('invalid');
    expect(outcome(algorithmDer, Buffer.alloc(0), spki)).toBe('invalid');
  });
});

describe('signatures that are not acceptable', () => {
  const rsaSpki = spkiOf(rsa2048.publicKey);
  const sha1 = sign('sha1', data, rsa2048.privateKey);
  const good = sign('sha256', data, rsa2048.privateKey);
  const explicitCurve = sequence(
    sequence(objectIdentifier(oids.ecPublicKey), sequence(integer(1))),
    bitString(Buffer.alloc(65, 4)),
  );
  it.each([
    ['SHA-1', algorithm(oids.sha1WithRsa, nullValue), sha1, rsaSpki],
    ['MD5', algorithm(oids.md5WithRsa, nullValue), sha1, rsaSpki],
    ['an unknown algorithm', algorithm('1.2.3.4'), good, rsaSpki],
    ['an algorithm for another kind of key', algorithm(oids.ecdsaWithSha256), good, rsaSpki],
    [
      'NULL where a younger scheme has no parameters',
      algorithm(oids.ed25519, nullValue),
      good,
      spkiOf(ed25519.publicKey),
    ],
    ['parameters where none belong', algorithm(oids.ecdsaWithSha256, sequence()), good, spkiOf(p256.publicKey)],
    [
      'RSASSA-PSS with a trailer field that is not known',
      algorithm(oids.rsassaPss, sequence(explicit(0, algorithm(oids.sha256)), explicit(3, integer(2)))),
      good,
      rsaSpki,
    ],
    ['parameters of another type', algorithm(oids.sha256WithRsa, octetString()), good, rsaSpki],
    ['RSASSA-PSS without parameters, which means SHA-1', algorithm(oids.rsassaPss), good, rsaSpki],
    ['RSASSA-PSS with the default hash, SHA-1', algorithm(oids.rsassaPss, sequence()), good, rsaSpki],
    ['RSASSA-PSS with two hash functions', pss(oids.sha256, oids.sha512, 32), signPss('sha256', 32), rsaSpki],
    ['RSASSA-PSS with an absurd salt', pss(oids.sha256, oids.sha256, 100_000), signPss('sha256', 32), rsaSpki],
    ['RSA of 1024 bits', algorithm(oids.sha256WithRsa, nullValue), good, spkiOf(rsa1024.publicKey)],
    ['a curve that is not accepted', algorithm(oids.ecdsaWithSha256), good, spkiOf(ec('secp256k1').publicKey)],
    ['a curve spelled out', algorithm(oids.ecdsaWithSha256), good, explicitCurve],
    ['a key that is garbage', algorithm(oids.sha256WithRsa, nullValue), good, Buffer.from('garbage')],
    ['an enormous key', algorithm(oids.sha256WithRsa, nullValue), good, Buffer.alloc(4097)],
    ['an algorithm that is garbage', Buffer.from('garbage'), good, rsaSpki],
  ])('%s', (_rule, algorithmDer, signature, spki) => {
    expect(outcome(algorithmDer, signature, spki)).toBe('unacceptable');
  });

  it('unless the site’s policy takes them', () => {
    const lax: AlgorithmPolicy = { digests: ['sha1', 'sha256'], keyTypes: ['rsa'], minimumRsaBits: 1024 };
    expect(outcome(algorithm(oids.sha1WithRsa, nullValue), sha1, rsaSpki, lax)).toBe('valid');
    const small = sign('sha256', data, rsa1024.privateKey);
    expect(outcome(algorithm(oids.sha256WithRsa, nullValue), small, spkiOf(rsa1024.publicKey), lax)).toBe('valid');
  });
});

describe('keys on the curves of Brainpool', () => {
  it.each([
    ['brainpoolP256r1', 'sha256', oids.ecdsaWithSha256],
    ['brainpoolP384r1', 'sha384', oids.ecdsaWithSha384],
    ['brainpoolP512r1', 'sha512', oids.ecdsaWithSha512],
  ] as const)('%s counts where the site lists it, and nowhere else', (curve, digest, scheme) => {
    const keys = ec(curve);
    const spki = spkiOf(keys.publicKey);
    const listed: AlgorithmPolicy = { ...defaultAlgorithmPolicy, keyTypes: [curve] };
    const signature = sign(digest, data, keys.privateKey);
    expect(outcome(algorithm(scheme), signature, spki)).toBe('unacceptable');
    expect(outcome(algorithm(scheme), signature, spki, listed)).toBe('valid');
    expect(outcome(algorithm(scheme), sign(digest, data, ec(curve).privateKey), spki, listed)).toBe('invalid');
    const ofNist = sign('sha256', data, p256.privateKey);
    expect(outcome(algorithm(oids.ecdsaWithSha256), ofNist, spkiOf(p256.publicKey), listed)).toBe('unacceptable');
  });
});

describe('a verification', () => {
  const publicExponent = 2 ** 32 - 1;
  const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 });
  const broad: AlgorithmPolicy = {
    digests: ['sha1', 'sha256', 'sha384', 'sha512'],
    keyTypes: [...defaultAlgorithmPolicy.keyTypes, 'dsa', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'],
    minimumRsaBits: 1024,
  };
  const rsa = (bits: number, exponent = 65_537) =>
    sequence(
      sequence(objectIdentifier(oids.rsaEncryption), nullValue),
      bitString(sequence(integer((1n << BigInt(bits)) - 1n), integer(exponent))),
    );
  const ecdsa = algorithm(oids.ecdsaWithSha256);
  const withRsa = algorithm(oids.sha256WithRsa, nullValue);
  const costs: readonly (readonly [string, Buffer, Buffer, number])[] = [
    ['P-256', ecdsa, spkiOf(p256.publicKey), 50],
    ['P-384', ecdsa, spkiOf(ec('P-384').publicKey), 450],
    ['P-521', ecdsa, spkiOf(ec('P-521').publicKey), 1000],
    ['brainpoolP256r1', ecdsa, spkiOf(ec('brainpoolP256r1').publicKey), 400],
    ['brainpoolP384r1', ecdsa, spkiOf(ec('brainpoolP384r1').publicKey), 800],
    ['brainpoolP512r1', ecdsa, spkiOf(ec('brainpoolP512r1').publicKey), 1400],
    ['Ed25519', algorithm(oids.ed25519), spkiOf(ed25519.publicKey), 70],
    ['Ed448', algorithm(oids.ed448), spkiOf(generateKeyPairSync('ed448').publicKey), 160],
    ['DSA', algorithm(oids.dsaWithSha1), spkiOf(dsa.publicKey), 500],
    ['RSA of 1024 bits', withRsa, rsa(1024), 23],
    ['RSA of 2048 bits', withRsa, rsa(2048), 32],
    ['RSA of 8192 bits', withRsa, rsa(8192), 212],
    ['RSA with an exponent of 32 bits', withRsa, rsa(2048, publicExponent), 56],
  ];

  it.each(costs)('with %s costs as much as it takes, and each octet a thousandth more', (_key, scheme, spki, cost) => {
    const budget = new Budget(clock);
    const spend = vi.spyOn(budget, 'spend');
    const signed = { data: Buffer.alloc(3000), algorithm: scheme, signature: Buffer.alloc(64) };
    const verifier = new SignatureVerifier(broad);
    expect(verifier.verify({ ...signed, isOfPeer: true }, spki, budget).outcome).toBe('invalid');
    expect(spend).toHaveBeenLastCalledWith('signatures', cost + 3);
    verifier.verify(signed, spki, budget);
    expect(spend).toHaveBeenLastCalledWith('signatures', 0);
  });

  const aside = (scheme: Buffer, signature: Buffer, spki: Buffer, policy = defaultAlgorithmPolicy, octets = data) =>
    new SignatureVerifier(policy).verifyAside({ data: octets, algorithm: scheme, signature }, spki, new Budget(clock));
  const large = Buffer.alloc(3 * 1024 * 1024, 'a list');
  it.each([
    ['RSA', withRsa, rsa2048, sign('sha256', large, rsa2048.privateKey)],
    ['ECDSA', ecdsa, p256, sign('sha256', large, p256.privateKey)],
    [
      'RSASSA-PSS',
      pss(oids.sha256, oids.sha256, 32),
      rsa2048,
      sign('sha256', large, { key: rsa2048.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
    ],
    ['Ed25519', algorithm(oids.ed25519), ed25519, sign(null, large, ed25519.privateKey)],
  ] as const)('of much data lets others go on, and comes to the same, by %s', async (_key, scheme, keys, signature) => {
    const spki = spkiOf(keys.publicKey);
    const other = Buffer.from(large);
    other[other.length - 1]! ^= 1;
    const broken = Buffer.from(signature);
    broken[broken.length - 1]! ^= 1;
    expect(await aside(scheme, signature, spki, undefined, large)).toEqual({ outcome: 'valid' });
    expect(await aside(scheme, signature, spki, undefined, other)).toEqual({ outcome: 'invalid' });
    expect(await aside(scheme, broken, spki, undefined, large)).toEqual({ outcome: 'invalid' });
    expect(await aside(scheme, Buffer.alloc(0), spki, undefined, large)).toEqual({ outcome: 'invalid' });
  });

  it.each<[string, Buffer, Buffer, RegExp]>([
    ['an enormous key', withRsa, Buffer.alloc(4097), /larger than 4096 octets/],
    ['a key of 4096 octets without meaning', withRsa, Buffer.alloc(4096), /cannot be read/],
    ['an algorithm that is not known', algorithm('1.2.3'), spkiOf(p256.publicKey), /1\.2\.3 is not known/],
    ['an algorithm of another key', withRsa, spkiOf(p256.publicKey), /rsa signature for a key of type ec/],
    [
      'an algorithm with much behind it',
      algorithm('1.2.3', octetString(Buffer.alloc(200))),
      spkiOf(p256.publicKey),
      /1\.2\.3/,
    ],
    ['an algorithm that is garbage', Buffer.from('garbage'), spkiOf(p256.publicKey), /holds tag/],
    ['a hash that the site does not take', algorithm(oids.ecdsaWithSha1), spkiOf(p256.publicKey), /sha1 signatures/],
    [
      'a point that is on no curve',
      ecdsa,
      sequence(
        sequence(objectIdentifier(oids.ecPublicKey), objectIdentifier('1.2.840.10045.3.1.7')),
        bitString(Buffer.alloc(65, 4)),
      ),
      /ec public key cannot be read/,
    ],
  ])('with %s is not acceptable, at once or aside', async (_fault, scheme, spki, reason) => {
    const refused = { outcome: 'unacceptable', reason: expect.stringMatching(reason) };
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    const signed = { data, algorithm: scheme, signature: Buffer.alloc(64) };
    // The second answer comes out of memory.
    for (const _time of [1, 2]) {
      expect(verifier.verify(signed, spki, new Budget(clock))).toEqual(refused);
      expect(await verifier.verifyAside(signed, spki, new Budget(clock))).toEqual(refused);
    }
  });

  it.each([
    ['another hash function', oids.sha256, 32],
    ['a longer salt', oids.sha512, 20],
  ])('of a key that is restricted to %s fails, at once or aside (RFC 4055 3.3)', async (_rule, hash, saltLength) => {
    const restricted: object = { hashAlgorithm: 'sha512', mgf1HashAlgorithm: 'sha512', saltLength: 64 };
    const keys = generateKeyPairSync('rsa-pss', { modulusLength: 2048, ...restricted });
    const signed = { data, algorithm: pss(hash, hash, saltLength), signature: Buffer.alloc(256) };
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    expect(verifier.verify(signed, spkiOf(keys.publicKey), new Budget(clock))).toEqual({ outcome: 'invalid' });
    expect(await verifier.verifyAside(signed, spkiOf(keys.publicKey), new Budget(clock))).toEqual({
      outcome: 'invalid',
    });
  });

  it('takes RSASSA-PSS alone of a key for it', () => {
    const keys = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
    const spki = spkiOf(keys.publicKey);
    expect(
      outcome(pss(oids.sha256, oids.sha256, 32), sign('sha256', data, { key: keys.privateKey, saltLength: 32 }), spki),
    ).toBe('valid');
    const signed = { data, algorithm: withRsa, signature: Buffer.alloc(256) };
    expect(new SignatureVerifier(defaultAlgorithmPolicy).verify(signed, spki, new Budget(clock))).toEqual({
      outcome: 'unacceptable',
      reason: 'the key signs RSASSA-PSS only',
    });
  });
});

describe('a key or an algorithm by itself', () => {
  it.each<[string, Buffer, RegExp | undefined]>([
    ['that is accepted', spkiOf(p256.publicKey), undefined],
    ['that is too short', spkiOf(rsa1024.publicKey), /1024 bits is shorter/],
    ['that is enormous', Buffer.alloc(4097), /larger than 4096/],
  ])('key %s is told the same each time, of a CA and of an end entity', (_key, spki, reason) => {
    const expected = reason ? expect.stringMatching(reason) : undefined;
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    for (const _time of [1, 2]) {
      expect(verifier.keyRefusal(spki)).toEqual(expected);
      expect(verifier.endEntityKeyRefusal(spki)).toEqual(expected);
    }
  });

  it.each<[string, Buffer, RegExp | undefined]>([
    ['that is accepted', algorithm(oids.ecdsaWithSha256), undefined],
    ['that the site does not take', algorithm(oids.sha1WithRsa), /sha1/],
    ['that is not known', algorithm('1.2.3'), /not known/],
    ['that is garbage', Buffer.from('garbage'), /holds tag/],
  ])('algorithm %s is told the same each time', (_algorithm, encoded, reason) => {
    const expected = reason ? expect.stringMatching(reason) : undefined;
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    for (const _time of [1, 2]) expect(verifier.algorithmRefusal(encoded)).toEqual(expected);
  });
});

describe('the memory of good signatures', () => {
  const signature = sign('sha256', data, p256.privateKey);
  const signed = { data, algorithm: algorithm(oids.ecdsaWithSha256), signature, identity: 'certificate' };
  const verifyTimes = (times: number, what: typeof signed) => {
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    const budget = new Budget(clock);
    for (let count = 0; count < times; count++) verifier.verify(what, spkiOf(p256.publicKey), budget);
  };

  it('spares the work of CA certificates', () => expect(() => verifyTimes(1000, signed)).not.toThrow());

  it('is by the key: another key is tried, and a signature without a name each time', () => {
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    const budget = new Budget(clock);
    const spend = vi.spyOn(budget, 'spend');
    const another = spkiOf(ec('P-256').publicKey);
    const own = spkiOf(p256.publicKey);
    const outcomes = [own, own, another, own].map((spki) => verifier.verify(signed, spki, budget).outcome);
    expect(outcomes).toEqual(['valid', 'valid', 'invalid', 'valid']);
    expect(spend).toHaveBeenCalledTimes(2);
    const { identity: _identity, ...unnamed } = signed;
    for (const _time of [1, 2]) expect(verifier.verify(unnamed, own, budget).outcome).toBe('valid');
    expect(spend).toHaveBeenCalledTimes(4);
  });

  it('holds nothing that failed, so failures count', () => {
    expect(() => verifyTimes(101, { ...signed, signature: Buffer.alloc(8) })).toThrow(BudgetExceededError);
  });
});
