/** Keys of the harness's certification authorities and servers, held in files. Cards never use these: their keys live in tokens. */
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as asn1js from 'asn1js';
import { PublicKeyInfo } from 'pkijs';
import { type KeyType, keyTypeTable } from './key-type.ts';
import { type Randomness, systemRandomness } from './randomness.ts';
import { seededPrivateKey } from './seeded-key.ts';

const generate = promisify(generateKeyPair);

/** @param purpose what the key is for; with the seed it determines the key where the randomness is repeatable */
export async function generateSoftwareKey(
  keyType: KeyType,
  randomness: Randomness = systemRandomness,
  purpose = 'key',
): Promise<KeyObject> {
  if (randomness.repeatable) return seededPrivateKey(keyType, randomness, purpose);
  const entry = keyTypeTable[keyType];
  switch (entry.kind) {
    case 'rsa':
      return (await generate('rsa', { modulusLength: entry.modulusBits })).privateKey;
    case 'ec':
      return (await generate('ec', { namedCurve: entry.curveName })).privateKey;
    case 'ed25519':
      return (await generate('ed25519')).privateKey;
  }
}

export function subjectPublicKeyInfo(key: KeyObject | Buffer): Buffer {
  if (Buffer.isBuffer(key)) {
    return key;
  }
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' });
}

/** RFC 5280 4.2.1.2 (1): SHA-1 of the BIT STRING subjectPublicKey without tag, length and unused bits. */
export function keyIdentifier(spki: Buffer): Buffer {
  const info = new PublicKeyInfo({ schema: asn1js.fromBER(spki).result });
  return createHash('sha1').update(info.subjectPublicKey.valueBlock.valueHexView).digest();
}
