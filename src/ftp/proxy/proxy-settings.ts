/** The balancers of a site that announce their clients by the PROXY protocol. */
import { z } from 'zod';
import { networksOf } from '../../operations/network.ts';
import type { Decoded } from '../../settings/decoded.ts';
import { network } from '../../settings/networks.ts';

export const proxyProtocol = z
  .strictObject({
    /** What such a balancer says of a client counts everywhere: in records, in limits, for data connections. */
    trustedAddresses: z
      .array(
        network.refine((decoded) => !decoded.endsWith('/0'), {
          error: 'must not name every address: any client could then announce another',
          params: { remedy: 'Give the addresses of the balancers alone.' },
        }),
      )
      .max(64)
      .default([])
      .describe(
        'Balancers that announce their clients by a PROXY header, version 1 or 2: addresses or networks. What comes from them without one is refused',
      ),
  })
  .prefault({});

export type ProxyProtocol = Decoded<typeof proxyProtocol>;

/** @param address of the other end of a TCP connection, in its one spelling */
export function isTrustedProxy({ trustedAddresses }: ProxyProtocol, address: string): boolean {
  return trustedAddresses.length > 0 && networksOf(trustedAddresses).has(address);
}
