/** Signatures of CertificateVerify (RFC 8446 4.4.3) checked with node:crypto: a scheme fits one kind of key and no other. */
import { constants, type KeyObject, verify } from 'node:crypto';
import { signatureSchemes } from '../client-credential.ts';

interface SchemeRule {
  readonly name: string;
  readonly code: number;
  readonly keyType: 'ec' | 'rsa' | 'rsa-pss' | 'ed25519' | 'ed448';
  /** OpenSSL's name of the curve that the scheme is bound to. */
  readonly curve?: string;
  /** `null`: the algorithm hashes by itself. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
}

const ecdsa = (name: keyof typeof signatureSchemes, curve: string, hash: SchemeRule['hash']): SchemeRule => ({
  name,
  code: signatureSchemes[name],
  keyType: 'ec',
  curve,
  hash,
});

/** Taken in a CertificateVerify, best first. */
const rules: readonly SchemeRule[] = [
  ecdsa('ecdsa_secp256r1_sha256', 'prime256v1', 'sha256'),
  ecdsa('ecdsa_secp384r1_sha384', 'secp384r1', 'sha384'),
  ecdsa('ecdsa_secp521r1_sha512', 'secp521r1', 'sha512'),
  { name: 'ed25519', code: signatureSchemes.ed25519, keyType: 'ed25519', hash: null },
  { name: 'ed448', code: 0x0808, keyType: 'ed448', hash: null },
  { name: 'rsa_pss_rsae_sha256', code: signatureSchemes.rsa_pss_rsae_sha256, keyType: 'rsa', hash: 'sha256' },
  { name: 'rsa_pss_rsae_sha384', code: signatureSchemes.rsa_pss_rsae_sha384, keyType: 'rsa', hash: 'sha384' },
  { name: 'rsa_pss_rsae_sha512', code: signatureSchemes.rsa_pss_rsae_sha512, keyType: 'rsa', hash: 'sha512' },
  { name: 'rsa_pss_pss_sha256', code: 0x0809, keyType: 'rsa-pss', hash: 'sha256' },
  { name: 'rsa_pss_pss_sha384', code: 0x080a, keyType: 'rsa-pss', hash: 'sha384' },
  { name: 'rsa_pss_pss_sha512', code: 0x080b, keyType: 'rsa-pss', hash: 'sha512' },
];

/** Taken in certificates alone (RFC 8446 4.2.3); without them servers with RSA authorities refuse to answer. */
const certificateOnly: readonly (readonly [name: string, code: number])[] = [
  ['rsa_pkcs1_sha256', 0x0401],
  ['rsa_pkcs1_sha384', 0x0501],
  ['rsa_pkcs1_sha512', 0x0601],
];

/** Code points for signature_algorithms of the ClientHello. */
export const offeredSignatureSchemes: readonly number[] = [
  ...rules.map(({ code }) => code),
  ...certificateOnly.map(([, code]) => code),
];

/** The registered name of a scheme, or its code point in hexadecimal. */
export function signatureSchemeName(code: number): string {
  const certificateName = certificateOnly.find(([, other]) => other === code)?.[0];
  return rules.find((rule) => rule.code === code)?.name ?? certificateName ?? `0x${code.toString(16).padStart(4, '0')}`;
}

/** `unfit`: the scheme is not one for CertificateVerify, or not one for this key. */
export type SignatureVerdict = 'valid' | 'invalid' | 'unfit';

/** @param content what was signed, not its digest. @param signature as TLS carries it */
export function verifySignature(code: number, key: KeyObject, content: Buffer, signature: Buffer): SignatureVerdict {
  const rule = rules.find((candidate) => candidate.code === code);
  if (!rule || rule.keyType !== key.asymmetricKeyType) return 'unfit';
  if (rule.curve !== undefined && rule.curve !== key.asymmetricKeyDetails?.namedCurve) return 'unfit';
  const isRsa = rule.keyType === 'rsa' || rule.keyType === 'rsa-pss';
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  try {
    return verify(rule.hash, content, isRsa ? { key, ...padding } : key, signature) ? 'valid' : 'invalid';
  } catch {
    // OpenSSL refuses by an error what is no signature at all, or what the parameters of an RSA-PSS key forbid.
    return 'invalid';
  }
}
