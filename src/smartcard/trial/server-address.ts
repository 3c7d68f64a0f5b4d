/** The address of an FTPS server as people write it, and which of the two ways to TLS it means. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { printable } from '../../operations/printable.ts';

export interface ServerAddress {
  /** DNS name in its ASCII form, or IP address without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** RFC 4217: `explicit` begins in the clear and upgrades by AUTH TLS; `implicit` is TLS from the first octet. */
  readonly tls: 'explicit' | 'implicit';
}

const implicitPort = 990;
const explicitPort = 21;

/** For `--help`: what stands in the code below. */
export const addressRule =
  'ftp://host and ftpes://host use AUTH TLS on port 21; ftps://host uses TLS from the first octet on port 990, and AUTH TLS where another port than 990 is named; --explicit and --implicit decide otherwise';

/**
 * What an address means. `ftps://` names both ways in the wild; a port other than 990 is nearly always a server that
 * expects AUTH TLS.
 * @param forced decides against the rule
 * @throws RangeError, with what is wrong, for anything but scheme, host and port
 */
export function parseServerAddress(text: string, forced?: ServerAddress['tls']): ServerAddress {
  const match = /^(?:(ftp|ftps|ftpes):\/\/)?(\[[0-9a-fA-F:.]+\]|[\p{L}\p{N}._-]+)(?::(\d{1,5}))?\/?$/iu.exec(text);
  const [, scheme = 'ftps', bracketed = '', portText] = match ?? [];
  if (!match)
    throw new RangeError('write the server as ftps://host or ftps://host:port, without user, password and path');
  const named = portText === undefined ? undefined : Number(portText);
  if (named !== undefined && (named < 1 || named > 65_535)) throw new RangeError(`there is no port ${named}`);
  const usual = scheme.toLowerCase() === 'ftps' && (named ?? implicitPort) === implicitPort ? 'implicit' : 'explicit';
  const tls = forced ?? usual;
  return {
    host: hostOf(bracketed.replace(/^\[|\]$/g, '')),
    port: named ?? (tls === 'implicit' ? implicitPort : explicitPort),
    tls,
  };
}

function hostOf(text: string): string {
  if (isIP(text) !== 0) return text;
  // What only looks like a name becomes the IP address it stands for: 127.1, 0x7f000001.
  const host = domainToASCII(text).replace(/\.$/, '');
  if (isIP(host) === 0 && !/^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(host))
    throw new RangeError(`${printable(text)} is neither a name nor an IP address`);
  return host;
}

/** The address as `parseServerAddress` reads it, for people. */
export function formatServerAddress({ host, port, tls }: ServerAddress): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${name} port ${port}, ${tls === 'implicit' ? 'TLS from the first octet' : 'AUTH TLS'}`;
}
