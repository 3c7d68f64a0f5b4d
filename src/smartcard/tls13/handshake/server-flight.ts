/** The server's messages between ServerHello and Finished (RFC 8446 4.3, 4.4): read strictly; nothing is believed here but signatures. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import type { CertificateRequest } from '../client-credential.ts';
import { uint, WireReader } from '../presentation-language.ts';
import { TlsViolation } from '../tls-error.ts';
import { type ExtensionName, readHandshakeExtensions } from './extensions.ts';
import { offeredSignatureSchemes, signatureSchemeName, verifySignature } from './signature-verification.ts';

type Offered = ReadonlySet<ExtensionName>;

/** EncryptedExtensions says nothing that this client acts upon. @throws TlsViolation */
export function checkEncryptedExtensions(body: Buffer, offered: Offered): void {
  const reader = new WireReader(body, 'its EncryptedExtensions');
  const extensions = readHandshakeExtensions(reader.vector(2), 'EncryptedExtensions', offered);
  reader.end();
  // RFC 6066 section 3: the server's server_name has no data.
  if ((extensions.get('server_name')?.length ?? 0) > 0)
    throw new TlsViolation('decode_error', 'its server_name is not empty');
}

/** @throws TlsViolation */
export function readCertificateRequest(body: Buffer, offered: Offered): CertificateRequest {
  const reader = new WireReader(body, 'its CertificateRequest');
  const context = reader.vector(1);
  const extensions = readHandshakeExtensions(reader.vector(2, 2), 'CertificateRequest', offered);
  reader.end();
  if (context.length > 0)
    throw new TlsViolation('illegal_parameter', 'certificate_request_context is not empty in the handshake');
  const algorithms = extensions.get('signature_algorithms');
  if (!algorithms) throw new TlsViolation('missing_extension', 'its CertificateRequest has no signature_algorithms');
  const names = extensions.get('certificate_authorities');
  return { signatureSchemes: readSchemes(algorithms), authorities: names ? readAuthorities(names) : [] };
}

function readSchemes(data: Buffer): readonly number[] {
  const reader = new WireReader(data, 'its signature_algorithms');
  const list = reader.vector(2, 2, 2 ** 16 - 2);
  reader.end();
  return new WireReader(list, 'its signature_algorithms').uint16List();
}

function readAuthorities(data: Buffer): readonly Buffer[] {
  const whole = new WireReader(data, 'its certificate_authorities');
  const list = new WireReader(whole.vector(2, 3), 'its certificate_authorities');
  whole.end();
  const names: Buffer[] = [];
  while (list.remaining > 0) names.push(Buffer.from(list.vector(2, 1)));
  return names;
}

/** The DER of the certificates, the end entity first. @throws TlsViolation */
export function readCertificate(body: Buffer, offered: Offered): readonly Buffer[] {
  const reader = new WireReader(body, 'its Certificate');
  const context = reader.vector(1);
  const list = new WireReader(reader.vector(3), 'its Certificate');
  reader.end();
  if (context.length > 0) throw new TlsViolation('illegal_parameter', 'the context of its Certificate is not empty');
  const certificates: Buffer[] = [];
  while (list.remaining > 0) {
    certificates.push(Buffer.from(list.vector(3, 1)));
    readHandshakeExtensions(list.vector(2), 'Certificate', offered);
  }
  if (certificates.length === 0) throw new TlsViolation('decode_error', 'its Certificate is empty');
  return certificates;
}

/** The key of a server's certificate, which is not verified yet. @throws TlsViolation */
export function publicKeyOf(der: Buffer): KeyObject {
  const malformed = () => new TlsViolation('bad_certificate', 'its certificate cannot be read');
  // X509Certificate takes PEM as well, which TLS does not carry.
  if (der[0] !== 0x30) throw malformed();
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw malformed();
  }
  try {
    return certificate.publicKey;
  } catch {
    throw new TlsViolation('unsupported_certificate', 'the key of its certificate is of an unknown kind');
  }
}

/** What a CertificateVerify signs (RFC 8446 4.4.3). */
export function certificateVerifyContent(signer: 'client' | 'server', transcriptHash: Buffer): Buffer {
  const context = `${' '.repeat(64)}TLS 1.3, ${signer} CertificateVerify`;
  return Buffer.concat([Buffer.from(context, 'latin1'), uint(1, 0), transcriptHash]);
}

/** The server holds the key of its certificate, or this throws. @param transcriptHash up to and with its Certificate */
export function checkCertificateVerify(body: Buffer, key: KeyObject, transcriptHash: Buffer): void {
  const reader = new WireReader(body, 'its CertificateVerify');
  const scheme = reader.uint(2);
  const signature = reader.vector(2);
  reader.end();
  const verdict = offeredSignatureSchemes.includes(scheme)
    ? verifySignature(scheme, key, certificateVerifyContent('server', transcriptHash), signature)
    : 'unfit';
  if (verdict === 'unfit')
    throw new TlsViolation('illegal_parameter', `its key cannot sign with ${signatureSchemeName(scheme)}`);
  if (verdict === 'invalid') throw new TlsViolation('decrypt_error', 'its signature is wrong');
}
