/** The settings of a site behind a firewall or a translator of addresses: the ports and the address of its data connections. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { iis } from '../../settings/iis-name.ts';
import { port } from '../../settings/values.ts';

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
    externalIp4Address: z
      .ipv4()
      .refine((address) => !/^(?:0|22[4-9]|2[345]\d)\./.test(address), {
        error: 'must be an IPv4 address that clients can connect to',
      })
      .optional()
      .describe('Address put into the reply to PASV')
      .meta(iis('ftpServer/firewallSupport@externalIp4Address')),
    /** Firewalls of clients refuse it mostly, and the server has to be let out to all of them. */
    activeMode: z
      .boolean()
      .default(false)
      .describe('PORT and EPRT: the server connects to the client, at its own address and a port from 1024 on'),
  })
  .prefault({});

export type PassivePorts = Pick<Decoded<typeof firewallSupport>, 'lowDataChannelPort' | 'highDataChannelPort'>;

/** Whether passive ports are taken out of a range, not wherever the system has a free one. */
export function hasPortRange({ lowDataChannelPort }: PassivePorts): boolean {
  return lowDataChannelPort > 0;
}
