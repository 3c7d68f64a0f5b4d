/**
 * Which addresses a site serves (IIS: ipSecurity): the first entry that an address or its name matches decides, and allowUnlisted where none
 * does. What cannot be found out about a name never lets a client in.
 */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { type IisName, iis } from '../../settings/iis-name.ts';
import { network } from '../../settings/networks.ts';
import { AddressIndex } from './address-index.ts';

const inSection = (attribute: string) => iis(`system.ftpServer/security/ipSecurity${attribute}` as IisName);

const addressEntry = z
  .strictObject({
    ipAddress: network
      .optional()
      .describe('An address, or a network such as 10.0.0.0/8 or 2001:db8::/32')
      .meta(inSection('/add@ipAddress')),
    /** Decoded to lower case, without the star. */
    domainName: z
      .string()
      .max(253)
      .regex(/^(?:\*?\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/iu, {
        error: 'must be a host or domain, such as *.example.com',
      })
      .transform((text) => text.toLowerCase().replace(/^\*/u, ''))
      .optional()
      .describe('A host by its name, or with *. before it all hosts below a domain')
      .meta(inSection('/add@domainName')),
    allowed: z.boolean().default(false).describe('Whether such clients are served').meta(inSection('/add@allowed')),
  })
  .refine(({ ipAddress, domainName }) => (ipAddress === undefined) !== (domainName === undefined), {
    error: 'must have either ipAddress or domainName',
    params: { remedy: 'Give ipAddress or domainName, and for several clients an entry each.' },
  });

export const ipSecurity = z
  .strictObject({
    allowUnlisted: z
      .boolean()
      .default(true)
      .describe('Whether clients are served whose address is not listed')
      .meta(inSection('@allowUnlisted')),
    /** `refuse` on an implicit binding closes the connection without a word: before TLS no reply can be read. */
    denyAction: z
      .enum(['refuse', 'reset', 'refuseLogin'])
      .default('refuse')
      .describe(
        'What becomes of others. refuse: 421; reset: RST, as if no server were there; refuseLogin: 530 at USER',
      ),
    reverseNameTimeout: duration('100ms', '30s')
      .prefault('3s')
      .describe('How long a client waits for the look-up of its name, where an entry has domainName'),
    entries: z.array(addressEntry).max(10_000).default([]).describe('The first that matches a client counts'),
  })
  .prefault({})
  .describe('Which addresses are served');

export type IpSecurity = Decoded<typeof ipSecurity>;
export type DenyAction = IpSecurity['denyAction'];

/**
 * What the name servers say of an address. `claimed`: names that its owner gave it, which prove nothing; `confirmed`: those of them that lead
 * back to it. `unknown`: no answer that can be believed.
 */
export type ReverseNames =
  | { readonly outcome: 'known'; readonly claimed: readonly string[]; readonly confirmed: readonly string[] }
  | { readonly outcome: 'unknown'; readonly reason: string };

export type AddressVerdict =
  | { readonly outcome: 'admitted' }
  | { readonly outcome: 'denied'; readonly entry?: string; readonly why: string; readonly names?: readonly string[] }
  /** The names of the address decide. */
  | { readonly outcome: 'names-needed' };

const admitted: AddressVerdict = { outcome: 'admitted' };

/**
 * The entry that decides is found by the lengths of networks that the list has, not one after another: it may have thousands, and strangers
 * are judged by it.
 * @param address in its one spelling @param names absent: not looked up yet
 */
export function judgeAddress(list: IpSecurity, address: string, names?: ReverseNames): AddressVerdict {
  const { entries, allowUnlisted } = list;
  const { addresses, named } = indexOf(list);
  const first = addresses.firstOf(address);
  for (const { index, domain, allowed } of named) {
    if (first !== undefined && first < index) break;
    if (!names) return { outcome: 'names-needed' };
    if (names.outcome === 'unknown') {
      // An entry that denies may be for this client, and one that allows must not guess.
      if (!allowed)
        return { outcome: 'denied', entry: domain, why: `its name could not be looked up: ${names.reason}` };
      continue;
    }
    const counted = allowed ? names.confirmed : names.claimed;
    if (counted.some((name) => isBelow(name, domain)))
      return allowed ? admitted : { ...deniedBy(domain), names: counted };
  }
  const deciding = first === undefined ? undefined : entries[first];
  if (deciding) return deciding.allowed ? admitted : deniedBy(deciding.ipAddress ?? '');
  return allowUnlisted ? admitted : { outcome: 'denied', why: 'no entry is for it, and allowUnlisted is false' };
}

function deniedBy(entry: string) {
  return { outcome: 'denied', entry, why: `the entry ${entry} denies it` } as const;
}

/** @param domain with a dot before it: all below it */
function isBelow(name: string, domain: string): boolean {
  return domain.startsWith('.') ? name.endsWith(domain) : name === domain;
}

interface EntryIndex {
  readonly addresses: AddressIndex;
  /** In their order. */
  readonly named: readonly { readonly index: number; readonly domain: string; readonly allowed: boolean }[];
}

const indexes = new WeakMap<IpSecurity, EntryIndex>();

function indexOf(list: IpSecurity): EntryIndex {
  const index = indexes.get(list) ?? {
    addresses: new AddressIndex(list.entries.map(({ ipAddress }) => ipAddress)),
    named: list.entries.flatMap(({ domainName, allowed }, place) =>
      domainName === undefined ? [] : [{ index: place, domain: domainName, allowed }],
    ),
  };
  indexes.set(list, index);
  return index;
}
