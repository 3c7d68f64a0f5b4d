/** A text in a rule that cannot be read: a fault of the rule set with what to do about it, never of a certificate. */
export class RuleSyntaxError extends Error {
  override readonly name = 'RuleSyntaxError';
  /** The known word that a misspelled one is nearest to. */
  readonly meant: string | undefined;
  constructor(message: string, meant?: string) {
    super(message);
    this.meant = meant;
  }
}
