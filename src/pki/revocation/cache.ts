/**
 * CRLs retrieved by URL, kept in memory within a bound of octets. A CRL stays until its next update is due, but only once a
 * check has proved it authentic: what anybody on the network may have put there is asked for again soon, as failures are.
 */
import { LRUCache } from 'lru-cache';
import type { CertificateRevocationList } from '../crl.ts';

interface CachedCrl {
  /** The newest CRL that was retrieved from there, if any. */
  readonly crl?: CertificateRevocationList;
  /** Why the last retrieval failed. */
  readonly problem?: string;
  /** Milliseconds since 1970 before which nothing is retrieved again. */
  readonly retryAfter: number;
}

/** What an entry costs beside the octets of its DER: parsed facts, and the index at its largest. */
const overheadFactor = 1.5;
const overheadOctets = 2_000;

export class CrlCache {
  readonly #entries: LRUCache<string, CachedCrl>;
  readonly #freshnessSeconds: number;

  /** @param freshnessSeconds after this age a newer CRL is asked for although the next update is not due; 0: never */
  constructor(maximumOctets: number, freshnessSeconds: number) {
    this.#freshnessSeconds = freshnessSeconds;
    this.#entries = new LRUCache({
      maxSize: maximumOctets,
      sizeCalculation: ({ crl }) => Math.ceil((crl?.size ?? 0) * overheadFactor) + overheadOctets,
    });
  }

  get(url: string): CachedCrl | undefined {
    return this.#entries.get(url);
  }

  /** Keeps the outcome of a retrieval; a failure leaves the CRL that was there. */
  set(
    url: string,
    outcome: { readonly crl: CertificateRevocationList } | { readonly problem: string },
    retryAfter: number,
  ) {
    const crl = 'crl' in outcome ? outcome.crl : this.#entries.peek(url)?.crl;
    const problem = 'problem' in outcome ? outcome.problem : undefined;
    this.#entries.set(url, { ...(crl && { crl }), ...(problem !== undefined && { problem }), retryAfter });
  }

  /** Told that a check proved this CRL authentic. */
  confirm(crl: CertificateRevocationList): void {
    const entry = this.#entries.peek(crl.source);
    if (entry?.crl !== crl || !crl.nextUpdate) return;
    const fresh = this.#freshnessSeconds > 0 ? crl.thisUpdate.getTime() + this.#freshnessSeconds * 1000 : Infinity;
    const retryAfter = Math.max(entry.retryAfter, Math.min(crl.nextUpdate.getTime(), fresh));
    if (retryAfter !== entry.retryAfter) this.#entries.set(crl.source, { ...entry, retryAfter });
  }
}
