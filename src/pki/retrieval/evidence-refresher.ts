/**
 * Retrieves evidence anew before it runs out, so that no login has to wait for that: only what logins use, a few at a time, and
 * more often the nearer the end is. What comes is a candidate until a check proves it.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Milliseconds, Seconds } from '../../settings/units.ts';
import type { EvidenceStore } from './evidence-store.ts';
import type { Evidence, EvidencePeriod } from './retrieved-evidence.ts';
import type { RetrievalPolicy, Retriever } from './retriever.ts';

export interface EvidenceRefresherOptions {
  readonly retriever: Retriever;
  readonly store: EvidenceStore;
  /** How often a CRL that is used is asked for anew although it is valid: an emergency is published ahead of time. */
  readonly interval: Milliseconds;
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
  readonly freshness: Seconds;
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
/** OCSP answers used lately, which are asked for anew when an administrator wants it. */
const maximumAnswers = 1_000;

/** What became of evidence that was asked for anew. */
export interface Renewal {
  readonly asked: number;
  /** Among these, sources that had something new. */
  readonly changed: number;
  readonly failed: number;
}

export class EvidenceRefresher {
  readonly #options: EvidenceRefresherOptions;
  readonly #watched = new LRUCache<string, Watched>({ max: maximumWatched });
  readonly #answers = new LRUCache<string, EvidenceUse>({ max: maximumAnswers });
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: EvidenceRefresherOptions) {
    this.#options = options;
  }

  /** Told whenever a login relied on evidence that a check proved authentic. */
  used(use: EvidenceUse): void {
    const { kind, url, body } = use.evidence.request;
    const key = `${kind} ${url} ${body?.toString('base64') ?? ''}`;
    if (this.#isStopped) return;
    // One OCSP response is for one certificate, which may not come back; its next login asks again.
    if (kind === 'ocsp') this.#answers.set(key, use);
    if (kind === 'ocsp' || !use.period.nextUpdate) return;
    const known = this.#watched.get(key);
    // Of several sites the one that wants it newest governs.
    if (known?.use.evidence.bytes === use.evidence.bytes && endOf(known.use) <= endOf(use)) {
      known.isUsed = true;
      return;
    }
    this.#schedule(key, use, true);
    this.#timer ??= setInterval(() => this.#tick(), tickMilliseconds).unref();
  }

  /**
   * Asks anew for everything that logins used lately, whether it is valid or not. What comes counts at the next check of each
   * certificate; what does not come leaves things as they were. Never rejects.
   */
  async renew(): Promise<Renewal> {
    const uses = [...[...this.#watched.values()].map(({ use }) => use), ...this.#answers.values()];
    const outcomes: RefreshOutcome[] = [];
    const queue = uses.values();
    const work = async () => {
      for (const use of queue) if (!this.#isStopped) outcomes.push(await this.#retrieve(use));
    };
    await Promise.all(Array.from({ length: this.#options.concurrency }, work));
    const count = (outcome: RefreshOutcome) => outcomes.filter((found) => found === outcome).length;
    return { asked: outcomes.length, changed: count('changed'), failed: count('failed') };
  }

  /** Nothing is begun any more; what is under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#watched.clear();
    this.#answers.clear();
  }

  /** Forgets what will have run out before the next chance: the login that needs it asks for it. */
  #schedule(key: string, use: EvidenceUse, isUsed: boolean): void {
    const { clock, random } = this.#options;
    const now = clock.now().getTime();
    const begin = use.period.thisUpdate.getTime();
    const end = endOf(use);
    const planned = begin + (end - begin) * (lifePart - jitterPart * random());
    const byLife = planned > now ? planned : now + Math.max(shortestWait, (end - now) / 2);
    const due = Math.min(byLife, now + this.#options.interval * (1 - jitterPart * random()));
    if (due < end) this.#watched.set(key, { use, due, isUsed, isUnderWay: false });
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
      const outcome = await this.#retrieve(watched.use);
      // Unless a login has put newer evidence in its place meanwhile.
      if (this.#watched.peek(key) === watched) this.#schedule(key, watched.use, outcome !== 'changed');
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Whether newer evidence is in the store now. */
  async #retrieve({ evidence, policy }: EvidenceUse): Promise<RefreshOutcome> {
    const { retriever, store } = this.#options;
    const { request } = evidence;
    const { confirmed } = await store.reread(request);
    if (confirmed && confirmed.bytes !== evidence.bytes) return 'changed';
    const unlimited = new AbortController().signal;
    const known = confirmed && { known: confirmed };
    const retrieved = await retriever.retrieve({ ...request, ...known }, policy, unlimited);
    if (retrieved.outcome === 'failed') return 'failed';
    return store.offer(request, retrieved).bytes === evidence.bytes ? 'unchanged' : 'changed';
  }
}

type RefreshOutcome = 'changed' | 'unchanged' | 'failed';

function endOf({ period, freshness }: EvidenceUse): number {
  const fresh = freshness > 0 ? period.thisUpdate.getTime() + freshness * 1000 : Infinity;
  return Math.min(period.nextUpdate?.getTime() ?? Infinity, fresh);
}
