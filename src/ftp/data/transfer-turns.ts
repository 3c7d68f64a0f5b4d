/**
 * Transfers take turns: in one turn of the event loop they move so many octets together, not so many each. What else waits for the loop,
 * the login of another client above all, waits for one step and not for a step of every transfer.
 */

/** What takes a fraction of a millisecond to encrypt, or to decrypt. */
export const octetsOfTurn = 256 * 1024;

interface Waiting {
  readonly octets: number;
  readonly go: () => void;
}

export class TransferTurns {
  readonly #waiting: Waiting[] = [];

  /** @param octets that the caller moves next. Resolves when it may, in the order of the calls */
  next(octets: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ octets, go });
      if (this.#waiting.length === 1) setImmediate(() => this.#letGo());
    });
  }

  #letGo(): void {
    let octets = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      octets += waiting.octets;
      if (count > 0 && octets > octetsOfTurn) break;
      count += 1;
      waiting.go();
    }
    this.#waiting.splice(0, count);
    if (this.#waiting.length > 0) setImmediate(() => this.#letGo());
  }
}

/** Of all transfers of the process: they share its event loop. */
export const transferTurns = new TransferTurns();
