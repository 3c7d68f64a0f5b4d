/** So many questions to a hook at a time; a bounded number waits, each until its own deadline. */

interface Waiting {
  readonly start: () => void;
}

export class HookTurns {
  readonly #maximumConcurrent: number;
  readonly #maximumWaiting: number;
  #running = 0;
  readonly #waiting: Waiting[] = [];

  constructor(maximumConcurrent: number, maximumWaiting: number) {
    this.#maximumConcurrent = maximumConcurrent;
    this.#maximumWaiting = maximumWaiting;
  }

  /** @param signal ends the wait @throws Error when too many wait; the reason of the signal */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.start();
      else this.#running -= 1;
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running < this.#maximumConcurrent) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#maximumWaiting) throw new Error('too many questions wait for a turn');
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(waiting);
    });
  }
}
