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
  })
  .prefault({});

export type FirewallSupport = Decoded<typeof firewallSupport>;

/** Whether passive ports are taken out of a range, not wherever the system has a free one. */
export function hasPortRange({ lowDataChannelPort }: FirewallSupport): boolean {
  return lowDataChannelPort > 0;
}
