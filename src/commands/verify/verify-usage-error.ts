/** A mistake in what `cardgate verify` is asked; `message` says which. */
export class VerifyUsageError extends Error {
  override readonly name = 'VerifyUsageError';
}
