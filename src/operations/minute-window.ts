/** One minute of counting: it begins with the first event that is counted, and what was counted is told at its end. */

const windowMilliseconds = 60_000;

export class MinuteWindow {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param tell writes what was counted and begins anew */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Something is counted: the window is open from now on, unless it was. It does not keep the process alive. */
  open(): void {
    this.#timer ??= setTimeout(() => this.end(), windowMilliseconds).unref();
  }

  /** Ends the window now, as at the end of the process. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tell();
  }
}
