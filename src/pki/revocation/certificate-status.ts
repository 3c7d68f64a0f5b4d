/** What is known of the revocation of one certificate, by whichever method, and how steps, denials and evidence say it. */
import { type Denial, denial } from '../../denial.ts';
import type { Facts } from '../../explanation.ts';
import type { Certificate } from '../certificate.ts';
import { certificateFacts } from '../certificate-facts.ts';
import type { CrlReason } from '../crl-reason.ts';
import type { RevocationEvidence } from '../validated-certificate.ts';
import type { CrlStatus } from './crl-check.ts';
import type { OcspStatus } from './ocsp-check.ts';

/** The CRL or OCSP response that told. */
interface Told {
  readonly method: 'crl' | 'ocsp';
  /** File or URL. */
  readonly source: string;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** Until when it may be believed: nextUpdate, or the greatest age of an OCSP answer. */
  readonly validUntil: Date;
  /** OCSP only: subject of the responder. */
  readonly responder?: string;
  /** OCSP only. */
  readonly producedAt?: Date;
}

export type CertificateStatus =
  | (Told & { readonly status: 'good' })
  /** Good by evidence that ended, no longer ago than the site puts up with. */
  | (Told & { readonly status: 'good-within-grace'; readonly endedAt: Date })
  | (Told & { readonly status: 'revoked'; readonly revocationDate: Date; readonly reason: CrlReason })
  /** `isAnswer`: a responder that may say so does not know the certificate. */
  | { readonly status: 'unknown'; readonly problems: readonly string[]; readonly isAnswer?: true };

export function statusByCrl(status: CrlStatus): CertificateStatus {
  if (status.status === 'unknown') return status;
  const { source, thisUpdate, nextUpdate } = status.crl;
  const told = { method: 'crl' as const, source, thisUpdate, ...(nextUpdate && { nextUpdate }) };
  const validUntil = nextUpdate ?? thisUpdate;
  return status.status === 'good'
    ? { status: 'good', ...told, validUntil }
    : { status: 'revoked', ...told, validUntil, ...status.entry };
}

export function statusByOcsp(status: OcspStatus): CertificateStatus {
  if (status.status === 'unknown') return status;
  const { evidence, ...found } = status;
  return { ...found, method: 'ocsp', ...evidence };
}

/** Undefined when the status lets the certificate pass. */
export function refusalOf(certificate: Certificate, status: CertificateStatus): Denial | undefined {
  if (status.status === 'good' || status.status === 'good-within-grace') return undefined;
  const facts = { ...certificateFacts(certificate), ...statusFacts(status) };
  if (status.status === 'unknown')
    return denial('revocation-unknown', 'No CRL or OCSP response tells whether the certificate is revoked.', facts);
  const since = status.revocationDate.toISOString();
  return denial('certificate-revoked', `The certificate was revoked at ${since}: ${status.reason}.`, facts);
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
