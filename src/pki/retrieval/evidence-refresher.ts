/**
 * Retrieves evidence anew before it runs out, so that no login has to wait for that: only what logins use, a few at a time, and
 * more often the nearer the end is. What comes is a candidate until a check proves it.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Evidence, EvidencePeriod, EvidenceStore } from './evidence-store.ts';
import type { RetrievalPolicy, Retriever } from './retriever.ts';

export interface EvidenceRefresherOptions {
  readonly retriever: Retriever;
  readonly store: EvidenceStore;
  /** How many retrievals may be under way at once. */
  readonly concurrency: number;
  /** From 0 to 1, so that many gateways do not ask at the same moment. */
  readonly random: () => number;
  readonly clock: Clock;
}

/** Evidence that a login relied on. */
export interface EvidenceUse {
  readonly evidence: Evidence;
  readonly period: EvidencePeriod;
  /** The age in seconds at which the site wants newer evidence; 0: when the next update is due. */
  readonly freshnessSeconds: number;
  readonly policy: RetrievalPolicy;
}

interface Watched {
  readonly use: EvidenceUse;
  /** Milliseconds since 1970. */
  readonly due: number;
  isUsed: boolean;
  isUnderWay: boolean;
}

const tickMilliseconds = 30_000;
/** The part of its life after which evidence is retrieved anew; issuers publish before the old runs out. */
const lifePart = 0.9;
const jitterPart = 0.05;
const shortestWait = 60_000;
const maximumWatched = 256;

export class EvidenceRefresher {
  readonly #options: EvidenceRefresherOptions;
  readonly #watched = new LRUCache<string, Watched>({ max: maximumWatched });
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: EvidenceRefresherOptions) {
    this.#options = options;
  }

  /** Told whenever a login relied on evidence that a check proved authentic. */
  used(use: EvidenceUse): void {
    const { kind, url, body } = use.evidence.request;
    // One OCSP response is for one certificate, which may not come back; its next login asks again.
    if (this.#isStopped || body || !use.period.nextUpdate) return;
    const key = `${kind} ${url}`;
    const known = this.#watched.get(key);
    if (known?.use.evidence.bytes === use.evidence.bytes && known.use.freshnessSeconds <= use.freshnessSeconds) {
      known.isUsed = true;
      return;
    }
    this.#schedule(key, use, true);
    this.#timer ??= setInterval(() => this.#tick(), tickMilliseconds).unref();
  }

  /** Nothing is begun any more; what is under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#watched.clear();
  }

  /** Forgets what will have run out before the next chance: the login that needs it asks for it. */
  #schedule(key: string, use: EvidenceUse, isUsed: boolean): void {
    const { clock, random } = this.#options;
    const now = clock.now().getTime();
    const begin = use.period.thisUpdate.getTime();
    const end = endOf(use);
    const planned = begin + (end - begin) * (lifePart - jitterPart * random());
    const due = planned > now ? planned : now + Math.max(shortestWait, (end - now) / 2);
    if (due < end && !this.#isStopped) this.#watched.set(key, { use, due, isUsed, isUnderWay: false });
    else this.#watched.delete(key);
  }

  #tick(): void {
    const now = this.#options.clock.now().getTime();
    const due = [...this.#watched.entries()].filter(([, watched]) => !watched.isUnderWay && watched.due <= now);
    for (const [key, watched] of due.sort(([, left], [, right]) => left.due - right.due)) {
      if (!watched.isUsed) this.#watched.delete(key);
      else if (this.#underWay < this.#options.concurrency) void this.#refresh(key, watched);
    }
  }

  async #refresh(key: string, watched: Watched): Promise<void> {
    watched.isUnderWay = true;
    this.#underWay += 1;
    try {
      const isAnswered = await this.#retrieve(watched.use);
      // Unless a login has put newer evidence in its place meanwhile.
      if (this.#watched.peek(key) === watched) this.#schedule(key, watched.use, !isAnswered);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Whether newer evidence is in the store now; otherwise this is to be tried again. */
  async #retrieve({ evidence, policy }: EvidenceUse): Promise<boolean> {
    const { retriever, store } = this.#options;
    const { request } = evidence;
    const { confirmed } = await store.reread(request);
    if (confirmed && confirmed.bytes !== evidence.bytes) return true;
    const unlimited = new AbortController().signal;
    const known = confirmed && { known: confirmed };
    const retrieved = await retriever.retrieve({ ...request, ...known }, policy, unlimited);
    if (retrieved.outcome === 'failed') return false;
    return store.offer(request, retrieved).bytes !== evidence.bytes;
  }
}

function endOf({ period, freshnessSeconds }: EvidenceUse): number {
  const fresh = freshnessSeconds > 0 ? period.thisUpdate.getTime() + freshnessSeconds * 1000 : Infinity;
  return Math.min(period.nextUpdate?.getTime() ?? Infinity, fresh);
}
