/**
 * File descriptors: how many this process may open, and how many stay free for what must go on when strangers take the rest. libuv
 * closes a connection that it cannot accept without a word, so the listener has to notice before.
 */
import { readFileSync } from 'node:fs';

/** Kept from control connections: for the audit file, the log, directories and the transfers of those who are logged in. */
const mostReserved = 64;

/** How many may be open at once. Node.js has raised its soft limit to the hard one by the time it runs this; undefined: not known. */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files +(\d+) /m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** The first descriptor that no control connection may have: the system always gives the lowest that is free. */
export function firstReservedDescriptor(limit: number | undefined): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : limit - Math.min(mostReserved, Math.floor(limit / 4));
}
