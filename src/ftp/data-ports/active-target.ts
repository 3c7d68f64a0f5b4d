/**
 * Where a client of active mode wants its data connection: the argument of PORT (RFC 959 4.1.2) or EPRT (RFC 2428 2), and whether the
 * server may go there. It never names a third host or a port of a system service, so the server is no tool of a bounce attack
 * (RFC 2577 3).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { type Denial, denial } from '../../denial.ts';
import { plainAddress } from '../../operations/network.ts';

export interface ActiveTarget {
  /** In its one spelling, without a zone. */
  readonly address: string;
  readonly port: number;
}

/** `other-protocol`: of a network protocol that no address here is of. */
export type ParsedTarget =
  | { readonly outcome: 'target'; readonly target: ActiveTarget }
  | { readonly outcome: 'malformed' }
  | { readonly outcome: 'other-protocol' };

const malformed = { outcome: 'malformed' } as const;
const otherProtocol = { outcome: 'other-protocol' } as const;

/** Address family numbers of IANA, as RFC 2428 has them. */
const ofProtocol: Readonly<Record<string, (text: string) => boolean>> = { '1': isIPv4, '2': isIPv6 };

/** Ports below are of services that the system starts (RFC 2577 3). */
const firstFreePort = 1024;
const lastPort = 65_535;

/** @param argument `h1,h2,h3,h4,p1,p2` */
export function parsePort(argument: string): ParsedTarget {
  if (!/^\d{1,3}(?:,\d{1,3}){5}$/u.test(argument)) return malformed;
  const numbers = argument.split(',').map(Number);
  if (numbers.some((number) => number > 255)) return malformed;
  const [high = 0, low = 0] = numbers.slice(4);
  return { outcome: 'target', target: { address: numbers.slice(0, 4).join('.'), port: high * 256 + low } };
}

/** @param argument `|protocol|address|port|`, with any printable character for the bar */
export function parseExtendedPort(argument: string): ParsedTarget {
  const [delimiter = ''] = argument;
  if (!/^[!-/:-~]$/u.test(delimiter)) return malformed;
  const [before, protocol = '', address = '', port = '', after, ...more] = argument.split(delimiter);
  if (before !== '' || after !== '' || more.length > 0) return malformed;
  if (!/^\d{1,5}$/u.test(protocol) || !/^\d{1,5}$/u.test(port) || Number(port) > lastPort) return malformed;
  const isOfProtocol = ofProtocol[Number(protocol)];
  if (!isOfProtocol) return otherProtocol;
  if (!isOfProtocol(address)) return malformed;
  return { outcome: 'target', target: { address: withoutZone(plainAddress(address)), port: Number(port) } };
}

/** Whether both are of one IP version. An IPv4 address that is mapped into IPv6 is an IPv4 address. */
export function isSameProtocol(one: string, other: string): boolean {
  return isIPv4(one) === isIPv4(other);
}

/** @param clientAddress of the control connection @returns why the server does not go there; undefined: it may */
export function judgeTarget({ address, port }: ActiveTarget, clientAddress: string): Denial | undefined {
  const facts = { address, port, controlAddress: clientAddress };
  // Each side has names of its own for the zones of an address.
  if (address !== withoutZone(clientAddress)) {
    const detail = `The client wanted its data connection at ${address}, and is ${clientAddress} itself.`;
    return denial('active-address-refused', detail, facts);
  }
  if (port < firstFreePort) {
    const detail = `The client wanted its data connection at port ${port}; ports from ${firstFreePort} on are allowed.`;
    return denial('active-port-refused', detail, facts);
  }
  return undefined;
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/u, '');
}
