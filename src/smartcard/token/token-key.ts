/**
 * Key pairs inside a token: made there, or put there when a seed must give the same key again. The private key is sensitive
 * and never extractable; signatures are made by the token.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import type { Handle, Template } from 'pkcs11js';
import { createCMSECDSASignature } from 'pkijs';
import { type KeyType, type KeyTypeEntry, keyTypeTable } from '../authority/key-type.ts';
import { hashOf, type Signer } from '../authority/signer.ts';
import { edwards } from './pkcs11-module.ts';
import { findObjects, readAttribute, type TokenSession } from './token.ts';

/** What a key on the card may be used for, beside its certificate's key usage. */
export type KeyPurpose = 'sign' | 'decrypt' | 'derive';

export interface TokenKeyRequest {
  readonly keyType: KeyType;
  /** CKA_ID, which ties the key to its certificate. */
  readonly id: Buffer;
  /** CKA_LABEL. */
  readonly label: string;
  readonly purposes: readonly KeyPurpose[];
}

export interface TokenKey {
  readonly publicKey: KeyObject;
  /** Signs in the session the key was made in. */
  readonly signer: Signer;
}

/** PKCS #11 6.6.2: the curve of Edwards keys is named by its OID or, by the standard's own example and SoftHSM, by a PrintableString. */
const edwards25519 = Buffer.from(new asn1js.PrintableString({ value: 'edwards25519' }).toBER());

function ecParameters(entry: KeyTypeEntry): Buffer {
  return entry.kind === 'ec'
    ? Buffer.from(new asn1js.ObjectIdentifier({ value: entry.curveOid }).toBER())
    : edwards25519;
}

/** PKCS #11 section 6.3.3: CKA_EC_POINT is the DER of an OCTET STRING that holds the point. */
function pointOf(session: TokenSession, handle: Handle): Buffer {
  const wrapped = asn1js.fromBER(readAttribute(session, handle, session.library.CKA_EC_POINT)).result;
  if (!(wrapped instanceof asn1js.OctetString)) {
    throw new Error('the token returned an elliptic curve point that is not an OCTET STRING');
  }
  return Buffer.from(wrapped.valueBlock.valueHexView);
}

function publicKeyOf(session: TokenSession, handle: Handle, keyType: KeyType): KeyObject {
  const { library } = session;
  const entry = keyTypeTable[keyType];
  if (entry.kind === 'rsa') {
    const n = readAttribute(session, handle, library.CKA_MODULUS).toString('base64url');
    const e = readAttribute(session, handle, library.CKA_PUBLIC_EXPONENT).toString('base64url');
    return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  }
  const point = pointOf(session, handle);
  if (entry.kind === 'ed25519') {
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') } });
  }
  const length = entry.coordinateOctets;
  if (point.length !== 1 + 2 * length || point[0] !== 4) {
    throw new Error('the token returned an elliptic curve point that is not in uncompressed form');
  }
  const x = point.subarray(1, 1 + length).toString('base64url');
  const y = point.subarray(1 + length).toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: keyType, x, y } });
}

function tokenSigner({ library, pkcs11, handle }: TokenSession, privateKey: Handle, keyType: KeyType): Signer {
  const entry = keyTypeTable[keyType];
  const { algorithm } = entry;
  const signed = (mechanism: number, data: Buffer, octets: number): Buffer => {
    pkcs11.C_SignInit(handle, { mechanism }, privateKey);
    // The token wants the room for its answer in advance.
    return pkcs11.C_Sign(handle, data, Buffer.alloc(octets));
  };
  switch (entry.kind) {
    case 'rsa':
      return { algorithm, sign: (data) => signed(library.CKM_SHA256_RSA_PKCS, data, entry.modulusBits / 8) };
    case 'ed25519':
      return { algorithm, sign: (data) => signed(edwards.CKM_EDDSA, data, 64) };
    case 'ec':
      return {
        algorithm,
        sign: (data) => {
          const digest = createHash(hashOf(algorithm) ?? 'sha256')
            .update(data)
            .digest();
          // The token returns r and s side by side; X.509 wants the DER of Ecdsa-Sig-Value (RFC 3279 2.2.3).
          const raw = new Uint8Array(signed(library.CKM_ECDSA, digest, 2 * entry.coordinateOctets));
          return Buffer.from(createCMSECDSASignature(raw.buffer));
        },
      };
  }
}

function commonAttributes({ library }: TokenSession, { id, label }: TokenKeyRequest, objectClass: number): Template {
  return [
    { type: library.CKA_CLASS, value: objectClass },
    { type: library.CKA_TOKEN, value: true },
    { type: library.CKA_ID, value: id },
    { type: library.CKA_LABEL, value: label },
  ];
}

