/** Which port of which address PORT and EPRT name, and to which of them the server goes. */

import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeTarget, parseExtendedPort, parsePort } from '../../../src/ftp/data-ports/active-target.ts';

const at = (address: string, port: number) => ({ outcome: 'target', target: { address, port } });

describe('the argument of PORT', () => {
  it.each([
    ['127,0,0,1,4,0', '127.0.0.1', 1024],
    ['192,0,2,255,255,255', '192.0.2.255', 65_535],
    ['010,00,000,1,004,001', '10.0.0.1', 1025],
    ['0,0,0,0,0,0', '0.0.0.0', 0],
  ])('%s is %s port %i', (argument, address, port) => {
    expect(parsePort(argument)).toEqual(at(address, port));
  });

  it.each([
    '',
    '127,0,0,1,4',
    '127,0,0,1,4,0,0',
    '127,0,0,1,4,256',
    '256,0,0,1,4,0',
    '127,0,0,1,4,',
    '127, 0,0,1,4,0',
    '127.0.0.1.4.0',
    '0x7f,0,0,1,4,0',
    '-1,0,0,1,4,0',
    '1e2,0,0,1,4,0',
    '127,0,0,1,4,0001',
    '٣,0,0,1,4,0',
    '127,0,0,1,4,0\n',
  ])('%j cannot be read', (argument) => {
    expect(parsePort(argument)).toEqual({ outcome: 'malformed' });
  });
});

describe('the argument of EPRT', () => {
  it.each([
    ['|1|132.235.1.2|6275|', '132.235.1.2', 6275],
    ['|2|1080::8:800:200C:417A|5282|', '1080::8:800:200c:417a', 5282],
    ['|2|1080:0:0:0:8:800:200C:417A|5282|', '1080::8:800:200c:417a', 5282],
    ['|2|::ffff:192.0.2.1|5282|', '192.0.2.1', 5282],
    ['|2|fe80::1%eth0|5282|', 'fe80::1', 5282],
    ['|02|::1|00021|', '::1', 21],
    ['!1!192.0.2.1!65535!', '192.0.2.1', 65_535],
    ['~1~192.0.2.1~0~', '192.0.2.1', 0],
  ])('%s is %s port %i', (argument, address, port) => {
    expect(parseExtendedPort(argument)).toEqual(at(address, port));
  });

  it.each(['|3|192.0.2.1|1025|', '|0|192.0.2.1|1025|', '|65535||1025|', '|6|::1|1025|'])(
    '%s is of another network protocol',
    (argument) => {
      expect(parseExtendedPort(argument)).toEqual({ outcome: 'other-protocol' });
    },
  );

  it.each([
    '',
    '|',
    '|||||',
    '|1|192.0.2.1|1025',
    '1|192.0.2.1|1025|',
    '|1|192.0.2.1|1025||',
    '|1|192.0.2.1|1025|x',
    '|1|192.0.2.1|65536|',
    '|1|192.0.2.1|-1|',
    '|1|192.0.2.1|+1|',
    '|1|192.0.2.1|1e3|',
    '|1|192.0.2.1||',
    '|1||1025|',
    '|1|::1|1025|',
    '|2|192.0.2.1|1025|',
    '|2|[::1]|1025|',
    '|1|192.0.2.01|1025|',
    '|1|localhost|1025|',
    '|-1|192.0.2.1|1025|',
    '|1 |192.0.2.1|1025|',
    '111192.0.2.1110251',
    ' 1 192.0.2.1 1025 ',
    '\u00a71\u00a7192.0.2.1\u00a71025\u00a7',
  ])('%j cannot be read', (argument) => {
    expect(parseExtendedPort(argument)).toEqual({ outcome: 'malformed' });
  });
});

it('any text is read as an address and a port, or not at all', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'|,.:%0123456789abcdef') }),
    fc
      .tuple(fc.nat(4), fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), fc.integer())
      .map((parts) => `|${parts.join('|')}|`),
  );
  fc.assert(
    fc.property(text, (argument) => {
      for (const parsed of [parsePort(argument), parseExtendedPort(argument)]) {
        if (parsed.outcome !== 'target') continue;
        expect(isIP(parsed.target.address)).toBeGreaterThan(0);
        expect(parsed.target.port >= 0 && parsed.target.port <= 65_535).toBe(true);
      }
    }),
  );
});

describe('the server', () => {
  it.each([
    ['192.0.2.1', 1024, '192.0.2.1'],
    ['192.0.2.1', 65_535, '192.0.2.1'],
    ['::1', 1024, '::1'],
    ['fe80::1', 1024, 'fe80::1%eth0'],
  ])('goes to %s port %i of the client %s', (address, port, client) => {
    expect(judgeTarget({ address, port }, client)).toBeUndefined();
  });

  it.each([
    ['192.0.2.2', 1024, '192.0.2.1', 'active-address-refused'],
    ['0.0.0.0', 1024, '192.0.2.1', 'active-address-refused'],
    ['fe80::2', 1024, 'fe80::1%eth0', 'active-address-refused'],
    ['192.0.2.1', 1024, '', 'active-address-refused'],
    ['192.0.2.1', 1023, '192.0.2.1', 'active-port-refused'],
    ['192.0.2.1', 21, '192.0.2.1', 'active-port-refused'],
    ['192.0.2.1', 0, '192.0.2.1', 'active-port-refused'],
  ])('does not go to %s port %i of the client %s', (address, port, client, code) => {
    expect(judgeTarget({ address, port }, client)).toMatchObject({
      code,
      facts: { address, port, controlAddress: client },
    });
  });
});
