/** The name for server_name (RFC 6066 section 3): a DNS name in ASCII. IP addresses are not sent, anything else is refused. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { printable } from '../../../operations/printable.ts';

/**
 * @param server what the server is called
 * @returns the A-label form without a final dot; undefined for an IP address
 * @throws TypeError when it is neither an IP address nor a DNS name
 */
export function serverNameOf(server: string): string | undefined {
  if (isIP(server) !== 0) return undefined;
  const name = domainToASCII(server).replace(/\.$/, '');
  // URL parsing drops control characters instead of refusing them, and reads numbers as addresses.
  const isName = /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(name) && isIP(name) === 0 && !/\p{Cc}/u.test(server);
  if (!isName) throw new TypeError(`${printable(server)} is not the name of a server`);
  return name;
}
