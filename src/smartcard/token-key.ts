/** Key pairs made inside a token: the private key is sensitive and never extractable, signatures are made by the token. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import * as asn1js from 'asn1js';
import type { Handle, Template } from 'pkcs11js';
import { createCMSECDSASignature } from 'pkijs';
import { hashOf, type SignatureAlgorithm, type Signer } from './signer.ts';
import type { KeyType } from './software-key.ts';
import { readAttribute, type TokenSession } from './token.ts';

interface KeyTypeEntry {
  readonly algorithm: SignatureAlgorithm;
  /** Octets of the longest signature: the token wants the room in advance. */
  readonly signatureOctets: number;
  /** RFC 5480 2.1.1.1; absent for RSA. */
  readonly curve?: { readonly oid: string; readonly coordinateOctets: number };
}

const keyTypeTable: Readonly<Record<KeyType, KeyTypeEntry>> = {
  'RSA-2048': { algorithm: 'sha256WithRSAEncryption', signatureOctets: 256 },
  'P-256': {
    algorithm: 'ecdsa-with-SHA256',
    signatureOctets: 64,
    curve: { oid: '1.2.840.10045.3.1.7', coordinateOctets: 32 },
  },
  'P-384': {
    algorithm: 'ecdsa-with-SHA384',
    signatureOctets: 96,
    curve: { oid: '1.3.132.0.34', coordinateOctets: 48 },
  },
};

export interface TokenKey {
  readonly publicKey: KeyObject;
  readonly privateKeyHandle: Handle;
  /** Signs in the session the key was made in. */
  readonly signer: Signer;
}

function publicKeyOf(session: TokenSession, handle: Handle, keyType: KeyType): KeyObject {
  const { library } = session;
  const { curve } = keyTypeTable[keyType];
  if (curve === undefined) {
    const n = readAttribute(session, handle, library.CKA_MODULUS).toString('base64url');
    const e = readAttribute(session, handle, library.CKA_PUBLIC_EXPONENT).toString('base64url');
    return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  }
  // PKCS #11 section 6.3.3: CKA_EC_POINT is the DER of an OCTET STRING that holds the point.
  const wrapped = asn1js.fromBER(readAttribute(session, handle, library.CKA_EC_POINT)).result;
  if (!(wrapped instanceof asn1js.OctetString)) {
    throw new Error('the token returned an elliptic curve point that is not an OCTET STRING');
  }
  const point = Buffer.from(wrapped.valueBlock.valueHexView);
  const length = curve.coordinateOctets;
  if (point.length !== 1 + 2 * length || point[0] !== 4) {
    throw new Error('the token returned an elliptic curve point that is not in uncompressed form');
  }
  const x = point.subarray(1, 1 + length).toString('base64url');
  const y = point.subarray(1 + length).toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: keyType, x, y } });
}

function tokenSigner({ library, pkcs11, handle }: TokenSession, privateKey: Handle, keyType: KeyType): Signer {
  const { algorithm, signatureOctets, curve } = keyTypeTable[keyType];
  if (curve === undefined) {
    return {
      algorithm,
      sign: (data) => {
        pkcs11.C_SignInit(handle, { mechanism: library.CKM_SHA256_RSA_PKCS }, privateKey);
        return pkcs11.C_Sign(handle, data, Buffer.alloc(signatureOctets));
      },
    };
  }
  return {
    algorithm,
    sign: (data) => {
      const digest = createHash(hashOf(algorithm)).update(data).digest();
      pkcs11.C_SignInit(handle, { mechanism: library.CKM_ECDSA }, privateKey);
      // The token returns r and s side by side; X.509 wants the DER of Ecdsa-Sig-Value (RFC 3279 2.2.3).
      const raw = new Uint8Array(pkcs11.C_Sign(handle, digest, Buffer.alloc(signatureOctets)));
      return Buffer.from(createCMSECDSASignature(raw.buffer));
    },
  };
}

/** Generates a key pair in the token of a session that is logged in. `id` and `label` tie it to its certificate. */
export function generateTokenKey(
  session: TokenSession,
  { keyType, id, label }: { readonly keyType: KeyType; readonly id: Buffer; readonly label: string },
): TokenKey {
  const { library, pkcs11, handle } = session;
  const { curve } = keyTypeTable[keyType];
  const common = (objectClass: number): Template => [
    { type: library.CKA_CLASS, value: objectClass },
    { type: library.CKA_TOKEN, value: true },
    { type: library.CKA_ID, value: id },
    { type: library.CKA_LABEL, value: label },
  ];
  const parameters: Template =
    curve === undefined
      ? [
          { type: library.CKA_MODULUS_BITS, value: 2048 },
          { type: library.CKA_PUBLIC_EXPONENT, value: Buffer.of(1, 0, 1) },
        ]
      : [
          {
            type: library.CKA_EC_PARAMS,
            value: Buffer.from(new asn1js.ObjectIdentifier({ value: curve.oid }).toBER()),
          },
        ];
  const keys = pkcs11.C_GenerateKeyPair(
    handle,
    { mechanism: curve === undefined ? library.CKM_RSA_PKCS_KEY_PAIR_GEN : library.CKM_EC_KEY_PAIR_GEN },
    [...common(library.CKO_PUBLIC_KEY), { type: library.CKA_VERIFY, value: true }, ...parameters],
    [
      ...common(library.CKO_PRIVATE_KEY),
      { type: library.CKA_PRIVATE, value: true },
      { type: library.CKA_SENSITIVE, value: true },
      { type: library.CKA_EXTRACTABLE, value: false },
      { type: library.CKA_SIGN, value: true },
      { type: library.CKA_DECRYPT, value: false },
      { type: library.CKA_UNWRAP, value: false },
    ],
  );
  return {
    publicKey: publicKeyOf(session, keys.publicKey, keyType),
    privateKeyHandle: keys.privateKey,
    signer: tokenSigner(session, keys.privateKey, keyType),
  };
}
