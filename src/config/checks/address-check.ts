/** What cannot work in a list of addresses: entries that never match, and lists that let no client in. */
import { networksOf } from '../../operations/network.ts';
import type { Settings } from '../schema.ts';
import type { ConsistencyRule } from './site-warnings.ts';

/** @param path of the section */
export function addressWarnings(
  { entries, allowUnlisted }: Settings['ipSecurity'],
  path: ConsistencyRule['path'],
): readonly ConsistencyRule[] {
  const labels = entries.map(({ ipAddress, domainName }) => ipAddress ?? domainName ?? '');
  return [
    {
      applies: !allowUnlisted && !entries.some(({ allowed }) => allowed),
      path: [...path, 'allowUnlisted'],
      message: 'no address is allowed: no client is served',
      remedy: 'List the addresses that are allowed, or set allowUnlisted to true.',
    },
    ...entries.flatMap((entry, index) => {
      const label = labels[index] ?? '';
      const before = entries.slice(0, index).findIndex((other) => holds(other, entry));
      return [
        {
          applies: before >= 0,
          path: [...path, 'entries', index],
          causes: [index, before].flatMap((place) =>
            ['ipAddress', 'domainName'].map((name) => [...path, 'entries', place, name]),
          ),
          message: `the entry ${label} never counts: the entry ${labels[before] ?? ''} before it matches the same clients`,
          remedy: 'Put it before that entry, or remove it.',
        },
        {
          applies: entry.domainName !== undefined && !entry.allowed,
          path: [...path, 'entries', index],
          message: `the owner of an address gives it its name: a client that ${label} is to keep out can take another`,
          remedy: 'Deny by address, or allow by name with allowUnlisted: false.',
        },
      ];
    }),
  ];
}

type Entry = Settings['ipSecurity']['entries'][number];

/** Whether every client of the second is one of the first. */
function holds(first: Entry, second: Entry): boolean {
  if (first.ipAddress !== undefined && second.ipAddress !== undefined) {
    const [address = '', bits] = second.ipAddress.split('/');
    const [, most] = first.ipAddress.split('/');
    return Number(bits) >= Number(most) && networksOf([first.ipAddress]).has(address);
  }
  if (first.domainName === undefined || second.domainName === undefined) return false;
  return (
    first.domainName === second.domainName ||
    (first.domainName.startsWith('.') && second.domainName.endsWith(first.domainName))
  );
}
