/**
 * Makes the TCP connection of active mode, from the address that the client knows already. Its own port is any that the system has
 * free: port 20 of RFC 959 needs a privilege, and serves one connection at a time to the same port of a client.
 */
import { connect, isIPv4, type Socket } from 'node:net';
import type { Milliseconds } from '../../settings/units.ts';

export interface ActiveRoute {
  /** Local address of the control connection. */
  readonly from: string;
  /** Address of the client. */
  readonly to: string;
  readonly port: number;
  /** After which the attempt is given up. */
  readonly timeout: Milliseconds;
  readonly onConnected: (socket: Socket) => void;
  /** @param errno ETIMEDOUT also when the client was silent for `timeout`. Not called when the caller destroys the socket. */
  readonly onFailed: (errno: string) => void;
}

/** @returns a socket that nothing has been read from, and that is paused until a reader comes */
export function connectToClient({ from, to, port, timeout, onConnected, onFailed }: ActiveRoute): Socket {
  // Behind a proxy the client may have come by the other IP version; then the system chooses the address.
  const localAddress = isIPv4(from) === isIPv4(to) ? { localAddress: from } : {};
  const socket = connect({ host: to, port, ...localAddress, allowHalfOpen: true, timeout });
  socket.pause();
  const fail = (error: NodeJS.ErrnoException) => onFailed(error.code ?? error.message);
  const late = () => socket.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
  socket.once('timeout', late);
  socket.once('error', fail);
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.off('timeout', late);
    socket.off('error', fail);
    // TCP lets a socket connect to itself, where the system gave it the port that it was to connect to.
    if (socket.localPort === port && socket.localAddress === socket.remoteAddress) {
      socket.destroy();
      onFailed('ECONNREFUSED');
    } else onConnected(socket);
  });
  return socket;
}
