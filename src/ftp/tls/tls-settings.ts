/** The TLS settings of a site, in the words of IIS, and what is read out of the files they name. */
import type { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { iis } from '../../settings/iis-name.ts';
import { file } from '../../settings/values.ts';

/** It takes no list with an algorithm that it does not know, and no site can then listen. */
function isKnownToOpenSsl(sigalgs: string): boolean {
  try {
    createSecureContext({ sigalgs });
    return true;
  } catch {
    return false;
  }
}

const version = z.enum(['TLSv1.2', 'TLSv1.3']);

const furtherCertificate = z
  .strictObject({
    serverCertificate: file.describe('PEM file: another certificate of the server, then its intermediates'),
    serverCertificateKey: file.describe('PEM file: its private key; not readable by others'),
  })
  .describe('A certificate for clients that call the server by one of its names, or that verify its kind of key alone');

export const ssl = z.strictObject({
  serverCertificate: file
    .describe('PEM file: the server’s certificate, then its intermediates')
    .meta(iis('ftpServer/security/ssl@serverCertHash')),
  serverCertificateKey: file.describe('PEM file: the private key; not readable by others'),
  furtherCertificates: z
    .array(furtherCertificate)
    .max(32)
    .default([])
    .describe(
      'Certificates for further names, where the client says by SNI which it means and the first is for all others; or for the same names with another kind of key, RSA beside P-256',
    ),
  ocspStapling: z
    .boolean()
    .default(false)
    .describe(
      'Whether clients that ask get the status of the server’s certificate in the handshake (RFC 6066); it is retrieved from the OCSP responder that the certificate names',
    ),
  /** `SslRequireCredentialsOnly` protects USER and PASS; behind a login CCC lays TLS down, and REIN does. */
  controlChannelPolicy: z
    .enum(['SslAllow', 'SslRequire', 'SslRequireCredentialsOnly'])
    .default('SslRequire')
    .describe(
      'Whether the control connection must be protected: always (SslRequire), until CCC (SslRequireCredentialsOnly), or not',
    )
    .meta(iis('ftpServer/security/ssl@controlChannelPolicy')),
  dataChannelPolicy: z
    .enum(['SslAllow', 'SslRequire', 'SslDeny'])
    .default('SslRequire')
    .describe('Whether data connections must be protected')
    .meta(iis('ftpServer/security/ssl@dataChannelPolicy')),
  minimumVersion: version.default('TLSv1.2').describe('Oldest TLS version'),
  maximumVersion: version.default('TLSv1.3').describe('Newest TLS version'),
  /** Colon-separated; OpenSSL's default when absent. */
  signatureAlgorithms: z
    .string()
    .refine((text) => /^[\w+:-]{1,500}$/.test(text) && isKnownToOpenSsl(text), {
      error: 'must be signature algorithms that OpenSSL knows, such as RSA+SHA256:ECDSA+SHA256',
    })
    .optional()
    .describe('Signature algorithms in OpenSSL’s words; for cards that sign PKCS #1 v1.5 only'),
});

export type SslSettings = Decoded<typeof ssl>;

/** Whether the server asks for a certificate; what an absent one means is decided by the authenticator. */
export const clientCertificatePolicy = z
  .enum(['CertIgnore', 'CertAllow', 'CertRequire'])
  .default('CertRequire')
  .describe('Whether the client is asked for a certificate and must have one')
  .meta(iis('ftpServer/security/sslClientCertificates@clientCertificatePolicy'));

export type ClientCertificatePolicy = Decoded<typeof clientCertificatePolicy>;

/** Read out of the files that the settings name. */
export interface TlsIdentity {
  /** PEM: the server's certificate, then its intermediates. */
  readonly certificate: string;
  /** PEM, not encrypted. */
  readonly privateKey: string;
  /** As the two above, for clients that call the server by other names, or verify other kinds of keys. */
  readonly furtherIdentities?: readonly Pick<TlsIdentity, 'certificate' | 'privateKey'>[];
  /** PEM of each trust anchor whose name is sent in the CertificateRequest; keep it short, Windows clients cut it at 16 KB. */
  readonly caNames: readonly string[];
}

/** Equal for certificates of the same names, in whatever order: of these clients are shown one, or one of each kind of key. */
export function hostNamesOf({ subjectAltName = '' }: X509Certificate): string {
  return subjectAltName.toLowerCase().split(', ').sort().join();
}
