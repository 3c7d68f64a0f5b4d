/**
 * What one login may cost while certification paths are looked for. The work is driven by certificates a stranger sent, and
 * both path building and name constraints can be made exponential; whoever works counts, and the count ends the search.
 */
import type { Clock } from '../clock.ts';

/** Thrown by the search and caught by it once; never leaves this folder. */
export class BudgetExceededError extends Error {
  override readonly name = 'BudgetExceededError';
}

const limits = {
  signatures: 100,
  nameComparisons: 250_000,
  buildSteps: 2_000,
} as const;

const maximumMilliseconds = 2_000;

export type Work = keyof typeof limits;

export class Budget {
  readonly #clock: Clock;
  #deadline: number;
  readonly #spent: Record<Work, number> = { signatures: 0, nameComparisons: 0, buildSteps: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadline = clock.now().getTime() + maximumMilliseconds;
  }

  /** Counts one piece of work. @throws BudgetExceededError when there was one too many, or two seconds are over */
  spend(work: Work): void {
    this.#spent[work] += 1;
    if (this.#spent[work] > limits[work]) throw new BudgetExceededError(`more than ${limits[work]} ${work}`);
    const looksAtClock = work !== 'nameComparisons' || this.#spent[work] % 1000 === 0;
    if (looksAtClock && this.#clock.now().getTime() > this.#deadline)
      throw new BudgetExceededError(`more than ${maximumMilliseconds} ms`);
  }

  /** Waits for somebody else; the time that takes is not charged, having limits of its own. */
  async waitFor<T>(answer: Promise<T>): Promise<T> {
    const start = this.#clock.now().getTime();
    try {
      return await answer;
    } finally {
      this.#deadline += this.#clock.now().getTime() - start;
    }
  }
}
