/** So many pieces of work at a time, in the order in which they come. */
export class WorkSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param count of slots */
  constructor(count: number) {
    this.#free = count;
  }

  /** Runs the work when it has a slot. @throws what the work throws */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
