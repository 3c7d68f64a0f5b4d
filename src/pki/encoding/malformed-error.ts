/** The one error of the parsers in this folder: what was read is not what the standard allows. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}
