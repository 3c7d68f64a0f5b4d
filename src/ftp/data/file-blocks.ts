/** A file read piece by piece, where its octets do not go to the connection as they are. */
import type { SentFile } from './file-sending.ts';
import { transferSlabs } from './octet-slabs.ts';
import { transferTurns } from './transfer-turns.ts';

/** Octets at a time, where they do not matter. */
const usualBlock = 64 * 1024;

/**
 * @param wanted octets at a time
 * @returns pieces in one buffer, each valid until the next is asked for. What the caller makes of one is its step in the turns of all
 * transfers.
 * @throws what reading throws
 */
export async function* fileBlocks({ readInto, start, end }: SentFile, wanted = usualBlock): AsyncGenerator<Buffer> {
  const slab = transferSlabs.take(wanted);
  let isReading = false;
  try {
    for (let offset = start; offset < end; ) {
      isReading = true;
      const octets = await readInto(slab.subarray(0, Math.min(slab.length, end - offset)), offset);
      isReading = false;
      offset += octets;
      await transferTurns.next(octets);
      yield slab.subarray(0, octets);
    }
  } finally {
    // A read that was given up may still write into it.
    if (isReading) transferSlabs.lose(slab);
    else transferSlabs.giveBack(slab);
  }
}
