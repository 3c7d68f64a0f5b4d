/** A CRL, OCSP response or certificate that was retrieved, and what is known of it since. */
import type { EvidenceContent } from './evidence-content.ts';
import type { RetrievalRequest, RetrievedOctets } from './retriever.ts';

export interface Evidence extends RetrievedOctets {
  readonly request: Pick<RetrievalRequest, 'kind' | 'url' | 'body'>;
  readonly retrievedAt: Date;
  /** What its octets say; goes along when evidence is confirmed. */
  readonly content: EvidenceContent;
}

/** For when evidence speaks, as itself says. */
export interface EvidencePeriod {
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
}

export interface ConfirmedEvidence extends Evidence {
  readonly period: EvidencePeriod;
}

/** What the store holds for one request. */
export interface Held {
  /** The newest that a check proved authentic, here or in another process; every user of it proves it again. */
  readonly confirmed?: ConfirmedEvidence | undefined;
  /** What came last, unless it was confirmed or rejected. */
  readonly candidate?: Evidence;
  /** When the source last answered without bringing anything that was confirmed: unproved, or nothing new. */
  readonly askedAt?: Date;
  /** Why what came last was of no use. */
  readonly problem?: string;
}
