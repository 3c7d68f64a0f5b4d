/** What every connection of a client asks of TCP. */
import type { Socket } from 'node:net';

/**
 * Shorter than routers and firewalls remember a quiet connection: a long transfer leaves the control connection quiet, and a slow
 * disk the data connection. libuv sends ten probes then, one a second, before it gives the peer up.
 */
const keepAliveMilliseconds = 60_000;

export function prepareTcp(socket: Socket): void {
  // A reply or the last record of a file must not wait for the acknowledgement of the one before it (Nagle).
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMilliseconds);
}
