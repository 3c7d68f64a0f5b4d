/**
 * Lets a connection that exists already be read into memory of ours, as net.Socket's documented option `onread` does for one that is
 * made with it. Without it Node allocates a buffer for every record it decrypts.
 */
import { Socket } from 'node:net';

/** @returns whether more is wanted */
type Taken = (octets: number) => boolean;

interface NativeStream {
  reading: boolean;
  readStart(): number;
  useUserBuffer?(buffer: Buffer): void;
}

type Internals = Socket & { [name: symbol]: unknown } & { readonly _handle?: NativeStream | null };

/** The fields behind the option, found where Node itself puts them; not in its documentation. */
const fields = (() => {
  const symbols = Object.getOwnPropertySymbols(new Socket());
  const named = (name: string) => symbols.find(({ description }) => description === name);
  const [buffer, taken, next] = ['kBuffer', 'kBufferCb', 'kBufferGen'].map(named);
  return buffer && taken && next ? { buffer, taken, next } : undefined;
})();

export interface OwnBuffer {
  /** After `taken` said that no more is wanted. */
  resume(): void;
}

/**
 * From now on what arrives goes into the buffers that `next` names, and no `data` comes.
 * @param socket whose buffered octets have been read
 * @param next room for what comes next, at least one TLS record of 16 KiB; it is asked again after every call of `taken`
 * @param taken is told how many octets lie in the room it gave; some more calls may come after it returned false
 * @returns undefined where this Node does not have it
 */
export function readIntoOwnBuffer(socket: Socket, next: () => Buffer, taken: Taken): OwnBuffer | undefined {
  const internals = socket as Internals;
  const handle = internals._handle;
  if (!fields || !handle?.useUserBuffer) return undefined;
  const first = next();
  internals[fields.taken] = taken;
  internals[fields.next] = next;
  internals[fields.buffer] = first;
  handle.useUserBuffer(first);
  return {
    resume: () => {
      const { _handle: now } = internals;
      // Behind the end of the input it stays as it is, and is never read again.
      if (!now || now.reading) return;
      now.reading = true;
      now.readStart();
    },
  };
}
