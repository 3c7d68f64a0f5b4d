/** How Linux's table of TCP connections spells their ends, and what it tells of a peer that does not read. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { tableEndpoint, unacknowledgedOctets } from '../../../src/ftp/data/unacknowledged-octets.ts';

describe('the end of a connection in the table', () => {
  it.runIf(endianness() === 'LE').each([
    ['127.0.0.1', 8080, '0100007F:1F90'],
    ['::1', 21, '00000000000000000000000001000000:0015'],
    ['2001:db8::ff:1', 65_535, 'B80D0120000000000000000001 00FF00:FFFF'.replace(' ', '')],
    ['::ffff:192.0.2.7', 990, '0000000000000000FFFF0000070200C0:03DE'],
    ['fe80::1%eth0', 1, '000080FE000000000000000001000000:0001'],
    ['::', 2121, '00000000000000000000000000000000:0849'],
    ['2001:db8::', 7, 'B80D0120000000000000000000000000:0007'],
    ['1:22:333:4444:5:66:777:8888', 256, '22000100444433036600050088887707:0100'],
    ['64:ff9b::198.51.100.213', 990, '9BFF64000000000000000000D56433C6:03DE'],
    ['10.20.30.40', 1, '281E140A:0001'],
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
    client.write(Buffer.alloc(16 * 1024 * 1024));
    await expect.poll(() => unacknowledgedOctets(client)).toBeGreaterThan(100_000);
    peer.resume();
    await expect.poll(() => unacknowledgedOctets(client)).toBe(0);
    client.destroy();
    expect(await unacknowledgedOctets(client)).toBeUndefined();
    peer.destroy();
    server.close();
  });
});

describe('no octets are known', () => {
  const named = { localAddress: '127.0.0.1', localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 };
  it('of a connection that the table does not hold', async () => {
    expect(await unacknowledgedOctets(named as unknown as Socket)).toBeUndefined();
  });

  it.each(Object.keys(named))('of a connection without its %s', async (key) => {
    expect(await unacknowledgedOctets({ ...named, [key]: undefined } as unknown as Socket)).toBeUndefined();
  });
});

describe('one reading of the table', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** A connection that was read with the table, and one that began behind that reading. */
  async function connections() {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    expect(await unacknowledgedOctets(first)).toBe(0);
    const second = connect(port, '127.0.0.1');
    await once(second, 'connect');
    const close = () => {
      for (const socket of [first, second]) socket.destroy();
      server.close();
    };
    return { second, close };
  }

  it('serves all who ask within a quarter of a second, and no longer', async () => {
    // Behind the times of other tests.
    vi.advanceTimersByTime(100_000_000);
    const { second, close } = await connections();
    vi.advanceTimersByTime(249);
    expect(await unacknowledgedOctets(second)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await unacknowledgedOctets(second)).toBe(0);
    close();
  });

  it('that began before a time does not serve who asks for a later one', async () => {
    vi.advanceTimersByTime(200_000_000);
    const { second, close } = await connections();
    vi.advanceTimersByTime(1);
    expect(await unacknowledgedOctets(second, performance.now() - 1)).toBeUndefined();
    expect(await unacknowledgedOctets(second, performance.now())).toBe(0);
    close();
  });
});
