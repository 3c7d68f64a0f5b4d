/**
 * File descriptors: how many this process may open, and how many stay free for what must go on when strangers take the rest. libuv
 * closes a connection that it cannot accept without a word, so the listener has to notice before.
 */
import { readFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { CountedWarnings } from './counted-warnings.ts';
import type { Logger } from './log.ts';

/** Kept from connections that strangers make: for the audit file, the log, directories and the transfers of those who are logged in. */
const mostReserved = 64;
/** What a passive listener leaves for its transfer: the data connection, the file, and the directories on the way to it. */
const neededByTransfer = 6;
/** Lines in full of connections that were turned away, in a minute. */
const refusalsInFull = 10;

/** Read once: to read it takes a descriptor. */
let knownLimit: number | undefined;

/** How many may be open at once. Node.js has raised its soft limit to the hard one by the time it runs this; undefined: not known. */
export function descriptorLimit(): number | undefined {
  knownLimit ??= readLimit();
  return knownLimit;
}

function readLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** The first descriptor that no connection of a stranger may have: the system always gives the lowest that is free. */
function firstReservedDescriptor(limit: number | undefined): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : limit - Math.min(mostReserved, Math.floor(limit / 4));
}

/** The reserve of a listener. */
export class DescriptorReserve {
  readonly #limit = descriptorLimit();
  readonly #first = firstReservedDescriptor(this.#limit);
  readonly #warnings = new CountedWarnings(refusalsInFull);

  /** @returns whether a connection that was just accepted leaves the reserve alone; if not, the log says so */
  admits(socket: Socket, logger: Logger, remoteAddress: string): boolean {
    const open = descriptorOf(socket);
    if (open < this.#first) return true;
    const remedy = 'Raise LimitNOFILE= of the service, or lower maxConnections.';
    this.#warnings.warn(logger, 'descriptors-nearly-used-up', { remoteAddress, open, limit: this.#limit, remedy });
    return false;
  }

  /** Tells what was counted since the last time. */
  close(): void {
    this.#warnings.endWindow();
  }
}

/**
 * Without a descriptor for it, libuv closes the connection that a listener waits for, and tells neither side why.
 * @returns whether a transfer over this listener still finds descriptors
 */
export function leavesRoomForTransfer(listener: Server): boolean {
  const limit = descriptorLimit();
  return limit === undefined || descriptorOf(listener) < limit - neededByTransfer;
}

/** The number of the descriptor, of which only the handle beneath knows; -1 when it is closed already. */
function descriptorOf(open: Socket | Server): number {
  const { _handle: handle } = open as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd ?? -1;
}
