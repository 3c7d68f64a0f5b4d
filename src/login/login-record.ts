/** The parts of a login’s audit record: what an auditor asks of the certificate, its validation and the account. */
import type { DirectoryAccount } from '../directory/directory.ts';
import type { EvidenceFacts, LoginAttempt, RecordedCertificate } from '../operations/audit.ts';
import { printable } from '../operations/printable.ts';
import type { Certificate } from '../pki/certificate/certificate.ts';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { formatRfc4514 } from '../pki/names/distinguished-name.ts';
import { serialNumberText } from '../pki/names/serial-number-text.ts';
import { type SubjectIdentity, subjectIdentity } from '../pki/names/subject-identity.ts';
import type { RevocationEvidence, ValidatedCertificate } from '../pki/path/validated-certificate.ts';
import { defined } from '../settings/defined.ts';

/**
 * @returns names by RFC 4514 with what a terminal acts on escaped, times by RFC 3339, digest and key identifier in hexadecimal
 */
export function recordedCertificate(certificate: Certificate): RecordedCertificate {
  const identity = readableIdentity(certificate);
  return {
    subject: printable(formatRfc4514(certificate.subject)),
    issuer: printable(formatRfc4514(certificate.issuer)),
    serialNumber: serialNumberText(certificate.serialNumber),
    sha256: certificate.sha256,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    subjectKeyIdentifier: certificate.subjectKeyIdentifier?.toString('hex'),
    userPrincipalNames: identity?.userPrincipalNames.length ? identity.userPrincipalNames.map(printable) : undefined,
    sid: identity?.securityIdentifier?.sid,
  };
}

/** @returns certificates of the path and the trust anchor by their SHA-256, lower-case hexadecimal */
export function validationFacts(
  validated: ValidatedCertificate,
): Pick<LoginAttempt, 'certificate' | 'path' | 'trustAnchor' | 'policies' | 'evidence'> {
  return {
    certificate: recordedCertificate(validated.certificate),
    path: validated.path.map((certificate) => certificate.sha256),
    trustAnchor: validated.trustAnchor.sha256,
    policies: validated.policies,
    evidence: validated.evidence.map((evidence) => evidenceFacts(evidence, validated.validatedAt)),
  };
}

export function accountFacts(
  account: Pick<DirectoryAccount, 'directory' | 'accountName' | 'distinguishedName' | 'sid'>,
): NonNullable<LoginAttempt['account']> {
  return {
    directory: account.directory,
    name: printable(account.accountName),
    distinguishedName: printable(account.distinguishedName),
    sid: account.sid,
  };
}

function evidenceFacts(evidence: RevocationEvidence, validatedAt: Date): EvidenceFacts {
  const { certificateSha256, status, method, source, responder, producedAt, thisUpdate, nextUpdate, endedAt } =
    evidence;
  const secondsSince = (time: Date) => Math.round((validatedAt.getTime() - time.getTime()) / 1000);
  // Answers of the mapping service hand the evidence on, and their schema refuses members without a value.
  return defined({
    certificateSha256,
    status,
    method,
    source: printable(source),
    responder: responder === undefined ? undefined : printable(responder),
    producedAt: producedAt?.toISOString(),
    thisUpdate: thisUpdate?.toISOString(),
    ageSeconds: thisUpdate && secondsSince(thisUpdate),
    nextUpdate: nextUpdate?.toISOString(),
    endedSecondsAgo: endedAt && secondsSince(endedAt),
  });
}

/** A record names the certificate even when its identities are malformed; the denial says that they are. */
function readableIdentity(certificate: Certificate): SubjectIdentity | undefined {
  try {
    return subjectIdentity(certificate);
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
