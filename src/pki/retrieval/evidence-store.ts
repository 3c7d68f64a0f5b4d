/**
 * What was retrieved, kept within a bound of octets for every site. Beside evidence that a check proved authentic stands at most
 * one candidate that nobody has proved yet, so that a lying server can never displace what is good.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { RetrievalRequest, RetrievedOctets } from './retriever.ts';

export interface Evidence extends RetrievedOctets {
  readonly request: Pick<RetrievalRequest, 'kind' | 'url' | 'body'>;
  readonly retrievedAt: Date;
}

/** For when evidence speaks, as itself says. */
export interface EvidencePeriod {
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
}

/** What the store holds for one request. */
export interface Held {
  /** The newest that a check proved authentic. */
  readonly confirmed?: Evidence & { readonly period: EvidencePeriod };
  /** What came last, unless it was confirmed or rejected. */
  readonly candidate?: Evidence;
  /** When the source was last asked with success. */
  readonly askedAt?: Date;
  /** Why what came last was of no use. */
  readonly problem?: string;
}

export interface EvidenceStoreOptions {
  /** Memory for all evidence, in octets; what was not used for longest goes first. */
  readonly memoryOctets: number;
  readonly clock: Clock;
}

/** What an entry costs beside its octets: parsed facts, and the index of a CRL at its largest. */
const overheadFactor = 1.5;
const overheadOctets = 2_000;

const nothing: Held = {};

export class EvidenceStore {
  readonly #clock: Clock;
  readonly #memory: LRUCache<string, Held>;

  constructor({ memoryOctets, clock }: EvidenceStoreOptions) {
    this.#clock = clock;
    this.#memory = new LRUCache({ maxSize: memoryOctets, sizeCalculation: sizeOf });
  }

  async held(request: RetrievalRequest): Promise<Held> {
    return this.#memory.get(keyOf(request)) ?? nothing;
  }

  /** Takes in what was just retrieved: as what is confirmed already when it is that, otherwise as the candidate. */
  offer(request: RetrievalRequest, { bytes, validators }: RetrievedOctets): Evidence {
    const key = keyOf(request);
    const { confirmed, candidate } = this.#memory.get(key) ?? nothing;
    const askedAt = this.#clock.now();
    const same = [confirmed, candidate].find((evidence) => evidence?.bytes.equals(bytes));
    const { kind, url, body } = request;
    const evidence = same ?? {
      request: { kind, url, ...(body && { body }) },
      bytes,
      ...(validators && { validators }),
      retrievedAt: askedAt,
    };
    this.#memory.set(key, {
      ...(confirmed && { confirmed }),
      ...(evidence !== confirmed && { candidate: evidence }),
      askedAt,
    });
    return evidence;
  }

  /** Told that a candidate is not what was asked for. What is confirmed stays. */
  reject({ request }: Evidence, problem: string): void {
    const key = keyOf(request);
    const { candidate: _rejected, ...others } = this.#memory.get(key) ?? nothing;
    this.#memory.set(key, { ...others, problem });
  }

  /** Told that a check proved this evidence authentic. Older evidence never takes the place of newer. */
  confirm(evidence: Evidence, period: EvidencePeriod): void {
    const key = keyOf(evidence.request);
    const { confirmed, candidate, ...others } = this.#memory.get(key) ?? nothing;
    if (candidate?.bytes !== evidence.bytes) return;
    const isNewer = !confirmed || period.thisUpdate >= confirmed.period.thisUpdate;
    if (isNewer) this.#memory.set(key, { ...others, confirmed: { ...candidate, period } });
  }
}

function keyOf({ kind, url, body }: RetrievalRequest): string {
  return `${kind} ${url} ${body?.toString('base64') ?? ''}`;
}

function sizeOf({ confirmed, candidate }: Held): number {
  const octets = (confirmed?.bytes.length ?? 0) + (candidate?.bytes.length ?? 0);
  return Math.ceil(octets * overheadFactor) + overheadOctets;
}
