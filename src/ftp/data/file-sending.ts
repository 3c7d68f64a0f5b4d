/** Sends a file from two buffers: one is read into while the other is on its way. */
import type { Socket } from 'node:net';
import type { TransferLimit } from '../bandwidth/rate-limit.ts';
import { sendingSlab, transferSlabs } from './octet-slabs.ts';
import { transferTurns } from './transfer-turns.ts';

/** What is sent: so many octets of a file from an offset. */
export interface SentFile {
  /** Reads at an offset, at most as much as the buffer holds. @returns how much it was, never 0 before the end */
  readonly readInto: (buffer: Buffer, offset: number) => Promise<number>;
  readonly start: number;
  readonly end: number;
}

export interface SendingOptions {
  /** Awaits what keeps the client waiting. */
  readonly hold: (work: Promise<number>) => Promise<number>;
  /** Absent: as fast as the client takes it. */
  readonly limit?: TransferLimit | undefined;
  /** Told of octets that the kernel has taken. */
  readonly onOctets: (count: number) => void;
}

/** @throws what reading throws, and when the connection breaks */
export async function sendFile(
  socket: Socket,
  { readInto, start, end }: SentFile,
  options: SendingOptions,
): Promise<void> {
  const wanted = Math.min(sendingSlab, end - start, options.limit?.step ?? sendingSlab);
  let current = transferSlabs.take(wanted);
  // A file that fits into one buffer needs no other.
  let other = end - start > Math.min(current.length, wanted) ? transferSlabs.take(wanted) : undefined;
  const read = (buffer: Buffer, offset: number) => {
    const step = readInto(buffer.subarray(0, Math.min(options.limit ? wanted : buffer.length, end - offset)), offset);
    // It may fail before anything waits for it.
    step.catch(() => undefined);
    return step;
  };
  let isDone = false;
  try {
    let next = start < end ? read(current, start) : Promise.resolve(0);
    for (let offset = start; offset < end; ) {
      const octets = await options.hold(next);
      offset += octets;
      if (other && offset < end) next = read(other, offset);
      if (options.limit) await options.hold(options.limit.take(octets));
      await transferTurns.next(octets);
      await writeAll(socket, current.subarray(0, octets));
      options.onOctets(octets);
      if (other) [current, other] = [other, current];
      else if (offset < end) next = read(current, offset);
    }
    isDone = true;
  } finally {
    // After a failure the kernel, TLS or the disk may still use them.
    for (const slab of other ? [current, other] : [current]) {
      if (isDone) transferSlabs.giveBack(slab);
      else transferSlabs.lose(slab);
    }
  }
}

/** Resolves when nothing of ours is needed any more. */
function writeAll(socket: Socket, octets: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(octets, (error) => (error ? reject(error) : resolve()));
  });
}
