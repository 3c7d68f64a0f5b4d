/** The kinds of keys that cards and authorities of the harness can have, as a table of what each needs to be made and used. */
import type { SigningAlgorithm } from './signer.ts';

interface RsaKeyType {
  readonly kind: 'rsa';
  readonly modulusBits: number;
  readonly algorithm: SigningAlgorithm;
}

interface EllipticCurveKeyType {
  readonly kind: 'ec';
  /** RFC 5480 2.1.1.1. */
  readonly curveOid: string;
  /** The name that OpenSSL and node:crypto know the curve by. */
  readonly curveName: string;
  readonly coordinateOctets: number;
  readonly algorithm: SigningAlgorithm;
}

interface EdwardsCurveKeyType {
  readonly kind: 'ed25519';
  readonly algorithm: SigningAlgorithm;
}

export type KeyTypeEntry = RsaKeyType | EllipticCurveKeyType | EdwardsCurveKeyType;

const rsa = (modulusBits: number): RsaKeyType => ({ kind: 'rsa', modulusBits, algorithm: 'sha256WithRSAEncryption' });

export const keyTypeTable = {
  'RSA-2048': rsa(2048),
  'RSA-3072': rsa(3072),
  'RSA-4096': rsa(4096),
  'P-256': {
    kind: 'ec',
    curveOid: '1.2.840.10045.3.1.7',
    curveName: 'prime256v1',
    coordinateOctets: 32,
    algorithm: 'ecdsa-with-SHA256',
  },
  'P-384': {
    kind: 'ec',
    curveOid: '1.3.132.0.34',
    curveName: 'secp384r1',
    coordinateOctets: 48,
    algorithm: 'ecdsa-with-SHA384',
  },
  'P-521': {
    kind: 'ec',
    curveOid: '1.3.132.0.35',
    curveName: 'secp521r1',
    coordinateOctets: 66,
    algorithm: 'ecdsa-with-SHA512',
  },
  Ed25519: { kind: 'ed25519', algorithm: 'Ed25519' },
  /** Too short for any verifier to accept: for cards that must be refused. */
  'RSA-1024': rsa(1024),
} as const satisfies Readonly<Record<string, KeyTypeEntry>>;

export type KeyType = keyof typeof keyTypeTable;

/** The key types an administrator may choose for a card; the weak key is left to profiles of broken cards. */
export const keyTypes = [
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'P-256',
  'P-384',
  'P-521',
  'Ed25519',
] as const satisfies readonly KeyType[];
