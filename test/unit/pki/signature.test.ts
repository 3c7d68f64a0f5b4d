import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
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

describe('the memory of good signatures', () => {
  const signature = sign('sha256', data, p256.privateKey);
  const signed = { data, algorithm: algorithm(oids.ecdsaWithSha256), signature, identity: 'certificate' };
  const verifyTimes = (times: number, what: typeof signed) => {
    const verifier = new SignatureVerifier(defaultAlgorithmPolicy);
    const budget = new Budget(clock);
    for (let count = 0; count < times; count++) verifier.verify(what, spkiOf(p256.publicKey), budget);
  };

  it('spares the work of CA certificates', () => expect(() => verifyTimes(1000, signed)).not.toThrow());

  it('holds nothing that failed, so failures count', () => {
    expect(() => verifyTimes(101, { ...signed, signature: Buffer.alloc(8) })).toThrow(BudgetExceededError);
  });
});
