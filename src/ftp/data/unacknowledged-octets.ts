/**
 * Octets that a TCP connection has sent and its peer has not acknowledged, out of Linux's own table. Nothing else tells: the kernel
 * takes megabytes at once for a slow peer, and says that it takes more only when a third of them has gone.
 */
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** One reading serves every transfer that asks within this time; the kernel walks over all its sockets for it. */
const sharedMilliseconds = 250;

interface Reading {
  readonly at: number;
  readonly text: Promise<string>;
}

const tables = { IPv4: '/proc/self/net/tcp', IPv6: '/proc/self/net/tcp6' } as const;
const readings = new Map<keyof typeof tables, Reading>();

/**
 * @param notBefore by `performance.now()`: a reading that others share must not have begun before; default: any will do
 * @returns undefined where the table cannot be read or does not hold the connection
 */
export async function unacknowledgedOctets(
  socket: Socket,
  notBefore = Number.NEGATIVE_INFINITY,
): Promise<number | undefined> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (!localAddress || !localPort || !remoteAddress || !remotePort) return undefined;
  const text = await tableOf(localAddress.includes(':') ? 'IPv6' : 'IPv4', notBefore);
  const names = ` ${tableEndpoint(localAddress, localPort)} ${tableEndpoint(remoteAddress, remotePort)} `;
  const found = text.indexOf(names);
  if (found < 0) return undefined;
  // `01 00000A2B:00000000`: the state, then octets to send and to read
  const start = found + names.length;
  return Number.parseInt(text.slice(start + 3, start + 11), 16);
}

function tableOf(family: keyof typeof tables, notBefore: number): Promise<string> {
  const now = performance.now();
  const last = readings.get(family);
  if (last && last.at >= notBefore && Math.abs(now - last.at) < sharedMilliseconds) return last.text;
  const text = readFile(tables[family], 'latin1').catch(() => '');
  readings.set(family, { at: now, text });
  return text;
}

/** As the table spells it: words of 32 bits in the order of the machine, then the port. */
export function tableEndpoint(address: string, port: number): string {
  const bytes = address.includes(':') ? ipv6Bytes(address) : Buffer.from(address.split('.').map(Number));
  if (endianness() === 'LE') bytes.swap32();
  return `${bytes.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** @param address as Node tells it, so it is well formed; a zone is no part of the table */
function ipv6Bytes(address: string): Buffer {
  // In a URL an embedded IPv4 address becomes two words.
  const plain = new URL(`http://[${address.replace(/%.*/u, '')}]`).hostname.slice(1, -1);
  const [front = [], back = []] = plain.split('::').map((words) => words.split(':'));
  const zeros = Array<string>(8 - front.length - back.length).fill('');
  return Buffer.from([...front, ...zeros, ...back].map((word) => word.padStart(4, '0')).join(''), 'hex');
}
