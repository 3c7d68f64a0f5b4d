/**
 * The status of one certificate by an OCSP response (RFC 6960 3.2): it must speak of exactly this certificate and be current, and an
 * authorized responder must have signed it. Everything else leaves the status unknown.
 */

import { defined } from '../../settings/defined.ts';
import type { Seconds } from '../../settings/units.ts';
import { type CrlReason, mayBeLifted } from '../crl/crl-reason.ts';
import type { Subject } from '../crl/crl-subject.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { formatRfc4514 } from '../names/distinguished-name.ts';
import { certIdOf, sameCertId } from './ocsp-request.ts';
import { findResponder, type ResponderContext } from './ocsp-responder.ts';
import type { OcspResponse, SingleResponse } from './ocsp-response.ts';

interface OcspEvidence {
  readonly source: string;
  /** Subject of the certificate whose key signed the response. */
  readonly responder: string;
  readonly producedAt: Date;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
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
      /** Why the answer says nothing of the present; absent: it is current. */
      readonly outOfDate?: string | undefined;
      /** What in the answer cannot be understood; absent: nothing. */
      readonly notUnderstood?: string | undefined;
    }
  /** `problems`: why the responses looked at did not tell. `isAnswer`: a responder that may say so does not know the certificate. */
  | { readonly status: 'unknown'; readonly problems: readonly string[]; readonly isAnswer?: boolean };

export interface OcspLimits {
  /** What the responder's clock may be ahead of or behind ours; each second keeps a stale answer alive. */
  readonly clockSkew: Seconds;
  /**
   * The greatest age of an answer, whatever its nextUpdate says; answers without nextUpdate live so long.
   * 0: nextUpdate alone governs, and answers without it are refused.
   */
  readonly maximumAge: Seconds;
}

export interface OcspContext extends ResponderContext {
  readonly limits: OcspLimits;
  /** An answer whose thisUpdate is longer ago does not count; 0: any age within the limits. */
  readonly freshness: Seconds;
  /** For so many seconds an answer counts still after its end, or after it grew too old, for allowWithinGrace; else 0. */
  readonly grace: Seconds;
}

/** @throws BudgetExceededError */
export async function checkOcspResponse(
  response: OcspResponse,
  subject: Subject,
  context: OcspContext,
): Promise<OcspStatus> {
  const { source, producedAt } = response;
  const unknown = (problem: string): OcspStatus => ({ status: 'unknown', problems: [`${source}: ${problem}`] });
  const told = mostTelling(response, subject, context);
  if (typeof told === 'string') return unknown(told);
  const { single, end, outOfDate, notUnderstood } = told;
  const { certStatus, thisUpdate, nextUpdate } = single;
  const fault = notUnderstood ?? outOfDate;
  if (fault !== undefined && !isListing(told, context)) return unknown(fault);
  const responder = await findResponder(response, subject, context);
  if (typeof responder === 'string') return unknown(responder);
  const evidence: OcspEvidence = {
    source,
    responder: formatRfc4514(responder.subject),
    producedAt,
    thisUpdate,
    nextUpdate,
    validUntil: end,
  };
  if (certStatus.status === 'unknown')
    return { status: 'unknown', problems: [`${source}: the responder does not know the certificate`], isAnswer: true };
  return { ...certStatus, evidence, ...defined({ outOfDate, notUnderstood }) };
}

/** Why a response to a request with a nonce is not believed; undefined when it may be. */
export function nonceProblem(response: OcspResponse, sent: Buffer, isRequired: boolean): string | undefined {
  const { nonce, source } = response;
  if (!nonce) return isRequired ? `${source}: it lacks the nonce of the request` : undefined;
  return nonce.equals(sent) ? undefined : `${source}: its nonce is not that of the request`;
}

/** A single response with its time. */
interface TimedResponse {
  readonly single: SingleResponse;
  /** Until when it holds. */
  readonly end: Date;
  readonly outOfDate?: string;
  /** What in it, or in the response around it, cannot be understood. */
  readonly notUnderstood?: string;
  /** Whether it holds only later. */
  readonly isAhead?: true;
}

