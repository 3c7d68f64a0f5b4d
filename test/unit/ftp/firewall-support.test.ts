/** The passive ports and the external address that a site may have. */
import { describe, expect, it } from 'vitest';
import { firewallSupport, hasPortRange } from '../../../src/ftp/data-ports/firewall-support.ts';

describe('the settings behind a firewall', () => {
  it('are ports of the system, no external address and no active mode by themselves', () => {
    const nothing = { lowDataChannelPort: 0, highDataChannelPort: 0, activeMode: false, externalAddresses: [] };
    expect(firewallSupport.parse(undefined)).toEqual(nothing);
    expect(firewallSupport.parse({})).toEqual(nothing);
  });

  it.each(['1.0.0.1', '10.1.2.3', '23.0.0.1', '100.64.0.1', '192.0.2.7', '203.0.113.5', '223.255.255.255'])(
    'may name %s, which clients can connect to',
    (externalIp4Address) => {
      expect(firewallSupport.parse({ externalIp4Address })).toMatchObject({ externalIp4Address });
    },
  );

  it.each([
    ['0.0.0.0', 'of no host'],
    ['0.1.2.3', 'of no host'],
    ['224.0.0.1', 'of a group'],
    ['229.1.2.3', 'of a group'],
    ['239.255.255.255', 'of a group'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'of all hosts'],
  ])('may not name %s, an address %s', (externalIp4Address) => {
    const { error } = firewallSupport.safeParse({ externalIp4Address });
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'must be an IPv4 address that clients can connect to',
    ]);
  });

  it.each(['2001:db8::1', 'ftp.example.test', '192.0.2.7.'])(
    'may not name %s, no IPv4 address',
    (externalIp4Address) => {
      expect(firewallSupport.safeParse({ externalIp4Address }).success).toBe(false);
    },
  );

  it.each([
    ['local', 'local'],
    ['192.0.2.7', '192.0.2.7'],
    ['FTP.Example.test', 'ftp.example.test'],
    ['a', 'a'],
    ['3com.example', '3com.example'],
  ])('may tell some clients %s', (address, decoded) => {
    const parsed = firewallSupport.parse({ externalAddresses: [{ clients: ['10.0.0.0/8'], address }] });
    expect(parsed.externalAddresses).toEqual([{ clients: ['10.0.0.0/8'], address: decoded }]);
  });

  it.each([
    [[], '192.0.2.7'],
    [['2001:db8::/32'], '192.0.2.7'],
    [['10.0.0.0/8'], '0.0.0.0'],
    [['10.0.0.0/8'], '10.0.0'],
    [['10.0.0.0/8'], '10.0.0.256'],
    [['10.0.0.0/8'], '2001:db8::1'],
    [['10.0.0.0/8'], 'ftp..example'],
    [['10.0.0.0/8'], '-ftp.example'],
    [['10.0.0.0/8'], ''],
    [['10.0.0.0/8'], `${'a'.repeat(64)}.example`],
  ])('may not tell clients of %j %j', (clients, address) => {
    expect(firewallSupport.safeParse({ externalAddresses: [{ clients, address }] }).success).toBe(false);
  });

  it('may hold nothing else', () => {
    expect(firewallSupport.safeParse({ lowPort: 1 }).success).toBe(false);
  });
});

describe('a range of passive ports', () => {
  it.each([
    [0, false],
    [1, true],
    [50_000, true],
  ])('that begins at %i is one: %s', (lowDataChannelPort, expected) => {
    expect(hasPortRange(firewallSupport.parse({ lowDataChannelPort, highDataChannelPort: 50_009 }))).toBe(expected);
  });
});
