/** Which address the reply to PASV tells a client: that of a translator of addresses before the site, or the one the client connected to. */
import { isIPv4 } from 'node:net';
import { networksOf } from '../../operations/network.ts';
import type { FirewallSupport } from './firewall-support.ts';

/** `address` and `name` are of the setting. */
export type ExternalAddress =
  | { readonly kind: 'local' }
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'name'; readonly name: string };

const local = 'local';

/** @param clientAddress IPv4, in its one spelling */
export function externalAddressFor(firewallSupport: FirewallSupport, clientAddress: string): ExternalAddress {
  const { externalAddresses, externalIp4Address } = firewallSupport;
  const entry = externalAddresses.find(({ clients }) => networksOf(clients).has(clientAddress));
  const address = entry?.address ?? externalIp4Address ?? local;
  if (address === local) return { kind: 'local' };
  return isIPv4(address) ? { kind: 'address', address } : { kind: 'name', name: address };
}

/** Names that have to be looked up. */
export function externalNamesIn({ externalAddresses }: FirewallSupport): readonly string[] {
  return externalAddresses.map(({ address }) => address).filter((address) => address !== local && !isIPv4(address));
}
