/**
 * How a card signs TLS 1.3: the signature schemes of RFC 8446 4.2.3 that its key and the mechanisms of its module allow,
 * and what the module is handed for each.
 */
import { createHash, type KeyObject } from 'node:crypto';
import type { Mechanism } from 'pkcs11js';
import { createCMSECDSASignature } from 'pkijs';
import type { SignatureScheme } from '../tls13/client-credential.ts';
import type { Pkcs11Library } from '../token/pkcs11-module.ts';
import { CardFault } from './card-fault.ts';
import { encodeEmsaPss, hashOctets, type PssHash } from './emsa-pss.ts';

export interface SigningMechanism {
  readonly scheme: SignatureScheme;
  readonly mechanism: Mechanism;
  /** Octets of the longest signature, which the module wants to know in advance. */
  readonly signatureOctets: number;
  /** What C_Sign is given for the content that is to be signed. */
  inputOf(content: Buffer): Buffer;
  /** The signature as TLS carries it. */
  outputOf(signature: Buffer): Buffer;
}

/** PKCS #11 3.0 section 2.3.14; the binding has no name for it. */
const ckmEddsa = 0x1057;
/** 16384 bits, the longest key a module is known to have. */
const maximumModulusOctets = 2048;

const same = (octets: Buffer): Buffer => octets;

const pssHashes: readonly { readonly hash: PssHash; readonly scheme: SignatureScheme }[] = [
  { hash: 'sha256', scheme: 'rsa_pss_rsae_sha256' },
  { hash: 'sha384', scheme: 'rsa_pss_rsae_sha384' },
  { hash: 'sha512', scheme: 'rsa_pss_rsae_sha512' },
];

/** By OpenSSL's name of the curve. */
const curves: ReadonlyMap<string, { scheme: SignatureScheme; hash: string; coordinateOctets: number }> = new Map([
  ['prime256v1', { scheme: 'ecdsa_secp256r1_sha256', hash: 'sha256', coordinateOctets: 32 }],
  ['secp384r1', { scheme: 'ecdsa_secp384r1_sha384', hash: 'sha384', coordinateOctets: 48 }],
  ['secp521r1', { scheme: 'ecdsa_secp521r1_sha512', hash: 'sha512', coordinateOctets: 66 }],
]);

/**
 * @param publicKey of the certificate
 * @param offered CKM_ values that C_GetMechanismList returned
 * @returns at least one way, best first
 * @throws CardFault `tls13-impossible` for RSA with PKCS #1 v1.5 alone, `signature-mechanism-missing` for anything else that cannot sign
 */
export function signingMechanisms(
  library: Pkcs11Library,
  publicKey: KeyObject,
  offered: readonly number[],
): readonly SigningMechanism[] {
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return rsaMechanisms(library, publicKey, offered);
    case 'ec':
      return [ecdsaMechanism(library, publicKey, offered)];
    case 'ed25519':
      if (!offered.includes(ckmEddsa)) throw new CardFault('signature-mechanism-missing', 'no CKM_EDDSA');
      return [
        {
          scheme: 'ed25519',
          mechanism: { mechanism: ckmEddsa },
          signatureOctets: 64,
          inputOf: same,
          outputOf: same,
        },
      ];
    default:
      throw new CardFault('signature-mechanism-missing', `key of type ${publicKey.asymmetricKeyType ?? 'unknown'}`);
  }
}

function rsaMechanisms(
  library: Pkcs11Library,
  publicKey: KeyObject,
  offered: readonly number[],
): readonly SigningMechanism[] {
  const modulusBits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  const signatureOctets = Math.ceil(modulusBits / 8);
  if (signatureOctets > maximumModulusOctets) throw new CardFault('signature-mechanism-missing', 'RSA key too long');
  const hasPss = offered.includes(library.CKM_RSA_PKCS_PSS);
  if (!hasPss && !offered.includes(library.CKM_RSA_X_509)) {
    throw offered.includes(library.CKM_RSA_PKCS)
      ? new CardFault('tls13-impossible')
      : new CardFault('signature-mechanism-missing', 'neither CKM_RSA_PKCS_PSS nor CKM_RSA_X_509');
  }
  return pssHashes
    .filter(({ hash }) => Math.ceil((modulusBits - 1) / 8) >= 2 * hashOctets[hash] + 2)
    .map(({ hash, scheme }) => ({
      scheme,
      mechanism: hasPss ? pssMechanism(library, hash) : { mechanism: library.CKM_RSA_X_509 },
      signatureOctets,
      inputOf: (content) =>
        hasPss ? createHash(hash).update(content).digest() : encodeEmsaPss(content, modulusBits, hash),
      outputOf: same,
    }));
}

function pssMechanism(library: Pkcs11Library, hash: PssHash): Mechanism {
  const [hashAlg, mgf] = {
    sha256: [library.CKM_SHA256, library.CKG_MGF1_SHA256] as const,
    sha384: [library.CKM_SHA384, library.CKG_MGF1_SHA384] as const,
    sha512: [library.CKM_SHA512, library.CKG_MGF1_SHA512] as const,
  }[hash];
  const parameter = { type: library.CK_PARAMS_RSA_PSS, hashAlg, mgf, saltLen: hashOctets[hash] };
  return { mechanism: library.CKM_RSA_PKCS_PSS, parameter };
}

function ecdsaMechanism(library: Pkcs11Library, publicKey: KeyObject, offered: readonly number[]): SigningMechanism {
  const name = publicKey.asymmetricKeyDetails?.namedCurve ?? 'unknown';
  const curve = curves.get(name);
  if (curve === undefined) throw new CardFault('signature-mechanism-missing', `elliptic curve ${name}`);
  if (!offered.includes(library.CKM_ECDSA)) throw new CardFault('signature-mechanism-missing', 'no CKM_ECDSA');
  const { scheme, hash, coordinateOctets } = curve;
  return {
    scheme,
    mechanism: { mechanism: library.CKM_ECDSA },
    signatureOctets: 2 * coordinateOctets,
    inputOf: (content) => createHash(hash).update(content).digest(),
    // The card returns r and s side by side; TLS wants the DER of Ecdsa-Sig-Value (RFC 8446 4.2.3).
    outputOf: (signature) => Buffer.from(createCMSECDSASignature(new Uint8Array(signature).buffer)),
  };
}
