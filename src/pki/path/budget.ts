/**
 * What one login may cost while certification paths are looked for. The work is driven by certificates a stranger sent, and
 * path building, name constraints and policies can all be made to explode. Each step of the work is counted, and the count ends the search.
 */

import type { Clock } from '../../clock.ts';
import type { Milliseconds } from '../../settings/units.ts';

/** Thrown by the search and caught by it once; never leaves this folder. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';
}

const limits = {
  signatures: 100,
  nameComparisons: 100_000,
  buildSteps: 2_000,
  policyLevels: 5_000,
} as const;

/**
 * All work together, in microseconds as `cost` estimates them. Counts alone do not do: a signature with P-521 takes fifty times
 * as long as one with RSA-2048. An honest login needs a tenth.
 */
const maximumCost = 12_000;
/** Backstop for a machine much slower than the estimates. */
const maximumMilliseconds = 2_000;

export type Work = keyof typeof limits;

export class Budget {
  readonly #clock: Clock;
  #deadline: number;
  #cost = 0;
  #waiting: AbortSignal | undefined;
  readonly #spent: Record<Work, number> = { signatures: 0, nameComparisons: 0, buildSteps: 0, policyLevels: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadline = clock.now().getTime() + maximumMilliseconds;
  }

  /**
   * Counts one piece of work.
   * @param cost an estimate for it in microseconds
   * @throws BudgetExceededError when there was one too many, when all work together costs too much, or two seconds are over
   */
  spend(work: Work, cost = 0): void {
    this.#spent[work] += 1;
    this.#cost += cost;
    if (this.#spent[work] > limits[work]) throw new BudgetExceededError(`more than ${limits[work]} ${work}`);
    if (this.#cost > maximumCost) throw new BudgetExceededError(`more work than one login may cost, last ${work}`);
    const looksAtClock = work === 'signatures' || work === 'buildSteps' || this.#spent[work] % 1000 === 0;
    if (looksAtClock && this.#clock.now().getTime() > this.#deadline)
      throw new BudgetExceededError(`more than ${maximumMilliseconds} ms`);
  }

  /** Aborts when this login has waited long enough, counted from its first call; one signal for everything it waits for. */
  waitingFor(time: Milliseconds): AbortSignal {
    this.#waiting ??= AbortSignal.timeout(time);
    return this.#waiting;
  }

  /** Waits for work outside this search. That time has limits of its own and is not charged. */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    const start = this.#clock.now().getTime();
    try {
      return await answer;
    } finally {
      this.#deadline += this.#clock.now().getTime() - start;
    }
  }
}
