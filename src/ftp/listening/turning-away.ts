/** What a client is told that the server does not take in. */
import type { Socket } from 'node:net';
import { messageOf } from '../messages.ts';
import { encodeReply, reply } from '../reply.ts';
import type { FtpSettings } from '../server-settings.ts';

/** Before TLS on an implicit binding no reply can be read, so the server sends none. */
export function turnAway(socket: Socket, tls: 'explicit' | 'implicit', lines: readonly string[]): void {
  socket.on('error', () => undefined);
  if (tls === 'implicit') {
    socket.destroy();
    return;
  }
  socket.end(encodeReply(reply('unavailable', ...lines)), () => socket.destroy());
}

/** Where a site, or the system, has no room for one more. */
export function turnAwayFull(socket: Socket, tls: 'explicit' | 'implicit', site: FtpSettings): void {
  if (site.connections.resetOnMaxConnections) socket.resetAndDestroy();
  else turnAway(socket, tls, fullLines(site));
}

/** What is said in place of a greeting, or of the answer to HOST. */
export function fullLines(site: FtpSettings): readonly string[] {
  return messageOf(site.messages, 'maxClientsMessage', { siteName: site.name });
}
