/** Large octets in pieces, between which others get their turn: to copy or to hash fifty megabytes at once holds up all logins. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Takes about a millisecond to hash. */
const pieceOctets = 1024 * 1024;

/** The octets in their order, not copied. The turn passes to others before every piece but the first. */
export async function* inPieces(octets: Buffer): AsyncGenerator<Buffer, void> {
  for (let offset = 0; offset < octets.length; offset += pieceOctets) {
    if (offset > 0) await nextTurn();
    yield octets.subarray(offset, offset + pieceOctets);
  }
}

/** Like Buffer.concat. */
export async function concatInPieces(chunks: readonly Buffer[], length: number): Promise<Buffer> {
  // The first write to fresh memory costs more than the copying, so one turn may not touch all of it either.
  const whole = Buffer.allocUnsafeSlow(length);
  let offset = 0;
  let turnAt = pieceOctets;
  for (const chunk of chunks) {
    if (offset >= turnAt) {
      turnAt = offset + pieceOctets;
      await nextTurn();
    }
    offset += chunk.copy(whole, offset);
  }
  return whole;
}

/** A copy whose ArrayBuffer is its own, for another thread. */
export async function copyInPieces(octets: Buffer): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(octets.length);
  let offset = 0;
  for await (const piece of inPieces(octets)) {
    copy.set(piece, offset);
    offset += piece.length;
  }
  return copy;
}
