/** Key pairs computed from a seed, so that a world of trial cards can be made again as it was. Never for anything but trials. */
import { checkPrimeSync, createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { type KeyType, keyTypeTable } from './key-type.ts';
import type { Randomness } from './randomness.ts';

const publicExponent = 65_537n;

export function seededPrivateKey(keyType: KeyType, randomness: Randomness, purpose: string): KeyObject {
  const entry = keyTypeTable[keyType];
  switch (entry.kind) {
    case 'rsa':
      return rsaKey(entry.modulusBits, randomness, purpose);
    case 'ec':
      return curveKey(keyType, entry, randomness, purpose);
    case 'ed25519':
      return edwardsKey(randomness.octets(purpose, 32));
  }
}

function curveKey(
  crv: string,
  { curveName, coordinateOctets }: { readonly curveName: string; readonly coordinateOctets: number },
  randomness: Randomness,
  purpose: string,
): KeyObject {
  const scalar = randomness.octets(purpose, coordinateOctets);
  // Clear of the order of each curve, at the price of a few bits that a trial does not miss.
  scalar[0] = coordinateOctets === 66 ? 0 : (scalar[0] ?? 0) & 0x7f;
  const ecdh = createECDH(curveName);
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const x = point.subarray(1, 1 + coordinateOctets).toString('base64url');
  const y = point.subarray(1 + coordinateOctets).toString('base64url');
  return createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv, x, y, d: scalar.toString('base64url') } });
}

/** RFC 8410 section 7: the octets of the key inside PrivateKeyInfo. */
function edwardsKey(octets: Buffer): KeyObject {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), octets]);
  return createPrivateKey({ format: 'der', type: 'pkcs8', key: der });
}

function rsaKey(modulusBits: number, randomness: Randomness, purpose: string): KeyObject {
  const p = prime(modulusBits / 2, randomness, `${purpose}/p`);
  const q = prime(modulusBits / 2, randomness, `${purpose}/q`);
  const [larger, smaller] = p > q ? [p, q] : [q, p];
  const d = inverse(publicExponent, (larger - 1n) * (smaller - 1n));
  return createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: base64url(larger * smaller),
      e: base64url(publicExponent),
      d: base64url(d),
      p: base64url(larger),
      q: base64url(smaller),
      dp: base64url(d % (larger - 1n)),
      dq: base64url(d % (smaller - 1n)),
      qi: base64url(inverse(smaller, larger)),
    },
  });
}

/** FIPS 186-5 A.1.3 in outline: the two highest bits are set, so that two primes make a modulus of full length. */
function prime(bits: number, randomness: Randomness, purpose: string): bigint {
  const start = BigInt(`0x${randomness.octets(purpose, bits / 8).toString('hex')}`);
  let candidate = start | (3n << BigInt(bits - 2)) | 1n;
  while (hasSmallFactor(candidate) || (candidate - 1n) % publicExponent === 0n || !checkPrimeSync(candidate)) {
    candidate += 2n;
  }
  return candidate;
}

const smallPrimes = [3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n, 59n, 61n, 67n, 71n, 73n];

function hasSmallFactor(candidate: bigint): boolean {
  return smallPrimes.some((factor) => candidate % factor === 0n);
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, value % modulus];
  let [previousFactor, factor] = [0n, 1n];
  while (current > 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [previousFactor, factor] = [factor, previousFactor - quotient * factor];
  }
  return ((previousFactor % modulus) + modulus) % modulus;
}

function base64url(value: bigint): string {
  const text = value.toString(16);
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex').toString('base64url');
}
