/** The settings of a site behind a firewall or a translator of addresses: the ports and the address of its data connections. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { iis } from '../../settings/iis-name.ts';
import { ip4Network } from '../../settings/networks.ts';
import { port } from '../../settings/values.ts';

const reachableIp4 = z.ipv4().refine((address) => isReachable(address), {
  error: 'must be an IPv4 address that clients can connect to',
});

/** RFC 1123 2.1; a last label of digits alone is of an address that was mistyped. */
const hostName = z
  .string()
  .max(253)
  .regex(/^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*(?!\d+$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/iu, {
    error: 'must be local, an IPv4 address, or the name of a host',
  })
  .transform((name) => name.toLowerCase());

const externalAddress = z.strictObject({
  clients: z.array(ip4Network).min(1).max(64).describe('Networks of clients: addresses, or such as 10.0.0.0/8'),
  address: z
    .union([reachableIp4, hostName])
    .describe('IPv4 address or host name for them; local: the address they connected to'),
});

/** Each name may be looked up at the same time, by a thread of its own. */
const maximumExternalAddresses = 16;

export const firewallSupport = z
  .strictObject({
    lowDataChannelPort: port
      .default(0)
      .describe('Lowest passive port; 0: ports of the system')
      .meta(iis('system.ftpServer/firewallSupport@lowDataChannelPort')),
    highDataChannelPort: port
      .default(0)
      .describe('Highest passive port')
      .meta(iis('system.ftpServer/firewallSupport@highDataChannelPort')),
    externalIp4Address: reachableIp4
      .optional()
      .describe('Address put into the reply to PASV, to clients that externalAddresses does not have')
      .meta(iis('ftpServer/firewallSupport@externalIp4Address')),
    /** EPSV tells no address, so that all of this is of IPv4. */
    externalAddresses: z
      .array(externalAddress)
      .max(maximumExternalAddresses)
      .default([])
      .describe(
        'Addresses put into the reply to PASV, by networks of clients; the first entry that has the client counts',
      ),
    /** Firewalls of clients refuse it mostly, and the server has to be let out to all of them. */
    activeMode: z
      .boolean()
      .default(false)
      .describe('PORT and EPRT: the server connects to the client, at its own address and a port from 1024 on'),
  })
  .prefault({});

export type FirewallSupport = Decoded<typeof firewallSupport>;

export type PassivePorts = Pick<FirewallSupport, 'lowDataChannelPort' | 'highDataChannelPort'>;

/** Whether passive ports are taken out of a range, not wherever the system has a free one. */
export function hasPortRange({ lowDataChannelPort }: PassivePorts): boolean {
  return lowDataChannelPort > 0;
}

/** Whether a client could connect to an IPv4 address: none of this network, of a group, or reserved. */
export function isReachable(address: string): boolean {
  return !/^(?:0|22[4-9]|2[345]\d)\./.test(address);
}
