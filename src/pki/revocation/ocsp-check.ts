/**
 * The status of one certificate by an OCSP response (RFC 6960 3.2): it must speak of exactly this certificate, be current, and be
 * signed by somebody who may. Everything else leaves the status unknown.
 */
import type { CrlReason } from '../crl-reason.ts';
import { formatRfc4514 } from '../distinguished-name.ts';
import type { Extension } from '../extensions.ts';
import { MalformedError } from '../malformed-error.ts';
import { oids } from '../oids.ts';
import type { Subject } from './crl-subject.ts';
import { certIdOf, sameCertId } from './ocsp-request.ts';
import { findResponder, type ResponderContext } from './ocsp-responder.ts';
import type { OcspResponse, SingleResponse } from './ocsp-response.ts';

export interface OcspEvidence {
  readonly source: string;
  /** Subject of the certificate whose key signed the response. */
  readonly responder: string;
  readonly producedAt: Date;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  /** The earlier of nextUpdate and the greatest age. */
  readonly validUntil: Date;
}

export type OcspStatus =
  | { readonly status: 'good'; readonly evidence: OcspEvidence }
  | {
      readonly status: 'revoked';
      readonly evidence: OcspEvidence;
      readonly revocationDate: Date;
      readonly reason: CrlReason;
    }
  /** `problems`: why the responses looked at did not tell. `isAnswer`: a responder that may say so does not know the certificate. */
  | { readonly status: 'unknown'; readonly problems: readonly string[]; readonly isAnswer?: true };

export interface OcspLimits {
  /** What the responder's clock may be ahead of or behind ours, in seconds. Default 60; each second keeps a stale answer alive. */
  readonly clockSkewSeconds: number;
  /**
   * The greatest age of an answer in seconds, whatever its nextUpdate says; answers without nextUpdate live so long. Default 7 days.
   * 0: nextUpdate alone governs, and answers without it are refused.
   */
  readonly maximumAgeSeconds: number;
}

export interface OcspContext extends ResponderContext {
  readonly limits: OcspLimits;
  /** An answer whose thisUpdate is longer ago does not count, in seconds; 0: any age within the limits. */
  readonly freshnessSeconds: number;
  /** For so many seconds an answer counts still after its end, or after it grew too old, for allowWithinGrace; else 0. */
  readonly graceSeconds: number;
}

/** @throws BudgetExceededError */
export async function checkOcspResponse(
  response: OcspResponse,
  subject: Subject,
  context: OcspContext,
): Promise<OcspStatus> {
  const { source, producedAt } = response;
  const unknown = (problem: string): OcspStatus => ({ status: 'unknown', problems: [`${source}: ${problem}`] });
  const single = singleFor(response, subject);
  if (typeof single === 'string') return unknown(single);
  const critical = unknownCriticalExtension(response.extensions) ?? unknownCriticalExtension(single.extensions);
  if (critical) return unknown(`it has the unknown critical extension ${critical}`);
  const untimely = untimeliness(single, producedAt, context);
  if (typeof untimely === 'string') return unknown(untimely);
  const responder = await findResponder(response, subject, context);
  if (typeof responder === 'string') return unknown(responder);
  const { certStatus, thisUpdate, nextUpdate } = single;
  const evidence: OcspEvidence = {
    source,
    responder: formatRfc4514(responder.subject),
    producedAt,
    thisUpdate,
    ...(nextUpdate && { nextUpdate }),
    validUntil: untimely,
  };
  if (certStatus.status === 'unknown')
    return { status: 'unknown', problems: [`${source}: the responder does not know the certificate`], isAnswer: true };
  // RFC 6960 2.2: certificateHold is revoked as well, and removeFromCRL is no status that OCSP has.
  return { ...certStatus, evidence };
}

/** Why a response to a request with a nonce is not believed; undefined when it may be. */
export function nonceProblem(response: OcspResponse, sent: Buffer, isRequired: boolean): string | undefined {
  const { nonce, source } = response;
  if (!nonce) return isRequired ? `${source}: it lacks the nonce of the request` : undefined;
  return nonce.equals(sent) ? undefined : `${source}: its nonce is not that of the request`;
}

/** The answer about the subject; with several of them, the one that says worst, and the newest of these. */
function singleFor({ responses }: OcspResponse, { certificate, issuer }: Subject): SingleResponse | string {
  if (certificate.issuer.key !== issuer.subject.key) return 'the issuer has another name than the certificate says';
  try {
    const matching = responses.filter(
      ({ certId }) => certId && sameCertId(certId, certIdOf(certificate, issuer, certId.hash)),
    );
    const newestFirst = matching.sort((left, right) => right.thisUpdate.getTime() - left.thisUpdate.getTime());
    return (
      newestFirst.find(({ certStatus }) => certStatus.status === 'revoked') ??
      newestFirst.find(({ certStatus }) => certStatus.status === 'unknown') ??
      newestFirst[0] ??
      'it speaks of other certificates only'
    );
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

/** All extensions of RFC 6960 4.4 that a response may have are advice; only the nonce is looked at. */
function unknownCriticalExtension(extensions: ReadonlyMap<string, Extension>): string | undefined {
  for (const { oid, critical } of extensions.values()) if (critical && oid !== oids.ocspNonce) return oid;
  return undefined;
}

/** RFC 6960 4.2.2.1: until when the answer holds; a string: why it does not hold now. */
function untimeliness(
  { thisUpdate, nextUpdate }: SingleResponse,
  producedAt: Date,
  { time, limits, freshnessSeconds, graceSeconds }: OcspContext,
): Date | string {
  const now = time.getTime();
  const skew = limits.clockSkewSeconds * 1000;
  if (thisUpdate.getTime() > now + skew) return `it begins to hold only at ${thisUpdate.toISOString()}`;
  if (producedAt.getTime() > now + skew) return `it says that it was made at ${producedAt.toISOString()}`;
  const oldest = limits.maximumAgeSeconds > 0 ? thisUpdate.getTime() + limits.maximumAgeSeconds * 1000 : Infinity;
  const end = Math.min(nextUpdate?.getTime() ?? Infinity, oldest);
  if (end === Infinity) return 'it does not say when newer information will be there';
  const validUntil = new Date(end);
  if (now > end + skew + graceSeconds * 1000) return `it held until ${validUntil.toISOString()}`;
  const ageSeconds = (now - thisUpdate.getTime()) / 1000;
  if (freshnessSeconds > 0 && ageSeconds > freshnessSeconds + limits.clockSkewSeconds + graceSeconds)
    return `it is older than ${freshnessSeconds} s`;
  return validUntil;
}
