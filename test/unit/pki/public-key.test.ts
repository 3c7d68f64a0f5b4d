/** Which public keys count (SubjectPublicKeyInfo, RFC 5280 4.1.2.7), judged by their octets alone: kinds, curves and bounds. */
import { describe, expect, it } from 'vitest';
import { defaultAlgorithmPolicy, type KeyKind } from '../../../src/pki/certificate/algorithms.ts';
import { acceptedKeyType } from '../../../src/pki/certificate/public-key.ts';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { bitString, der, integer, objectIdentifier, sequence } from '../../support/der-builder.ts';

const everyKind: readonly KeyKind[] = [
  ...defaultAlgorithmPolicy.keyTypes,
  'dsa',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
];
const policy = { ...defaultAlgorithmPolicy, keyTypes: everyKind };
const nullValue = der(0x05);
const some = bitString(Buffer.alloc(32, 7));
const spki = (algorithm: readonly Buffer[], key = some, ...behind: readonly Buffer[]) =>
  sequence(sequence(...algorithm), key, ...behind);
const onCurve = (curve: string) => spki([objectIdentifier(oids.ecPublicKey), objectIdentifier(curve)]);
const rsaAlgorithm = [objectIdentifier(oids.rsaEncryption), nullValue];
const rsaFields = (...fields: readonly Buffer[]) => spki(rsaAlgorithm, bitString(sequence(...fields)));
/** An RSA key whose numbers have so many bits. */
const rsa = (modulusBits: number, exponentBits = 17) =>
  rsaFields(integer((1n << BigInt(modulusBits)) - 1n), integer((1n << BigInt(exponentBits)) - 1n));
const refusal = (reason: RegExp) => ({ reason: expect.stringMatching(reason) });

describe('a public key', () => {
  it.each<[string, Buffer, KeyKind]>([
    ['RSA', rsa(2048), 'rsa'],
    [
      'RSA for RSASSA-PSS',
      spki([objectIdentifier(oids.rsassaPss)], bitString(sequence(integer((1n << 2048n) - 1n), integer(65537)))),
      'rsa',
    ],
    ['P-256', onCurve('1.2.840.10045.3.1.7'), 'ec'],
    ['P-384', onCurve('1.3.132.0.34'), 'ec'],
    ['P-521', onCurve('1.3.132.0.35'), 'ec'],
    ['brainpoolP256r1', onCurve('1.3.36.3.3.2.8.1.1.7'), 'brainpoolP256r1'],
    ['brainpoolP384r1', onCurve('1.3.36.3.3.2.8.1.1.11'), 'brainpoolP384r1'],
    ['brainpoolP512r1', onCurve('1.3.36.3.3.2.8.1.1.13'), 'brainpoolP512r1'],
    ['Ed25519', spki([objectIdentifier(oids.ed25519)]), 'ed25519'],
    ['Ed448', spki([objectIdentifier(oids.ed448)]), 'ed448'],
    ['DSA', spki([objectIdentifier(oids.dsa), sequence()]), 'dsa'],
    ['ML-DSA-44', spki([objectIdentifier(oids.mlDsa44)]), 'ml-dsa-44'],
    ['ML-DSA-65', spki([objectIdentifier(oids.mlDsa65)]), 'ml-dsa-65'],
    ['ML-DSA-87', spki([objectIdentifier(oids.mlDsa87)]), 'ml-dsa-87'],
  ])('of the kind %s is known, and counts only where the site takes the kind', (_kind, key, kind) => {
    expect(acceptedKeyType(key, policy)).toBe(kind);
    const without = { ...policy, keyTypes: everyKind.filter((each) => each !== kind) };
    expect(acceptedKeyType(key, without)).toEqual({ reason: `${kind} keys are not accepted` });
  });

  it.each<[string, Buffer, RegExp]>([
    ['of an unknown algorithm', spki([objectIdentifier('1.2.3.4')]), /algorithm 1\.2\.3\.4 is not known/],
    ['on secp256k1', onCurve('1.3.132.0.10'), /curve 1\.3\.132\.0\.10 is not accepted/],
    ['on a curve that is left out', spki([objectIdentifier(oids.ecPublicKey)]), /curve is not named/],
    ['on a curve spelled out', spki([objectIdentifier(oids.ecPublicKey), sequence(integer(1))]), /curve is not named/],
    ['with something behind its parameters', spki([...rsaAlgorithm, nullValue]), /cannot be read/],
    ['with something behind it', spki([objectIdentifier(oids.ed25519)], some, nullValue), /cannot be read/],
    ['that is not whole octets', spki([objectIdentifier(oids.ed25519)], bitString(Buffer.of(2), 1)), /cannot be read/],
    ['of RSA with a third number', rsaFields(integer(1n << 2047n), integer(3), integer(1)), /cannot be read/],
    ['of RSA without an exponent', rsaFields(integer(1n << 2047n)), /cannot be read/],
    ['of RSA with a negative modulus', rsaFields(der(0x02, Buffer.alloc(257, 0x80)), integer(3)), /is negative/],
    ['of RSA with a padded modulus', rsaFields(der(0x02, Buffer.alloc(257)), integer(3)), /not minimal/],
    ['that is garbage', Buffer.from('garbage'), /cannot be read/],
  ])('%s is refused with its reason', (_fault, key, reason) => {
    expect(acceptedKeyType(key, policy)).toEqual(refusal(reason));
  });

  it.each<[number, number, RegExp | undefined]>([
    [1024, 17, /1024 bits is shorter than 2048/],
    [2041, 17, /2041 bits is shorter/],
    [2047, 17, /2047 bits is shorter/],
    [2048, 17, undefined],
    [2049, 17, undefined],
    [2055, 17, undefined],
    [2056, 17, undefined],
    [8192, 17, undefined],
    [8193, 17, /8193 bits is longer than 8192/],
    [2048, 1, undefined],
    [2048, 8, undefined],
    [2048, 32, undefined],
    [2048, 33, /exponent of more than 32 bits/],
    [2048, 2048, /exponent/],
  ])('of RSA with %i bits and an exponent of %i is judged by both', (modulus, exponent, reason) => {
    expect(acceptedKeyType(rsa(modulus, exponent), policy)).toEqual(reason ? refusal(reason) : 'rsa');
  });

  it('may have 4096 octets and not one more', () => {
    const ofLength = (length: number) => {
      const rest = length - spki([objectIdentifier(oids.ed25519)], bitString(Buffer.alloc(3000))).length;
      return spki([objectIdentifier(oids.ed25519)], bitString(Buffer.alloc(3000 + rest)));
    };
    expect(ofLength(4096)).toHaveLength(4096);
    expect(acceptedKeyType(ofLength(4096), policy)).toBe('ed25519');
    expect(acceptedKeyType(ofLength(4097), policy)).toEqual(refusal(/larger than 4096 octets/));
  });
});
