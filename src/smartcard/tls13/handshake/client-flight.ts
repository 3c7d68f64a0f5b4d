/** The client's answer to a CertificateRequest (RFC 8446 4.4.2, 4.4.3): its chain, and a signature that the card made over the handshake. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import {
  type CertificateRequest,
  type ClientCredential,
  type SignatureScheme,
  signatureSchemes,
} from '../client-credential.ts';
import { uint, vector } from '../presentation-language.ts';
import { CredentialUnusable, NoCommonSignatureScheme } from '../tls-error.ts';
import { encodeHandshake } from './handshake-reader.ts';
import { certificateVerifyContent } from './server-flight.ts';
import { signatureSchemeName, verifySignature } from './signature-verification.ts';

/** The Certificate message; an empty one says that there is no certificate. */
export function encodeClientCertificate(chain: readonly Buffer[]): Buffer {
  const noExtensions = vector(2);
  const entries = chain.map((der) => Buffer.concat([vector(3, der), noExtensions]));
  return encodeHandshake('certificate', vector(1), vector(3, ...entries));
}

/** The first scheme of the credential that the server takes as well. @throws NoCommonSignatureScheme */
export function commonSignatureScheme(credential: ClientCredential, request: CertificateRequest): SignatureScheme {
  const common = credential.signatureSchemes.find((name) => request.signatureSchemes.includes(signatureSchemes[name]));
  if (common !== undefined) return common;
  const names = request.signatureSchemes.map(signatureSchemeName);
  throw new NoCommonSignatureScheme(credential.signatureSchemes, request.signatureSchemes, names);
}

/**
 * Has the handshake signed, once, and looks whether the key belongs to the certificate: a server only says decrypt_error.
 * @param transcriptHash up to and with the client's Certificate
 * @returns the CertificateVerify message
 * @throws CredentialUnusable, and whatever `credential.sign` throws
 */
export async function signedCertificateVerify(
  credential: ClientCredential,
  scheme: SignatureScheme,
  transcriptHash: Buffer,
): Promise<Buffer> {
  const key = publicKeyOf(credential);
  const content = certificateVerifyContent('client', transcriptHash);
  const signature = await credential.sign(scheme, content);
  const code = signatureSchemes[scheme];
  const verdict = verifySignature(code, key, content, signature);
  if (verdict === 'unfit') throw new CredentialUnusable(`The key of the certificate cannot sign with ${scheme}.`);
  if (verdict === 'invalid') throw new CredentialUnusable('The signature is not one by the key of the certificate.');
  return encodeHandshake('certificate_verify', uint(2, code), vector(2, signature));
}

function publicKeyOf({ certificateChain: [endEntity] }: ClientCredential): KeyObject {
  if (!endEntity) throw new CredentialUnusable('The credential has a key but no certificate.');
  try {
    return new X509Certificate(endEntity).publicKey;
  } catch {
    throw new CredentialUnusable('The certificate of the credential, or the key in it, cannot be read.');
  }
}
