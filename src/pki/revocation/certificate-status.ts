/** What is known of the revocation of one certificate, by whichever method, and how steps, denials and evidence say it. */
import { type Denial, denial } from '../../denial.ts';
import type { Facts } from '../../explanation/steps.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { certificateFacts } from '../certificate/certificate-facts.ts';
import { type CrlReason, mayBeLifted } from '../crl/crl-reason.ts';
import type { CrlStatus } from '../crl/crl-status.ts';
import type { OcspStatus } from '../ocsp/ocsp-check.ts';
import type { RevocationEvidence } from '../path/validated-certificate.ts';

/** The CRL or OCSP response that told. */
interface TellingEvidence {
  readonly method: 'crl' | 'ocsp';
  /** File or URL. */
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
  /** Until when it may be believed: nextUpdate, or the greatest age of an OCSP answer. */
  readonly validUntil: Date;
  /** OCSP only: subject of the responder. */
  readonly responder?: string;
  /** OCSP only. */
  readonly producedAt?: Date;
}

export type Revoked = TellingEvidence & {
  readonly status: 'revoked';
  readonly revocationDate: Date;
  readonly reason: CrlReason;
  /** When it was so: thisUpdate, or that of a newer delta CRL. */
  readonly asOf: Date;
  /** Why the evidence says nothing of the present; absent: it is current. */
  readonly outOfDate?: string | undefined;
  /** What in the evidence cannot be understood; absent: nothing. */
  readonly notUnderstood?: string | undefined;
};

export type CertificateStatus =
  | (TellingEvidence & { readonly status: 'good' })
  /** Good by evidence that ended, no longer ago than the site puts up with. */
  | (TellingEvidence & { readonly status: 'good-within-grace'; readonly endedAt: Date })
  | Revoked
  /** `isAnswer`: a responder that may say so does not know the certificate. */
  | { readonly status: 'unknown'; readonly problems: readonly string[]; readonly isAnswer?: boolean };

/** Without nextUpdate a CRL is valid at its thisUpdate only (RFC 5280 5.1.2.5 requires the field). */
export function statusByCrl(status: CrlStatus): CertificateStatus {
  if (status.status === 'unknown') return status;
  const { source, thisUpdate, nextUpdate } = status.crl;
  const told = { method: 'crl' as const, source, thisUpdate, nextUpdate };
  const validUntil = nextUpdate ?? thisUpdate;
  if (status.status === 'good') return { status: 'good', ...told, validUntil };
  const { crl: _, entry, ...found } = status;
  return { ...found, ...told, validUntil, ...entry };
}

/** The time that a revocation is known by is the thisUpdate of its response (RFC 6960 4.2.2.1). */
export function statusByOcsp(status: OcspStatus): CertificateStatus {
  if (status.status === 'unknown') return status;
  const { evidence, ...found } = status;
  const told = { method: 'ocsp' as const, ...evidence };
  return found.status === 'good' ? { ...found, ...told } : { ...found, ...told, asOf: evidence.thisUpdate };
}

/** Revoked for ever: nothing that is said elsewhere, or was said later, takes it back. */
export function isRevocation(status: CertificateStatus): status is Revoked {
  return status.status === 'revoked' && !mayBeLifted(status.reason);
}

/** Undefined when the status lets the certificate pass. */
export function refusalOf(certificate: Certificate, status: CertificateStatus): Denial | undefined {
  if (status.status === 'good' || status.status === 'good-within-grace') return undefined;
  const facts = { ...certificateFacts(certificate), ...statusFacts(status) };
  if (status.status === 'unknown')
    return denial('revocation-unknown', 'No CRL or OCSP response tells whether the certificate is revoked.', facts);
  return denial('certificate-revoked', revocationText(status), facts);
}

function revocationText(status: Revoked): string {
  const { revocationDate, reason, method, outOfDate, notUnderstood } = status;
  const evidence = `The ${method === 'crl' ? 'CRL' : 'OCSP response'} that says so`;
  const revoked = `The certificate was revoked at ${revocationDate.toISOString()}: ${reason}.`;
  const text =
    notUnderstood === undefined
      ? revoked
      : `${revoked} ${evidence} is no proof that other certificates are good (${notUnderstood}), but what it lists is revoked.`;
  if (outOfDate === undefined) return text;
  const source = `${evidence} is out of date (${outOfDate})`;
  return isRevocation(status)
    ? `${text} ${source}, but a revocation is for ever.`
    : `${text} ${source}, and no newer evidence says that the hold has ended.`;
}

export function statusFacts(status: CertificateStatus): Facts {
  if (status.status === 'unknown') return { status: status.status, problems: status.problems };
  const { method, source, responder, producedAt, thisUpdate, nextUpdate } = status;
  return {
    status: status.status,
    method,
    source,
    responder,
    producedAt: producedAt?.toISOString(),
    thisUpdate: thisUpdate.toISOString(),
    nextUpdate: nextUpdate?.toISOString(),
    ...(status.status === 'good-within-grace' && { endedAt: status.endedAt.toISOString() }),
    ...(status.status === 'revoked' && {
      revocationDate: status.revocationDate.toISOString(),
      reason: status.reason,
      outOfDate: status.outOfDate,
      notUnderstood: status.notUnderstood,
    }),
  };
}

/** Undefined when the status does not let the certificate pass. */
export function evidenceOf({ sha256 }: Certificate, status: CertificateStatus): RevocationEvidence | undefined {
  if (status.status !== 'good' && status.status !== 'good-within-grace') return undefined;
  const { validUntil: _internal, ...evidence } = status;
  return { certificateSha256: sha256, ...evidence };
}

/** @param why the setting by which the certificate was not checked */
export function notChecked({ sha256 }: Certificate, why: string): RevocationEvidence {
  return { certificateSha256: sha256, status: 'not-checked', method: 'none', source: why };
}
