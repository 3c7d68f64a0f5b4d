/** The one transfer that may run on a control connection, and how it is given up: by ABOR, by the end of the connection, by the server. */

export class RunningTransfer {
  #current: { readonly abort: AbortController; readonly over: Promise<void> } | undefined;

  get isRunning(): boolean {
    return this.#current !== undefined;
  }

  /** @param work is told by its signal that it is given up, and ends soon after */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const over = Promise.withResolvers<void>();
    this.#current = { abort, over: over.promise };
    try {
      return await work(abort.signal);
    } finally {
      this.#current = undefined;
      over.resolve();
    }
  }

  giveUp(): void {
    this.#current?.abort.abort();
  }

  /** Gives it up and waits until it has been answered. @returns false when none runs */
  async giveUpAndWait(): Promise<boolean> {
    if (!this.#current) return false;
    const { abort, over } = this.#current;
    abort.abort();
    await over;
    return true;
  }
}
