/**
 * Public keys: which kinds exist here, and which ones a site accepts, judged by their DER alone, so that looking at the key
 * of an end entity costs next to nothing. Curve parameters spelled out instead of named are refused.
 */

import { type DerReader, readSequence, tags } from '../encoding/der.ts';
import { checkInteger, decodeObjectIdentifier, decodeOctetsInBitString } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type AlgorithmPolicy, algorithmIdentifierOf, type KeyKind } from './algorithms.ts';

const keyTypes: ReadonlyMap<string, KeyKind> = new Map<string, KeyKind>([
  [oids.rsaEncryption, 'rsa'],
  [oids.rsassaPss, 'rsa'],
  [oids.ecPublicKey, 'ec'],
  [oids.ed25519, 'ed25519'],
  [oids.ed448, 'ed448'],
  [oids.dsa, 'dsa'],
  [oids.mlDsa44, 'ml-dsa-44'],
  [oids.mlDsa65, 'ml-dsa-65'],
  [oids.mlDsa87, 'ml-dsa-87'],
]);

/** SEC 2, FIPS 186-5: P-256, P-384 and P-521; RFC 5639: those of Brainpool. Others are not accepted. */
const curves: ReadonlyMap<string, KeyKind> = new Map<string, KeyKind>([
  ['1.2.840.10045.3.1.7', 'ec'],
  ['1.3.132.0.34', 'ec'],
  ['1.3.132.0.35', 'ec'],
  ['1.3.36.3.3.2.8.1.1.7', 'brainpoolP256r1'],
  ['1.3.36.3.3.2.8.1.1.11', 'brainpoolP384r1'],
  ['1.3.36.3.3.2.8.1.1.13', 'brainpoolP512r1'],
]);

/** An RSA key of 8192 bits has about 1100 and one of ML-DSA-87 2614; what is larger only fills the memory of keys. */
export const maximumKeyOctets = 4096;
/** Larger moduli and exponents only serve to burn the verifier's time. Windows takes no exponent of more than 32 bits either. */
const maximumRsaBits = 8192;
const maximumExponentBits = 32;

/**
 * @param spki DER of SubjectPublicKeyInfo
 * @returns the kind of the key when the policy accepts it, otherwise why not
 */
export function acceptedKeyType(spki: Buffer, policy: AlgorithmPolicy): KeyKind | { readonly reason: string } {
  if (spki.length > maximumKeyOctets) return { reason: `public key is larger than ${maximumKeyOctets} octets` };
  try {
    const outer = readSequence(spki, 'public key');
    const type = keyTypeOf(outer.enter(tags.sequence, 'algorithm'));
    if (typeof type !== 'string') return type;
    if (!policy.keyTypes.includes(type)) return { reason: `${type} keys are not accepted` };
    const key = decodeOctetsInBitString(outer.expect(tags.bitString).content, 'public key');
    outer.end();
    const reason = type === 'rsa' ? rsaRefusal(key, policy.minimumRsaBits) : undefined;
    return reason === undefined ? type : { reason };
  } catch (error) {
    if (error instanceof MalformedError) return { reason: `public key cannot be read: ${error.message}` };
    throw error;
  }
}

/** @throws MalformedError */
function keyTypeOf(algorithm: DerReader): KeyKind | { readonly reason: string } {
  const { oid, parameters } = algorithmIdentifierOf(algorithm);
  const keyType = keyTypes.get(oid);
  if (!keyType) return { reason: `public key algorithm ${oid} is not known` };
  if (keyType !== 'ec') return keyType;
  if (parameters?.tag !== tags.objectIdentifier) return { reason: 'elliptic curve is not named' };
  const curve = decodeObjectIdentifier(parameters.content, 'curve');
  return curves.get(curve) ?? { reason: `elliptic curve ${curve} is not accepted` };
}

/** @param key DER of RSAPublicKey (RFC 8017 A.1.1). @throws MalformedError */
function rsaRefusal(key: Buffer, minimumBits: number): string | undefined {
  const reader = readSequence(key, 'RSA public key');
  const modulusBits = bitLength(reader.expect(tags.integer).content, 'modulus');
  const exponentBits = bitLength(reader.expect(tags.integer).content, 'public exponent');
  reader.end();
  if (modulusBits < minimumBits) return `RSA key of ${modulusBits} bits is shorter than ${minimumBits}`;
  if (modulusBits > maximumRsaBits) return `RSA key of ${modulusBits} bits is longer than ${maximumRsaBits}`;
  if (exponentBits > maximumExponentBits) return `RSA key has an exponent of more than ${maximumExponentBits} bits`;
  return undefined;
}

function bitLength(content: Buffer, what: string): number {
  checkInteger(content, what);
  const [first = 0, second = 0] = content;
  if (first >= 0x80) throw new MalformedError(`${what} is negative`);
  return first === 0 && content.length > 1
    ? 8 * (content.length - 2) + 32 - Math.clz32(second)
    : 8 * (content.length - 1) + 32 - Math.clz32(first);
}
