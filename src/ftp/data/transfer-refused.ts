/** Thrown while a transfer moves: its end cannot be trusted, or what came cannot be a file. The client is told the message. */
export class TransferRefused extends Error {
  override readonly name = 'TransferRefused';
}
