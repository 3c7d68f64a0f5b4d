/** The first network that holds an address: as a look at one after another finds it. */
import { describe, expect, it } from 'vitest';
import { AddressIndex } from '../../../../src/ftp/admission/address-index.ts';
import { Networks } from '../../../../src/operations/network.ts';
import { network } from '../../../../src/settings/networks.ts';

const list = [
  '10.1.2.3',
  undefined,
  '10.1.0.0/16',
  '2001:db8::/33',
  '10.0.0.0/8',
  '2001:db8::/32',
  '::1',
  '0.0.0.0/0',
  '::/0',
  '10.1.2.3',
].map((text) => text && network.parse(text));
const addresses = [
  '10.1.2.3',
  '10.1.2.4',
  '10.2.0.0',
  '192.0.2.1',
  '255.255.255.255',
  '2001:db8::1',
  '2001:db8:8000::',
  '::1',
  '::',
  'fe80::1%eth0',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];

describe('the first network that holds an address', () => {
  it.each(
    addresses.flatMap((address) => [list, list.slice(1), list.slice(0, 4), []].map((some) => [address, some] as const)),
  )('is for %s the same that a look at one after another finds, in %j', (address, some) => {
    const found = some.findIndex((one) => one !== undefined && new Networks([one]).has(address));
    expect(new AddressIndex(some).firstOf(address)).toBe(found < 0 ? undefined : found);
  });

  it('is none of what is no address', () => {
    expect(new AddressIndex(list).firstOf('')).toBeUndefined();
    expect(new AddressIndex(list).firstOf('localhost')).toBeUndefined();
  });
});
