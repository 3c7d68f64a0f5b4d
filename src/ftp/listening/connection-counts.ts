/** How many connections there are, and how many of one address. */
export class ConnectionCounts {
  #total = 0;
  readonly #ofAddresses = new Map<string, number>();

  get total(): number {
    return this.#total;
  }

  /** @param address undefined: of many clients, or of none, which counts for none */
  of(address: string | undefined): number {
    return address === undefined ? 0 : (this.#ofAddresses.get(address) ?? 0);
  }

  /** Counts one. @returns to be called at its end; again it does nothing */
  enter(address: string | undefined): () => void {
    this.#total += 1;
    if (address !== undefined) this.#ofAddresses.set(address, this.of(address) + 1);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#total -= 1;
      if (address === undefined) return;
      const left = this.of(address) - 1;
      if (left > 0) this.#ofAddresses.set(address, left);
      else this.#ofAddresses.delete(address);
    };
  }
}
