/** A client credential whose key lies in a file instead of a card, and that counts how often it was asked to sign. */
import { constants, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readCertificateBlocks } from '../../src/pki/encoding/pem.ts';
import type { ClientCredential, SignatureScheme } from '../../src/smartcard/tls13/client-credential.ts';

/** OpenSSL's name of the hash; null where the key type has its own. */
export const hashes: Readonly<Record<SignatureScheme, 'sha256' | 'sha384' | 'sha512' | null>> = {
  ecdsa_secp256r1_sha256: 'sha256',
  ecdsa_secp384r1_sha384: 'sha384',
  ecdsa_secp521r1_sha512: 'sha512',
  rsa_pss_rsae_sha256: 'sha256',
  rsa_pss_rsae_sha384: 'sha384',
  rsa_pss_rsae_sha512: 'sha512',
  ed25519: null,
};

const ecdsaSchemes: Readonly<Record<string, SignatureScheme>> = {
  prime256v1: 'ecdsa_secp256r1_sha256',
  secp384r1: 'ecdsa_secp384r1_sha384',
  secp521r1: 'ecdsa_secp521r1_sha512',
};

export interface KeyFileCredential extends ClientCredential {
  readonly signatures: number;
}

function schemesOf(key: KeyObject): readonly SignatureScheme[] {
  if (key.asymmetricKeyType === 'rsa') return ['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'];
  if (key.asymmetricKeyType === 'ed25519') return ['ed25519'];
  return [ecdsaSchemes[key.asymmetricKeyDetails?.namedCurve ?? '']!];
}

export function signWithKey(key: KeyObject, scheme: SignatureScheme, content: Buffer): Buffer {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return sign(hashes[scheme], content, scheme.startsWith('rsa') ? { key, ...pss } : key);
}

/** @param chainPem the end entity first */
export function keyFileCredential(chainPem: string, privateKeyPem: string): KeyFileCredential {
  const key = createPrivateKey(privateKeyPem);
  let signatures = 0;
  return {
    certificateChain: readCertificateBlocks(Buffer.from(chainPem)),
    signatureSchemes: schemesOf(key),
    sign: async (scheme, content) => {
      signatures += 1;
      return signWithKey(key, scheme, content);
    },
    get signatures() {
      return signatures;
    },
  };
}
