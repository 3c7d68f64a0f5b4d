/**
 * What was retrieved, kept in memory for every site and, when a check proved it authentic, in files that outlive the process.
 * Beside proved evidence stands at most one candidate that is not, so that a lying server never displaces what is good.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import type { Octets } from '../../settings/units.ts';
import { EvidenceContent } from './evidence-content.ts';
import { EvidenceDirectory, type EvidenceDirectoryOptions } from './evidence-directory.ts';
import type { Evidence, EvidencePeriod, Held } from './retrieved-evidence.ts';
import type { RetrievalRequest, RetrievedOctets } from './retriever.ts';

export interface EvidenceStoreOptions {
  /** Memory for all evidence, in octets; what was not used for longest goes first. */
  readonly memory: Octets;
  /** Absent: nothing outlives the process. */
  readonly directory?: EvidenceDirectoryOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an entry costs beside its octets: parsed facts, and the index of a CRL at its largest. */
const overheadFactor = 1.5;
const overheadOctets = 2_000;

const nothing: Held = {};

export class EvidenceStore {
  readonly #clock: Clock;
  readonly #memory: LRUCache<string, Held>;
  readonly #directory: EvidenceDirectory | undefined;
  /** One reading at a time for each key. */
  readonly #reading = new Map<string, Promise<Held>>();
  readonly #writing = new Set<Promise<void>>();

  constructor({ memory, directory, clock, logger }: EvidenceStoreOptions) {
    this.#clock = clock;
    this.#memory = new LRUCache({ maxSize: memory, sizeCalculation: sizeOf });
    this.#directory = directory && new EvidenceDirectory(directory, { clock, logger });
  }

  /** From memory, and at the first use of a request from its file. */
  async held(request: RetrievalRequest): Promise<Held> {
    return this.#memory.get(keyOf(request)) ?? this.reread(request);
  }

  /** From the file when it is newer than what memory holds: another process may have been faster. For when time is not short. */
  async reread(request: RetrievalRequest): Promise<Held> {
    const key = keyOf(request);
    const reading = this.#reading.get(key) ?? this.#read(key, request).finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }

  /** Takes in what was just retrieved: as what is confirmed already when it is that, otherwise as the candidate. */
  offer(request: RetrievalRequest, { bytes, validators }: RetrievedOctets): Evidence {
    const key = keyOf(request);
    const { confirmed, candidate } = this.#memory.get(key) ?? nothing;
    const askedAt = this.#clock.now();
    const { kind, url, body } = request;
    // Octets that are known already stay the same evidence, together with what was read from them.
    const same = [confirmed, candidate].find((evidence) => evidence?.bytes.equals(bytes));
    const asked = { kind, url, body };
    const evidence: Evidence = same ?? {
      request: asked,
      content: new EvidenceContent(bytes, asked),
      bytes,
      validators,
      retrievedAt: askedAt,
    };
    const isConfirmed = evidence === confirmed;
    this.#memory.set(key, { confirmed, ...(!isConfirmed && { candidate: evidence }), askedAt });
    return evidence;
  }

  /** Told that a candidate is not what was asked for. What is confirmed stays. */
  reject({ request, bytes }: Evidence, problem: string): void {
    const key = keyOf(request);
    const { candidate, ...others } = this.#memory.get(key) ?? nothing;
    if (candidate?.bytes === bytes) this.#memory.set(key, { ...others, problem });
  }

  /** Told that a check proved this evidence authentic. Older evidence never takes the place of newer. */
  confirm(evidence: Evidence, period: EvidencePeriod): void {
    const key = keyOf(evidence.request);
    // The answer helped, so that nothing is put up with: once it grows too old, it may be asked for anew at once.
    const { confirmed, candidate, askedAt: _, ...others } = this.#memory.get(key) ?? nothing;
    if (candidate?.bytes !== evidence.bytes) return;
    if (confirmed && period.thisUpdate < confirmed.period.thisUpdate) return;
    const entry = { ...candidate, period };
    this.#memory.set(key, { ...others, confirmed: entry });
    if (this.#directory) this.#track(this.#directory.write(key, entry));
  }

  /** Resolves when everything that is being written is. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  #track(writing: Promise<void>): void {
    const tracked = writing.finally(() => this.#writing.delete(tracked));
    this.#writing.add(tracked);
  }

  async #read(key: string, request: RetrievalRequest): Promise<Held> {
    const stored = await this.#directory?.read(key, request);
    const held = this.#memory.get(key) ?? nothing;
    const isNewer = stored && (!held.confirmed || stored.period.thisUpdate > held.confirmed.period.thisUpdate);
    const known = isNewer ? { ...held, confirmed: stored } : held;
    // What is not there is remembered too, so that the next login reads nothing.
    this.#memory.set(key, known);
    return known;
  }
}

function keyOf({ kind, url, body }: RetrievalRequest): string {
  return `${kind} ${url} ${body?.toString('base64') ?? ''}`;
}

function sizeOf({ confirmed, candidate }: Held): number {
  const octets = (confirmed?.bytes.length ?? 0) + (candidate?.bytes.length ?? 0);
  return Math.ceil(octets * overheadFactor) + overheadOctets;
}
