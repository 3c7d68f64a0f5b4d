/**
 * The evidence of all sites, as one of them may use it: what lies where its own settings do not let it ask answers nothing for it, though
 * another site has asked there. Otherwise a login at one site depends on who logged in at another.
 */
import type { EvidenceStore } from './evidence-store.ts';
import { retrievalTarget } from './retrieval-target.ts';
import type { Evidence, EvidencePeriod, Held } from './retrieved-evidence.ts';
import type { RetrievalPolicy, RetrievalRequest, RetrievedOctets } from './retriever.ts';

/** What a site asks of the store. */
export type EvidenceAccess = Pick<EvidenceStore, 'held' | 'reread' | 'offer' | 'reject' | 'confirm'>;

const nothing: Held = {};

export class SiteEvidence implements EvidenceAccess {
  readonly #store: EvidenceAccess;
  readonly #policy: RetrievalPolicy;

  /** @param policy of the site */
  constructor(store: EvidenceAccess, policy: RetrievalPolicy) {
    this.#store = store;
    this.#policy = policy;
  }

  async held(request: RetrievalRequest): Promise<Held> {
    return this.#mayUse(request) ? this.#store.held(request) : nothing;
  }

  async reread(request: RetrievalRequest): Promise<Held> {
    return this.#mayUse(request) ? this.#store.reread(request) : nothing;
  }

  offer(request: RetrievalRequest, retrieved: RetrievedOctets): Evidence {
    return this.#store.offer(request, retrieved);
  }

  reject(evidence: Evidence, problem: string): void {
    this.#store.reject(evidence, problem);
  }

  confirm(evidence: Evidence, period: EvidencePeriod): void {
    this.#store.confirm(evidence, period);
  }

  #mayUse({ url }: RetrievalRequest): boolean {
    return typeof retrievalTarget(url, this.#policy) !== 'string';
  }
}
