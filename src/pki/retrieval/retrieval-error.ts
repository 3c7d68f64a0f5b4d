/** Thrown by whatever retrieves and caught by the retriever; its message is a clause for the operator. Never leaves this folder. */
export class RetrievalError extends Error {
  override readonly name = 'RetrievalError';
}