/**
 * The single response about the subject that counts: one that revokes for ever, however old; then of the current ones one that does not
 * know the certificate, and the newest; then a hold that nothing current lifts. A string: why there is none.
 */
function mostTelling(response: OcspResponse, subject: Subject, context: OcspContext): TimedResponse | string {
  const singles = singlesFor(response, subject);
  if (typeof singles === 'string') return singles;
  const told = singles
    .map((single): TimedResponse => {
      const notUnderstood = response.notUnderstood ?? single.notUnderstood;
      const found = toldAt(single, response.producedAt, context);
      return notUnderstood === undefined ? found : { ...found, notUnderstood };
    })
    .toSorted((left, right) => right.single.thisUpdate.getTime() - left.single.thisUpdate.getTime());
  const current = told.filter(({ outOfDate, notUnderstood }) => (outOfDate ?? notUnderstood) === undefined);
  const listings = told.filter((entry) => isListing(entry, context));
  return (
    listings.find(isRevocation) ??
    current.find(({ single }) => single.certStatus.status === 'unknown') ??
    newestOf([...listings, ...current]) ??
    told[0] ??
    'it speaks of other certificates only'
  );
}

/** Of equals the earlier. */
function newestOf(told: readonly TimedResponse[]): TimedResponse | undefined {
  return told.reduce<TimedResponse | undefined>(
    (newest, entry) => (newest && newest.single.thisUpdate >= entry.single.thisUpdate ? newest : entry),
    undefined,
  );
}

/** Whether it says revoked of now or of a time before; what holds only later says so of what was revoked by now. */
function isListing(told: TimedResponse, { time }: OcspContext): boolean {
  const { certStatus } = told.single;
  if (certStatus.status !== 'revoked') return false;
  return !told.isAhead || (isRevocation(told) && certStatus.revocationDate <= time);
}

/** What is revoked for any reason but a hold stays so, however old the answer is. */
function isRevocation({ single: { certStatus } }: TimedResponse): boolean {
  return certStatus.status === 'revoked' && !mayBeLifted(certStatus.reason);
}

function singlesFor({ responses }: OcspResponse, { certificate, issuer }: Subject): readonly SingleResponse[] | string {
  if (certificate.issuer.key !== issuer.subject.key) return 'the issuer has another name than the certificate says';
  try {
    return responses.filter(({ certId }) => certId && sameCertId(certId, certIdOf(certificate, issuer, certId.hash)));
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}

/** RFC 6960 4.2.2.1. */
function toldAt(single: SingleResponse, producedAt: Date, context: OcspContext): TimedResponse {
  const { time, limits, freshness, grace } = context;
  const { thisUpdate, nextUpdate } = single;
  const oldest = limits.maximumAge > 0 ? thisUpdate.getTime() + limits.maximumAge * 1000 : Infinity;
  const end = Math.min(nextUpdate?.getTime() ?? Infinity, oldest);
  const told = { single, end: end === Infinity ? thisUpdate : new Date(end) };
  const outOfDate = (problem: string): TimedResponse => ({ ...told, outOfDate: problem });
  const ahead = (problem: string): TimedResponse => ({ ...outOfDate(problem), isAhead: true });
  const now = time.getTime();
  const skew = limits.clockSkew * 1000;
  if (thisUpdate.getTime() > now + skew) return ahead(`it begins to hold only at ${thisUpdate.toISOString()}`);
  if (producedAt.getTime() > now + skew) return ahead(`it says that it was made at ${producedAt.toISOString()}`);
  if (end === Infinity) return outOfDate('it does not say when newer information will be there');
  if (now > end + skew + grace * 1000) return outOfDate(`it held until ${told.end.toISOString()}`);
  const ageSeconds = (now - thisUpdate.getTime()) / 1000;
  if (freshness > 0 && ageSeconds > freshness + limits.clockSkew + grace)
    return outOfDate(`it is older than ${freshness} s`);
  return told;
}
