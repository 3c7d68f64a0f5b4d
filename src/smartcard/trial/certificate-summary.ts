/** A certificate on a card as a person recognizes it: whose it is, what it is for, how long it lasts, where it lies. */
import { X509Certificate } from 'node:crypto';
import { printable } from '../../operations/printable.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { MalformedError } from '../../pki/encoding/malformed-error.ts';
import { describeOid, oids } from '../../pki/encoding/oids.ts';
import { formatRfc4514 } from '../../pki/names/distinguished-name.ts';
import { type SubjectIdentity, subjectIdentity } from '../../pki/names/subject-identity.ts';
import type { FoundCertificate } from './card-inventory.ts';

export interface CertificateSummary {
  /** Hexadecimal. */
  readonly id: string;
  readonly label: string;
  readonly card: string;
  readonly reader: string;
  readonly module: string;
  readonly subject?: string;
  readonly issuer?: string;
  readonly userPrincipalNames?: readonly string[];
  readonly sid?: string | undefined;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly extendedKeyUsage?: readonly string[];
  readonly keyType?: string;
  readonly sha256?: string;
}

const curveNames: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** Every text printable. */
export function summarize({ slot, stored, certificate }: FoundCertificate): CertificateSummary {
  const place = {
    id: stored.id.toString('hex'),
    label: printable(stored.label),
    card: printable(slot.content.kind === 'card' ? slot.content.token.label : ''),
    reader: printable(slot.description),
    module: slot.module.path,
  };
  if (certificate === undefined) return place;
  const { userPrincipalNames = [], securityIdentifier } = identityOf(certificate) ?? {};
  return {
    ...place,
    subject: printable(formatRfc4514(certificate.subject)),
    issuer: printable(formatRfc4514(certificate.issuer)),
    userPrincipalNames: userPrincipalNames.map(printable),
    sid: securityIdentifier?.sid,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    extendedKeyUsage: (certificate.extendedKeyUsage ?? []).map(describeOid),
    keyType: keyTypeOf(certificate),
    sha256: certificate.sha256,
  };
}

/** Two or three lines below the heading. */
export function summaryLines(summary: CertificateSummary): readonly string[] {
  const {
    subject,
    issuer,
    userPrincipalNames = [],
    sid,
    notBefore = '',
    notAfter = '',
    keyType,
    sha256 = '',
  } = summary;
  if (subject === undefined) return [`in ${summary.reader}`];
  const identity = [...userPrincipalNames.map((name) => `UPN ${name}`), ...(sid === undefined ? [] : [`SID ${sid}`])];
  return [
    `issued by ${issuer}`,
    ...(identity.length === 0 ? [] : [identity.join(', ')]),
    `${keyType}, ${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}, for ${(summary.extendedKeyUsage ?? []).join(', ') || 'no purpose in particular'}`,
    `SHA-256 ${sha256.slice(0, 16)}…, in ${summary.reader}`,
  ];
}

/** One line. */
export function summaryHeading({ id, label, subject }: CertificateSummary): string {
  return [id === '' ? 'without id' : `id ${id}`, `"${label}"`, subject ?? 'unreadable'].join('  ');
}

/**
 * What to give to USER: the user principal name, as a directory knows it, else the common name of the subject. Names with
 * control characters do not count.
 */
export function userNameOf(certificate: Certificate): string | undefined {
  const commonName = certificate.subject.rdns.flat().findLast(({ type }) => type === oids.commonName)?.text;
  const name = identityOf(certificate)?.userPrincipalNames[0] ?? commonName;
  return name === undefined || /\p{Cc}/u.test(name) ? undefined : name;
}

function identityOf(certificate: Certificate): SubjectIdentity | undefined {
  try {
    return subjectIdentity(certificate);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function keyTypeOf({ der }: Certificate): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(der).publicKey;
  const { modulusLength, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined) return `RSA-${modulusLength}`;
  return curveNames[namedCurve] ?? (namedCurve || (asymmetricKeyType ?? 'unknown'));
}
