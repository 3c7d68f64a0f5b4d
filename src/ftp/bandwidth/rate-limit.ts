/**
 * How many octets a second the transfers of one site, account or group move together: a token bucket that all of them take small steps
 * from, in the order in which they ask, so that each has the same share of it.
 */

/** Milliseconds of its rate that a limit which was not used lets pass at once. */
const burst = 100;
/** Of a second: what one step of a transfer takes. */
const stepsPerSecond = 20;
/** More than one TLS record has, and no more than a slab. */
const steps = { least: 1_024, most: 64 * 1_024 };

export class RateLimit {
  /** Octets that a transfer takes at a time. */
  readonly step: number;
  readonly #octetsPerMillisecond: number;
  readonly #now: () => number;
  /** When all that was taken has been paid for. */
  #paidAt = Number.NEGATIVE_INFINITY;

  /** @param now in milliseconds */
  constructor(octetsPerSecond: number, now: () => number = () => performance.now()) {
    this.#octetsPerMillisecond = octetsPerSecond / 1000;
    this.step = Math.min(Math.max(Math.floor(octetsPerSecond / stepsPerSecond), steps.least), steps.most);
    this.#now = now;
  }

  /** @returns milliseconds until octets that are taken now may move */
  delayOf(octets: number): number {
    const now = this.#now();
    const from = Math.max(this.#paidAt, now - burst);
    this.#paidAt = from + octets / this.#octetsPerMillisecond;
    return Math.max(0, this.#paidAt - now);
  }
}

/** What a transfer asks before it moves octets, where its site, account or group has a limit. */
export interface TransferLimit {
  readonly step: number;
  /** Resolves with so many octets when they may move. */
  take(octets: number): Promise<number>;
}

/** @returns undefined where no limit applies, so that such transfers ask nothing */
export function limitOf(limits: readonly RateLimit[]): TransferLimit | undefined {
  if (limits.length === 0) return undefined;
  return {
    step: Math.min(...limits.map(({ step }) => step)),
    take: async (octets) => {
      const delay = Math.max(...limits.map((limit) => limit.delayOf(octets)));
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      return octets;
    },
  };
}
