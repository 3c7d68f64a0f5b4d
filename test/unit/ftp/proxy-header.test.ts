/** What the first octets of a connection are as a PROXY header, octet by octet. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/ftp/proxy/crc32c.ts';
import { readProxyHeader } from '../../../src/ftp/proxy/proxy-header.ts';
import { isTrustedProxy, proxyProtocol } from '../../../src/ftp/proxy/proxy-settings.ts';
import { type BinaryHeader, binaryHeader } from '../../support/proxy-headers.ts';

const client = (source: string, destination: string) => ({ kind: 'client', source, destination });
const read = (octets: Buffer) => {
  const reading = readProxyHeader(octets);
  return reading.outcome === 'header' ? reading.header : reading;
};
const line = (text: string) => Buffer.from(text, 'latin1');

describe('a header of version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 198.51.100.1 0 65535\r\n', client('192.0.2.1', '198.51.100.1')],
    ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', client('255.255.255.255', '255.255.255.255')],
    ['PROXY TCP6 2001:DB8::1 2001:db8:0:0:0:0:0:2 1 2\r\n', client('2001:db8::1', '2001:db8::2')],
    ['PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.1 1 2\r\n', client('192.0.2.1', '198.51.100.1')],
    ['PROXY UNKNOWN\r\n', { kind: 'unknown' }],
    ['PROXY UNKNOWN whatever \xff stands here\r\n', { kind: 'unknown' }],
    [`PROXY UNKNOWN ${'f'.repeat(107 - 16)}\r\n`, { kind: 'unknown' }],
  ])('%j is read', (text, header) => {
    const octets = line(`${text}AUTH TLS\r\n`);
    expect(readProxyHeader(octets)).toEqual({ outcome: 'header', header, octets: text.length });
  });

  it.each([
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 2',
    'PROXY ',
    'PROX',
    '',
    `PROXY UNKNOWN ${'f'.repeat(106 - 14)}`,
  ])('%j is not complete', (text) => {
    expect(readProxyHeader(line(text))).toEqual({ outcome: 'incomplete' });
  });

  it.each([
    'PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n',
    'PROXY TCP4 192.0.2.1  198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n',
    'PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n',
    'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n',
    'PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY TCP6 2001:db8::1 198.51.100.1 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 fe80::2%eth0 1 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n',
    'PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXY \r\n',
    'PROXY TCP4\r\n',
    'PROXY TCP4 192.0.2.1 198.51.100.1 1 2\nAUTH TLS\r\n',
    'proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n',
    'PROXZ',
    'AUTH TLS\r\n',
    '\x16\x03\x01',
    '\n',
    ` PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n`,
    `PROXY UNKNOWN ${'f'.repeat(108 - 16)}\r\n`,
    `PROXY UNKNOWN ${'f'.repeat(107)}`,
  ])('%j cannot be read as one', (text) => {
    expect(readProxyHeader(line(text))).toMatchObject({ outcome: 'malformed' });
  });
});

describe('a header of version 2', () => {
  const unix = { family: 0x31, block: Buffer.alloc(216, 1) };
  const named = { source: '2001:db8::1' };
  it.each<readonly [string, BinaryHeader, unknown]>([
    ['TCP over IPv4', {}, client('192.0.2.1', '198.51.100.1')],
    ['TCP over IPv6', named, client('2001:db8::1', '2001:db8::2')],
    [
      'IPv4 mapped into IPv6',
      { source: '::ffff:c000:201', destination: '::ffff:c633:6401' },
      client('192.0.2.1', '198.51.100.1'),
    ],
    ['UDP, of which no address counts', { family: 0x12 }, { kind: 'unknown' }],
    ['sockets of UNIX', unix, { kind: 'unknown' }],
    ['an unspecified family', { family: 0x00, block: Buffer.alloc(0) }, { kind: 'unknown' }],
    ['an unspecified family with octets', { family: 0x00, block: Buffer.alloc(7, 3) }, { kind: 'unknown' }],
    ['an unspecified transport', { family: 0x10 }, { kind: 'unknown' }],
    ['LOCAL', { command: 0x20, family: 0, block: Buffer.alloc(0) }, { kind: 'local' }],
    [
      'LOCAL with a block that cannot be read',
      { command: 0x20, family: 0xff, block: Buffer.alloc(40, 3) },
      { kind: 'local' },
    ],
    ['a right check sum', { checksum: 'right' }, client('192.0.2.1', '198.51.100.1')],
    ['a right check sum of UNIX', { ...unix, checksum: 'right' }, { kind: 'unknown' }],
    [
      'values',
      {
        values: [
          [4, Buffer.alloc(9)],
          [5, Buffer.from('id')],
          [0x20, Buffer.alloc(16_000)],
        ],
        checksum: 'right',
      },
      client('192.0.2.1', '198.51.100.1'),
    ],
  ])('of %s is read', (_kind, header, expected) => {
    const octets = binaryHeader(header);
    const reading = readProxyHeader(Buffer.concat([octets, Buffer.from('\x16\x03\x01')]));
    expect(reading).toEqual({ outcome: 'header', header: expected, octets: octets.length });
    for (let length = 0; length < octets.length; length += Math.ceil(octets.length / 300))
      expect(readProxyHeader(octets.subarray(0, length))).toEqual({ outcome: 'incomplete' });
  });

  it.each<readonly [string, BinaryHeader, string]>([
    ['version 1', { command: 0x11 }, 'an unknown version'],
    ['version 3', { command: 0x31 }, 'an unknown version'],
    ['another command', { command: 0x22 }, 'an unknown command'],
    ['another family', { family: 0x41 }, 'an unknown family or transport'],
    ['another transport', { family: 0x13 }, 'an unknown family or transport'],
    ['addresses that are cut off', { block: Buffer.alloc(11) }, 'shorter than its addresses'],
    ['addresses of IPv6 that are cut off', { family: 0x21, block: Buffer.alloc(35) }, 'shorter than its addresses'],
    ['addresses of UNIX that are cut off', { family: 0x31, block: Buffer.alloc(215) }, 'shorter than its addresses'],
    ['half a value', { block: Buffer.alloc(14) }, 'a value that is cut off'],
    [
      'a value that leads beyond it',
      { block: Buffer.concat([Buffer.alloc(12), Buffer.of(4, 0, 9)]) },
      'a value that is cut off',
    ],
    ['a wrong check sum', { checksum: 'wrong' }, 'a wrong check sum'],
    ['a wrong check sum of UDP', { family: 0x12, checksum: 'wrong' }, 'a wrong check sum'],
    ['two check sums', { values: [[3, Buffer.alloc(4)]], checksum: 'right' }, 'a check sum that cannot be read'],
    ['half a check sum', { values: [[3, Buffer.alloc(2)]] }, 'a check sum that cannot be read'],
    ['more octets than any', { length: 16_385 }, 'longer than 16384 octets'],
    ['as many octets as fit', { length: 65_535 }, 'longer than 16384 octets'],
  ])('of %s cannot be read as one', (_kind, header, reason) => {
    expect(read(binaryHeader(header))).toEqual({ outcome: 'malformed', reason });
  });

  it('with an octet of it changed cannot be read as one, where it has a check sum', () => {
    const octets = binaryHeader({ values: [[5, Buffer.from('unique')]], checksum: 'right' });
    // Another type makes the check sum a value like others.
    const typeOfChecksum = octets.length - 7;
    for (let index = 12; index < octets.length; index += 1) {
      if (index === typeOfChecksum) continue;
      const changed = Buffer.from(octets);
      changed[index] = (changed[index] ?? 0) ^ 0x55;
      expect(['malformed', 'incomplete']).toContain(readProxyHeader(changed).outcome);
    }
  });
});

it('any octets are a header of a length that they have, or none, or not complete', () => {
  const start = fc.constantFrom(
    Buffer.from('PROXY TCP4 '),
    Buffer.from('0d0a0d0a000d0a515549540a21', 'hex'),
    Buffer.alloc(0),
  );
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (before, after) => {
      const octets = Buffer.concat([before, after]);
      const reading = readProxyHeader(octets);
      if (reading.outcome === 'header') expect(reading.octets).toBeLessThanOrEqual(octets.length);
      if (reading.outcome === 'incomplete' && octets.length > 0) expect(octets.length).toBeLessThan(16_400);
    }),
  );
});

it.each([
  ['', 0],
  ['123456789', 0xe3069283],
  ['a', 0xc1d04330],
])('the CRC32c of %j is that of RFC 9260', (text, sum) => {
  expect(crc32c(Buffer.from(text))).toBe(sum);
});

describe('a trusted proxy', () => {
  const settings = proxyProtocol.parse({ trustedAddresses: ['10.0.0.5', '10.1.0.0/24', 'fd00::/64'] });
  it.each([
    ['10.0.0.5', true],
    ['10.0.0.6', false],
    ['10.1.0.255', true],
    ['fd00::1', true],
    ['fd00:0:0:1::1', false],
    ['', false],
  ])('is at %s: %s', (address, expected) => {
    expect(isTrustedProxy(settings, address)).toBe(expected);
  });

  it('is at no address by itself', () => {
    expect(isTrustedProxy(proxyProtocol.parse(undefined), '127.0.0.1')).toBe(false);
  });

  it.each([['0.0.0.0/0'], ['::/0'], ['balancer.example'], ['10.0.0.1/8']])('is not at %s', (address) => {
    expect(proxyProtocol.safeParse({ trustedAddresses: [address] }).success).toBe(false);
  });
});
