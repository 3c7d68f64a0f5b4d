/** Key pairs for certificates, CRLs and OCSP answers of tests and scripts, and how they sign. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { oids } from '../../src/pki/encoding/oids.ts';
import { der, objectIdentifier, sequence } from './der-builder.ts';

export interface Keys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** How they sign; absent: ECDSA with SHA-256. */
  readonly scheme?: Scheme;
}

export interface Scheme {
  /** DER of AlgorithmIdentifier. */
  readonly algorithm: Buffer;
  /** Null where the scheme has its own hash function. */
  readonly digest: string | null;
}

const schemeOfOid = (oid: string, digest: string | null): Scheme => ({
  algorithm: sequence(objectIdentifier(oid)),
  digest,
});
const rsaScheme = (oid: string, digest: string): Scheme => ({
  algorithm: sequence(objectIdentifier(oid), der(0x05)),
  digest,
});
export const ecdsaWithSha256 = schemeOfOid(oids.ecdsaWithSha256, 'sha256');

/** A new pair on P-256, which takes no time to make. */
export const newKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** @param scheme ECDSA with SHA-256 when absent */
export const ecKeys = (namedCurve: string, scheme = ecdsaWithSha256): Keys => ({
  ...generateKeyPairSync('ec', { namedCurve }),
  scheme,
});
export const p384Keys = (): Keys => ecKeys('P-384', schemeOfOid(oids.ecdsaWithSha384, 'sha384'));
export const ed25519Keys = (): Keys => ({
  ...generateKeyPairSync('ed25519'),
  scheme: schemeOfOid(oids.ed25519, null),
});
export const ed448Keys = (): Keys => ({ ...generateKeyPairSync('ed448'), scheme: schemeOfOid(oids.ed448, null) });

/** A new RSA pair, which takes a good part of a second: for those that must differ. */
export const newRsaKeys = (modulusLength: number, digest: 'sha1' | 'sha256' = 'sha256'): Keys => ({
  ...generateKeyPairSync('rsa', { modulusLength }),
  scheme: digest === 'sha1' ? rsaScheme(oids.sha1WithRsa, digest) : rsaScheme(oids.sha256WithRsa, digest),
});

const rsaPairs = new Map<number, Keys>();

/** The RSA pair of this length, the same for all of a process. */
export function rsaKeys(modulusLength: number): Keys {
  const keys = rsaPairs.get(modulusLength) ?? newRsaKeys(modulusLength);
  rsaPairs.set(modulusLength, keys);
  return keys;
}
