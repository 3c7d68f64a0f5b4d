/** Keys of every kind that a certificate may hold, those that no card has among them. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { Keys } from './keys.ts';

const onCurve = (namedCurve: string) => () => generateKeyPairSync('ec', { namedCurve });

/** Of many primes, which are found in a moment. */
function multiPrimeRsa(): Keys {
  const options = ['rsa_keygen_bits:8192', 'rsa_keygen_primes:5'].flatMap((option) => ['-pkeyopt', option]);
  const pem = execFileSync('openssl', ['genpkey', '-algorithm', 'RSA', ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export const oddKeys: Readonly<Record<string, () => Keys>> = {
  brainpoolP256r1: onCurve('brainpoolP256r1'),
  brainpoolP384r1: onCurve('brainpoolP384r1'),
  brainpoolP512r1: onCurve('brainpoolP512r1'),
  secp256k1: onCurve('secp256k1'),
  secp224r1: onCurve('secp224r1'),
  'P-521': onCurve('secp521r1'),
  Ed25519: () => generateKeyPairSync('ed25519'),
  Ed448: () => generateKeyPairSync('ed448'),
  'RSA-8192': multiPrimeRsa,
  'RSA-PSS': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  'RSA-PSS with parameters': () =>
    generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      hashAlgorithm: 'sha384',
      mgf1HashAlgorithm: 'sha384',
    }),
  'RSA-512': () => generateKeyPairSync('rsa', { modulusLength: 512 }),
  DSA: () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }),
};
