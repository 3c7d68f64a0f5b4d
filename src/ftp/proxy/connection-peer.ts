/**
 * Who is at the other end of a TCP connection: the client itself, or the one that a trusted proxy announces. From any other address a
 * PROXY header is no header but what the client says, and TLS or the command line finds fault with it.
 */
import type { Socket } from 'node:net';
import type { Denial } from '../../denial.ts';
import { plainAddress } from '../../operations/network.ts';
import { type Milliseconds, milliseconds } from '../../settings/units.ts';
import type { ProxyHeader } from './header-reading.ts';
import { readProxyHeader } from './proxy-header.ts';

export interface ConnectionPeer {
  /** Of the client. */
  readonly remoteAddress: string;
  /** That the client connected to. */
  readonly localAddress: string;
  /** Of the trusted proxy that the connection came through. */
  readonly proxyAddress?: string;
  /** The proxy speaks for itself, as it does when it asks whether the site is there. */
  readonly isProxyItself: boolean;
}

export interface AcceptedConnection {
  readonly raw: Socket;
  readonly peer: ConnectionPeer;
  /** Where it came in, for records. */
  readonly binding: string;
  /** Why no login is granted to this address. */
  readonly addressRefusal?: Denial | undefined;
}

/** `ended`: the proxy sent nothing at all, as some do that only look whether the port is open. */
export type AnnouncedPeer =
  | { readonly outcome: 'known'; readonly peer: ConnectionPeer }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'ended' };

/** A header comes with the first segment; this leaves time for two that are lost. */
const headerTime = 5000;

export function directPeer(socket: Socket): ConnectionPeer {
  const remoteAddress = plainAddress(socket.remoteAddress ?? '');
  return { remoteAddress, localAddress: plainAddress(socket.localAddress ?? ''), isProxyItself: false };
}

/**
 * Reads the header of a connection of a trusted proxy; what comes behind it stays in the socket, which is paused.
 * @param socket that nothing has been read from
 * @param timeout of a handshake; a header has 5 seconds at most
 */
export function announcedPeer(socket: Socket, timeout: Milliseconds): Promise<AnnouncedPeer> {
  const allowed = milliseconds(Math.min(timeout, headerTime));
  const direct = directPeer(socket);
  return new Promise((resolve) => {
    let seen: Buffer = Buffer.alloc(0);
    const finish = (outcome: AnnouncedPeer) => {
      clearTimeout(timer);
      socket.off('data', onData);
      for (const event of ends) socket.off(event, onEnd);
      socket.pause();
      resolve(outcome);
    };
    const onData = (octets: Buffer) => {
      seen = Buffer.concat([seen, octets]);
      const reading = readProxyHeader(seen);
      if (reading.outcome === 'incomplete') return;
      if (reading.outcome === 'malformed') {
        finish({ outcome: 'refused', reason: reading.reason });
        return;
      }
      finish({ outcome: 'known', peer: peerOf(reading.header, direct) });
      if (seen.length > reading.octets) socket.unshift(seen.subarray(reading.octets));
    };
    const onEnd = () =>
      finish(seen.length === 0 ? { outcome: 'ended' } : { outcome: 'refused', reason: 'a part of one' });
    const late = () => finish({ outcome: 'refused', reason: `none within ${allowed} ms` });
    const timer = setTimeout(late, allowed);
    // A reset comes as an error first, and without a listener ends the process.
    socket.on('error', () => undefined);
    socket.on('data', onData);
    for (const event of ends) socket.once(event, onEnd);
    socket.resume();
  });
}

const ends = ['end', 'close'] as const;

function peerOf(header: ProxyHeader, direct: ConnectionPeer): ConnectionPeer {
  const proxyAddress = direct.remoteAddress;
  switch (header.kind) {
    case 'client':
      return {
        remoteAddress: header.source,
        localAddress: header.destination,
        proxyAddress,
        // Version 1 has no LOCAL: a proxy that asks for itself announces its own address.
        isProxyItself: header.source === proxyAddress,
      };
    case 'unknown':
      return { ...direct, proxyAddress };
    case 'local':
      return { ...direct, isProxyItself: true };
  }
}
