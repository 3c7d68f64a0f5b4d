/**
 * What could not be retrieved lately: not asked again for a moment that doubles with every failure up to a bound, so that a dead source
 * costs few attempts and the first login after its return hardly waits. An outage is logged at its beginning and at its end.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import { type Milliseconds, milliseconds, type Seconds } from '../../settings/units.ts';
import type { Retrieved } from './retriever.ts';

export type Failed = Extract<Retrieved, { outcome: 'failed' }>;

interface RememberedFailure {
  readonly outcome: Failed;
  readonly wait: Milliseconds;
  /** Milliseconds since 1970. */
  readonly retryAt: number;
}

interface Outage {
  readonly began: number;
  failures: number;
}

export interface FailureMemoryOptions {
  /** The longest time, for which a failure is remembered; the first is for a second at most. */
  readonly longest: Seconds;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maximumRemembered = 1_000;
const firstWait = milliseconds(1_000);

export class FailureMemory {
  readonly #options: FailureMemoryOptions;
  readonly #failures = new LRUCache<string, RememberedFailure>({ max: maximumRemembered });
  /** By source. */
  readonly #outages = new LRUCache<string, Outage>({ max: maximumRemembered });

  constructor(options: FailureMemoryOptions) {
    this.#options = options;
  }

  /** The last failure of this name while it is too early to try again. */
  recall(name: string): Failed | undefined {
    const failure = this.#failures.peek(name);
    return failure && this.#now() < failure.retryAt ? failure.outcome : undefined;
  }

  /**
   * @param name of a request or a server; each further failure doubles the time for which it is not asked, up to the longest
   */
  remember(name: string, outcome: Failed): void {
    const { wait: last = 0 } = this.#failures.peek(name) ?? {};
    const longest = this.#options.longest * 1000;
    const wait = milliseconds(Math.min(Math.max(2 * last, firstWait), longest));
    this.#failures.set(name, { outcome, wait, retryAt: this.#now() + wait });
  }

  /** @param name that answered: it is asked again without a wait */
  forget(name: string): void {
    this.#failures.delete(name);
  }

  /** Everything may be tried again at once; outages last until something is retrieved. */
  forgetAll(): void {
    this.#failures.clear();
  }

  /** @param source the URL or server that failed; its first failure is logged */
  outageOf(source: string, reason: string): void {
    const outage = this.#outages.get(source) ?? { began: this.#now(), failures: 0 };
    outage.failures += 1;
    this.#outages.set(source, outage);
    if (outage.failures === 1) this.#options.logger.warn('retrieval-outage-began', { source, reason });
  }

  /** @param source the source that gave what was asked for */
  answered(source: string): void {
    const outage = this.#outages.peek(source);
    if (!outage) return;
    this.#outages.delete(source);
    const durationMilliseconds = Math.max(0, this.#now() - outage.began);
    const { failures } = outage;
    this.#options.logger.info('retrieval-outage-ended', { source, durationMilliseconds, failures });
  }

  #now(): number {
    return this.#options.clock.now().getTime();
  }
}
