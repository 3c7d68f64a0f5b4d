/**
 * Which URL may be asked, and which address: the guard against certificates that make the gateway ask servers of its own network
 * (server-side request forgery). Hosts are listed; an address that is not public has to be listed as well.
 */
import { BlockList, isIP } from 'node:net';
import type { RetrievalPolicy } from './retriever.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

const longestUrl = 2048;

/** Addresses inside an organization, which a listed host name may have (RFC 1918, 6598, 4193, and this machine). */
const privateNetworks = blockList([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '::1/128',
  'fc00::/7',
]);

/** Never because of a name: metadata services of clouds first, then what the registries of RFC 6890 call special. */
const specialNetworks = blockList([
  '169.254.0.0/16',
  '168.63.129.16/32',
  '100.100.100.200/32',
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'fe80::/10',
  '0.0.0.0/8',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);
/** Whatever IPv6 address lies outside was never given out to the public (RFC 4291 2.4); IPv4 in IPv6 clothes lies outside too. */
const globalUnicast = blockList(['2000::/3']);

/** The URL when it may be asked, otherwise why not, as a clause with the URL in it. */
export function retrievalTarget(url: string, { allowedHosts, schemes }: RetrievalPolicy): URL | string {
  const target = url.length <= longestUrl ? URL.parse(url) : null;
  if (!target) return `${url.slice(0, longestUrl)} is not a URL of up to ${longestUrl} characters`;
  const scheme = target.protocol.slice(0, -1);
  if (!schemes.some((allowed) => allowed === scheme)) return `${url} is not of a scheme that may be asked`;
  if (target.username || target.password) return `${url} holds credentials`;
  if (scheme === 'file') return target;
  if (!allowedHosts.includes(hostOf(target))) return `${url} is of a host that may not be asked`;
  return target;
}

/** Host name or address, lower case, without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.toLowerCase().replace(/^\[|\]$/g, '');
}

/** Why this address of an allowed host may not be connected to; undefined when it may. */
export function addressRefusal(
  host: string,
  { address, family }: Address,
  policy: RetrievalPolicy,
): string | undefined {
  const version = family === 6 ? 'ipv6' : 'ipv4';
  const isSpecial = specialNetworks.check(address, version) || (family === 6 && isOutsideOfGlobal(address));
  const isPrivate = privateNetworks.check(address, version);
  if (!isSpecial && !isPrivate) return undefined;
  const listed = policy.allowPrivateAddresses ?? [];
  const addresses = blockList([...listed, ...(host === address ? policy.allowedHosts : [])]);
  if (addresses.check(address, version)) return undefined;
  const byName = isPrivate && !specialNetworks.check(address, version) && listed.includes(host);
  return byName ? undefined : `${host} has the address ${address}, which is not public and not listed`;
}

function isOutsideOfGlobal(address: string): boolean {
  return !globalUnicast.check(address, 'ipv6');
}

/** Of the entries that are addresses or prefixes; others never match. */
function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', length, ...rest] = entry.split('/');
    const family = isIP(address);
    if (family === 0 || rest.length > 0) continue;
    const bits = family === 6 ? 128 : 32;
    const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : -1;
    if (prefix < 0 || prefix > bits) continue;
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
