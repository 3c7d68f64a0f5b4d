/** What people and programs are told of the certificates on a card. A certificate that breaks the rules is told about as far as it can be read. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { errorMessage } from '../../error-message.ts';
import { parseCertificate } from '../../pki/certificate/certificate.ts';
import { serialNumberText } from '../../pki/names/serial-number-text.ts';
import { subjectIdentity } from '../../pki/names/subject-identity.ts';
import { loadCertificateAuthority } from '../authority/authority-directory.ts';
import { authorityPath } from '../authority/card-authorities.ts';
import { extendedKeyUsages } from '../authority/certificate-extensions.ts';
import { type Card, type CardCertificate, serialNumberOfCertificate } from './card.ts';

export interface CardCertificateFacts {
  readonly slot: string;
  readonly id: string;
  readonly keyType: string;
  readonly subject: string;
  readonly issuer: string;
  /** As `serialNumberText` writes it. */
  readonly serialNumber: string;
  readonly sha256: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly status: 'valid' | 'expired' | 'not yet valid' | 'revoked';
  readonly userPrincipalNames?: readonly string[];
  readonly sid?: string | undefined;
  /** By name where it has one here, otherwise OIDs. */
  readonly extendedKeyUsage?: readonly string[];
  readonly policies?: readonly string[];
  /** Why the certificate cannot be read whole. */
  readonly malformed?: string;
  readonly certificateFile: string;
  readonly chainFile: string;
  readonly uri: string;
}

/** Files and URI are those of the certificate for logging in. */
export interface CardFacts
  extends Pick<
    Card,
    'name' | 'tokenSerialNumber' | 'softHsmConfiguration' | 'module' | 'certificateFile' | 'chainFile' | 'uri'
  > {
  readonly certificates: readonly CardCertificateFacts[];
}

/** @param revoked serial numbers that the issuing authority of the card directory has revoked */
export function cardFacts(card: Card, now: Date, revoked: ReadonlySet<bigint>): CardFacts {
  const { name, tokenSerialNumber, softHsmConfiguration, module, certificateFile, chainFile, uri } = card;
  return {
    ...{ name, tokenSerialNumber, softHsmConfiguration, module, certificateFile, chainFile, uri },
    certificates: card.certificates.map((certificate) => certificateFacts(certificate, now, revoked)),
  };
}

/** Serial numbers that the issuing authority of a card directory has revoked. */
export async function revokedIn(directory: string): Promise<ReadonlySet<bigint>> {
  const path = authorityPath(directory, 'issuing');
  if (!existsSync(path)) return new Set();
  const { revoked } = await loadCertificateAuthority(path);
  return new Set(revoked.map(({ serialNumber }) => serialNumber));
}

function certificateFacts(
  { certificateDer, ...where }: CardCertificate,
  now: Date,
  revoked: ReadonlySet<bigint>,
): CardCertificateFacts {
  const certificate = new X509Certificate(certificateDer);
  return {
    ...where,
    keyType: keyTypeName(certificate.publicKey),
    subject: certificate.subject.split('\n').join(', '),
    issuer: certificate.issuer.split('\n').join(', '),
    serialNumber: serialNumberText(serialNumberOfCertificate(certificateDer)),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notBefore: certificate.validFromDate.toISOString(),
    notAfter: certificate.validToDate.toISOString(),
    status: revoked.has(serialNumberOfCertificate(certificateDer)) ? 'revoked' : statusAt(certificate, now),
    ...claims(certificateDer),
  };
}

function statusAt({ validFromDate, validToDate }: X509Certificate, now: Date): CardCertificateFacts['status'] {
  if (now > validToDate) return 'expired';
  return now < validFromDate ? 'not yet valid' : 'valid';
}

function claims(der: Buffer) {
  try {
    const certificate = parseCertificate(der);
    const { userPrincipalNames, securityIdentifier } = subjectIdentity(certificate);
    return {
      userPrincipalNames,
      sid: securityIdentifier?.sid,
      extendedKeyUsage: (certificate.extendedKeyUsage ?? []).map(purposeName),
      policies: certificate.certificatePolicies ?? [],
    };
  } catch (error) {
    return { malformed: errorMessage(error) };
  }
}

function purposeName(oid: string): string {
  return Object.entries(extendedKeyUsages).find(([, value]) => value === oid)?.[0] ?? oid;
}

const curveNames: ReadonlyMap<string | undefined, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
]);

function keyTypeName({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return `RSA-${asymmetricKeyDetails?.modulusLength}`;
  if (asymmetricKeyType === 'ed25519') return 'Ed25519';
  return curveNames.get(asymmetricKeyDetails?.namedCurve) ?? 'unknown';
}
