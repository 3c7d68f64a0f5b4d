/** Lets go of a connection so that the last octets still arrive: an alert is lost in the RST that unread input provokes. */
import type { Duplex } from 'node:stream';

/** How long the peer may take to end its side, in milliseconds. */
const lingerTime = 1000;

/** Ends our side, throws away whatever still comes, and destroys the connection when the peer has ended its side or the time is up. */
export function closeGently(socket: Duplex): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), lingerTime);
  const close = () => {
    clearTimeout(timer);
    socket.destroy();
  };
  socket.once('close', close).once('error', close).once('end', close);
  socket.end();
  socket.resume();
}
