/** How Linux's table of TCP connections spells their ends, and what it tells of a peer that does not read. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { tableEndpoint, unacknowledgedOctets } from '../../../src/ftp/data/unacknowledged-octets.ts';

describe('the end of a connection in the table', () => {
  it.runIf(endianness() === 'LE').each([
    ['127.0.0.1', 8080, '0100007F:1F90'],
    ['::1', 21, '00000000000000000000000001000000:0015'],
    ['2001:db8::ff:1', 65_535, 'B80D0120000000000000000001 00FF00:FFFF'.replace(' ', '')],
    ['::ffff:192.0.2.7', 990, '0000000000000000FFFF0000070200C0:03DE'],
    ['fe80::1%eth0', 1, '000080FE000000000000000001000000:0001'],
  ])('%s port %i is %s', (address, port, spelt) => {
    expect(tableEndpoint(address, port)).toBe(spelt);
  });
});

describe('unacknowledged octets', () => {
  it.each(['127.0.0.1', '::1'])('grow while a peer does not read, and come to 0 when it has: %s', async (host) => {
    const server = createServer({ pauseOnConnect: true }).listen(0, host);
    await once(server, 'listening');
    const client = connect((server.address() as { port: number }).port, host);
    const [peer] = (await once(server, 'connection')) as [Socket];
    client.write(Buffer.alloc(64 * 1024 * 1024));
    await expect.poll(() => unacknowledgedOctets(client)).toBeGreaterThan(100_000);
    peer.resume();
    await expect.poll(() => unacknowledgedOctets(client)).toBe(0);
    client.destroy();
    expect(await unacknowledgedOctets(client)).toBeUndefined();
    peer.destroy();
    server.close();
  });
});
