/** A mistake of the person at the keyboard, or of their machine, told with what to do about it. Faults of ours are other errors. */
export class CardError extends Error {
  override readonly name = 'CardError';
  /** One sentence: what to do. */
  readonly remedy: string;

  /** @param message one sentence: what is wrong, with the values. Never a PIN. */
  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}