function privateAttributes(session: TokenSession, request: TokenKeyRequest): Template {
  const { library } = session;
  const may = (purpose: KeyPurpose) => request.purposes.includes(purpose);
  return [
    ...commonAttributes(session, request, library.CKO_PRIVATE_KEY),
    { type: library.CKA_PRIVATE, value: true },
    { type: library.CKA_SENSITIVE, value: true },
    { type: library.CKA_EXTRACTABLE, value: false },
    // Every key signs its own certification request, whatever it is for later.
    { type: library.CKA_SIGN, value: true },
    { type: library.CKA_DECRYPT, value: may('decrypt') },
    { type: library.CKA_DERIVE, value: may('derive') },
    { type: library.CKA_UNWRAP, value: false },
  ];
}

function generationMechanism({ library }: TokenSession, { kind }: KeyTypeEntry): number {
  return {
    rsa: library.CKM_RSA_PKCS_KEY_PAIR_GEN,
    ec: library.CKM_EC_KEY_PAIR_GEN,
    ed25519: edwards.CKM_EC_EDWARDS_KEY_PAIR_GEN,
  }[kind];
}

/** Generates a key pair in the token of a session that is logged in. */
export function generateTokenKey(session: TokenSession, request: TokenKeyRequest): TokenKey {
  const { library, pkcs11, handle } = session;
  const entry = keyTypeTable[request.keyType];
  const parameters: Template =
    entry.kind === 'rsa'
      ? [
          { type: library.CKA_MODULUS_BITS, value: entry.modulusBits },
          { type: library.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
        ]
      : [{ type: library.CKA_EC_PARAMS, value: ecParameters(entry) }];
  const keys = pkcs11.C_GenerateKeyPair(
    handle,
    { mechanism: generationMechanism(session, entry) },
    [
      ...commonAttributes(session, request, library.CKO_PUBLIC_KEY),
      { type: library.CKA_VERIFY, value: true },
      ...parameters,
    ],
    privateAttributes(session, request),
  );
  return {
    publicKey: publicKeyOf(session, keys.publicKey, request.keyType),
    signer: tokenSigner(session, keys.privateKey, request.keyType),
  };
}

/** PKCS #11 sections 6.1.3, 6.3.4 and 6.3.5: what makes up a private key of each kind, from the names it has in a JWK. */
function keyMaterial({ library }: TokenSession, key: KeyObject, entry: KeyTypeEntry): Template {
  const jwk = key.export({ format: 'jwk' });
  const octets = (value: string | undefined) => Buffer.from(value ?? '', 'base64url');
  if (entry.kind === 'rsa') {
    return [
      { type: library.CKA_KEY_TYPE, value: library.CKK_RSA },
      { type: library.CKA_MODULUS, value: octets(jwk.n) },
      { type: library.CKA_PUBLIC_EXPONENT, value: octets(jwk.e) },
      { type: library.CKA_PRIVATE_EXPONENT, value: octets(jwk.d) },
      { type: library.CKA_PRIME_1, value: octets(jwk.p) },
      { type: library.CKA_PRIME_2, value: octets(jwk.q) },
      { type: library.CKA_EXPONENT_1, value: octets(jwk.dp) },
      { type: library.CKA_EXPONENT_2, value: octets(jwk.dq) },
      { type: library.CKA_COEFFICIENT, value: octets(jwk.qi) },
    ];
  }
  return [
    { type: library.CKA_KEY_TYPE, value: entry.kind === 'ec' ? library.CKK_EC : edwards.CKK_EC_EDWARDS },
    { type: library.CKA_EC_PARAMS, value: ecParameters(entry) },
    { type: library.CKA_VALUE, value: octets(jwk.d) },
  ];
}

/** Puts a key that was computed from a seed into the token; from then on it cannot leave it either. */
export function importTokenKey(session: TokenSession, request: TokenKeyRequest, key: KeyObject): TokenKey {
  const entry = keyTypeTable[request.keyType];
  const handle = session.pkcs11.C_CreateObject(session.handle, [
    ...privateAttributes(session, request),
    ...keyMaterial(session, key, entry),
  ]);
  return { publicKey: createPublicKey(key), signer: tokenSigner(session, handle, request.keyType) };
}

/** The private key with this CKA_ID, to sign once more with, for example the request of a renewal. Throws when it is not there. */
export function existingTokenKey(
  session: TokenSession,
  { id, keyType, publicKey }: { readonly id: Buffer; readonly keyType: KeyType; readonly publicKey: KeyObject },
): TokenKey {
  const { library } = session;
  const [handle] = findObjects(session, [
    { type: library.CKA_CLASS, value: library.CKO_PRIVATE_KEY },
    { type: library.CKA_ID, value: id },
  ]);
  if (handle === undefined) throw new Error(`the token has no private key with the identifier ${id.toString('hex')}`);
  return { publicKey, signer: tokenSigner(session, handle, keyType) };
}
