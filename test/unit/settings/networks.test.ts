/** Networks as administrators write them, and which addresses are in them. */
import { describe, expect, it } from 'vitest';
import { Networks, networksOf, plainAddress } from '../../../src/operations/network.ts';
import { ip4Network, network } from '../../../src/settings/networks.ts';

describe('networks of one family', () => {
  it.each([
    ['::/0', '192.0.2.1', false],
    ['::ffff:0:0/95', '192.0.2.1', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['0.0.0.0/0', '192.0.2.1', true],
    ['::/0', '2001:db8::1', true],
  ])('%s holds %s: %s', (one, address, isHeld) => {
    expect(new Networks([one]).has(address)).toBe(isHeld);
  });
});

describe('a network', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.6/31', '192.0.2.6/31'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['fd00:0:0:1::1', 'fd00:0:0:1::1/128'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['fe80::/010', 'fe80::/10'],
  ])('%s is %s', (text, decoded) => {
    expect(network.parse(text)).toBe(decoded);
  });

  it.each([
    ['10.1.2.3/8', 'must begin with the first address of the network'],
    ['192.0.2.7/31', 'must begin with the first address of the network'],
    ['2001:db8::1/32', 'must begin with the first address of the network'],
    ['0.0.0.1/0', 'must begin with the first address of the network'],
    ['10.0.0.0/33', 'must have a length from 0 to 32 behind the /'],
    ['10.0.0.0/', 'must have a length from 0 to 32 behind the /'],
    ['10.0.0.0/-1', 'must have a length from 0 to 32 behind the /'],
    ['::/129', 'must have a length from 0 to 128 behind the /'],
    ['::ffff:10.0.0.0/104', 'must be written as IPv4: 10.0.0.0'],
    ['10.0.0.0/255.0.0.0', 'must have a length from 0 to 32 behind the /'],
    ['10.0.0.0/8/8', 'must be an address, or a network such as 10.0.0.0/8'],
    ['fe80::1%eth0', 'must be an address, or a network such as 10.0.0.0/8'],
    ['10.0.0', 'must be an address, or a network such as 10.0.0.0/8'],
    ['office', 'must be an address, or a network such as 10.0.0.0/8'],
    ['', 'must be an address, or a network such as 10.0.0.0/8'],
  ])('is not %s: it %s', (text, fault) => {
    expect(network.safeParse(text).error?.issues.map(({ message }) => message)).toEqual([fault]);
  });

  it('of IPv6 serves nothing in PASV', () => {
    expect(ip4Network.parse('10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(ip4Network.safeParse('2001:db8::/32').success).toBe(false);
  });
});

describe('an address', () => {
  const list = ['10.0.0.0/8', '192.0.2.7/32', 'fd00::/8', 'fe80::1/128'];
  it.each([
    ['10.0.0.0', true],
    ['10.255.255.255', true],
    ['11.0.0.0', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    [plainAddress('::ffff:10.1.2.3'), true],
    ['fd12::1', true],
    ['fc00::1', false],
    ['fe80::1%eth0', true],
    ['', false],
    ['10', false],
  ])('%s is in one of the networks: %s', (address, isIn) => {
    expect(new Networks(list).has(address)).toBe(isIn);
  });

  it('is in none of no networks', () => {
    expect(new Networks([]).has('10.0.0.1')).toBe(false);
  });

  it('is looked for in what was read once for its list', () => {
    expect(networksOf(list)).toBe(networksOf(list));
    expect(networksOf([...list])).not.toBe(networksOf(list));
  });
});
