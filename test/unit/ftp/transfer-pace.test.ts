/** When a peer counts as silent or too slow, by a clock of the test’s own. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type PaceError, paceSettings, TransferPace } from '../../../src/ftp/data/transfer-pace.ts';
import { tableEndpoint, unacknowledgedOctets } from '../../../src/ftp/data/unacknowledged-octets.ts';

const settings = z.object(paceSettings);
const mebibyte = 1024 * 1024;
let paces: TransferPace[] = [];
/** The kernel’s table is read again only at another time, so that no test may have the times of another. */
let epoch = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  epoch += 100_000_000;
  vi.advanceTimersByTime(epoch);
});
afterEach(() => {
  for (const pace of paces) pace.stop();
  paces = [];
  vi.useRealTimers();
});

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

function watched(
  direction: 'in' | 'out',
  changes: { readonly minBytesPerSecond?: number; readonly socket?: object } = {},
) {
  const { socket: more = {}, ...limits } = changes;
  const counts = { bytesRead: 1000, _handle: { bytesWritten: 1000, writeQueueSize: 0 } };
  const socket = { ...counts, ...more };
  const failures: PaceError[] = [];
  const limit = settings.parse({ dataChannelTimeout: '30s', ...limits });
  const pace = new TransferPace(socket as unknown as Socket, direction, limit, (error) => void failures.push(error));
  paces.push(pace);
  return {
    pace,
    failures,
    socket,
    move: (octets: number) => {
      if (direction === 'in') socket.bytesRead += octets;
      else socket._handle.bytesWritten += octets;
    },
  };
}

describe('the settings of the pace', () => {
  it('are 30 seconds and 240 octets a second by themselves', () => {
    expect(settings.parse({})).toEqual({ dataChannelTimeout: 30_000, minBytesPerSecond: 240 });
  });

  it.each([
    [{ dataChannelTimeout: '1s', minBytesPerSecond: 0 }, true],
    [{ dataChannelTimeout: '1h', minBytesPerSecond: 1_000_000_000 }, true],
    [{ dataChannelTimeout: '999ms' }, false],
    [{ dataChannelTimeout: '61m' }, false],
    [{ minBytesPerSecond: -1 }, false],
    [{ minBytesPerSecond: 1_000_000_001 }, false],
  ])('have bounds: %o is taken: %s', (given, expected) => {
    expect(settings.safeParse(given).success).toBe(expected);
  });
});

describe.each(['in', 'out'] as const)('a peer of a transfer %s', (direction) => {
  it('that moves nothing is silent after the time of silence, once', async () => {
    const { failures } = watched(direction);
    await seconds(29.999);
    expect(failures).toEqual([]);
    await seconds(100);
    expect(failures).toMatchObject([
      {
        name: 'PaceError',
        code: 'data-channel-silent',
        answer: 'Nothing moved on the data connection for too long; the transfer is not complete',
        message: 'the peer moved no octet for 30.0 s',
      },
    ]);
  });

  it('is silent for the newest span, whatever it moved before', async () => {
    const { failures, move } = watched(direction);
    await seconds(4);
    move(mebibyte);
    await seconds(30);
    expect(failures).toEqual([]);
    await seconds(1);
    expect(failures).toMatchObject([{ code: 'data-channel-silent' }]);
  });

  it('that moves an octet in each span is not silent', async () => {
    const { failures, move } = watched(direction, { minBytesPerSecond: 0 });
    for (let turn = 0; turn < 10; turn += 1) {
      move(1);
      await seconds(30);
    }
    expect(failures).toEqual([]);
  });

  it('that moves as much as the least rate is not too slow', async () => {
    const { failures, move } = watched(direction);
    for (let turn = 0; turn < 30; turn += 1) {
      move(240 * 5);
      await seconds(5);
    }
    expect(failures).toEqual([]);
  });

  it('that moves an octet less is too slow', async () => {
    const { failures, move } = watched(direction);
    move(240 * 30 - 1);
    await seconds(29.999);
    expect(failures).toEqual([]);
    await seconds(100);
    expect(failures).toMatchObject([
      {
        code: 'data-channel-slow',
        answer: 'The transfer was too slow and is not complete',
        message: 'the peer moved 7199 octets in 30.0 s; the least is 240 a second',
      },
    ]);
  });

  it('that slows down is cut for the newest span, and no earlier', async () => {
    const { failures, move } = watched(direction);
    await seconds(14);
    move(mebibyte);
    await seconds(6);
    move(1);
    await seconds(24.999);
    expect(failures).toEqual([]);
    await seconds(0.001);
    expect(failures).toMatchObject([{ code: 'data-channel-slow' }]);
  });

  it('is not watched any more when the transfer is over', async () => {
    const { failures, pace } = watched(direction);
    await seconds(29);
    pace.stop();
    await seconds(100);
    expect(failures).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is looked at a sixth of the time of silence apart', async () => {
    const { failures, move } = watched(direction);
    await seconds(5);
    move(mebibyte);
    // Between two looks: it counts from the later one.
    await seconds(34.999);
    expect(failures).toEqual([]);
    await seconds(0.001);
    expect(failures).toHaveLength(1);
  });
});

describe('what the server itself keeps waiting for', () => {
  it('is not counted against the peer, which has a whole span afterwards', async () => {
    const { failures, pace } = watched('in');
    await seconds(26);
    const disk = Promise.withResolvers<string>();
    const held = pace.hold(disk.promise);
    await seconds(300);
    disk.resolve('written');
    expect(await held).toBe('written');
    // The first look afterwards comes within 5 seconds.
    await seconds(33.9);
    expect(failures).toEqual([]);
    await seconds(1);
    expect(failures).toMatchObject([{ message: 'the peer moved no octet for 30.0 s' }]);
  });

  it('may fail, which ends the waiting and is told', async () => {
    const { failures, pace } = watched('in');
    await expect(pace.hold(Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    await seconds(30);
    expect(failures).toHaveLength(1);
  });

  it('between two looks changes nothing', async () => {
    const { failures, pace } = watched('in');
    await seconds(1);
    await pace.hold(Promise.resolve());
    await seconds(29);
    expect(failures).toHaveLength(1);
  });
});

describe('a peer that moves more than the buffers of a kernel hold', () => {
  it.each([
    ['', 16 * mebibyte, 35],
    ['begins a span of its own: ', 16 * mebibyte + 1, 40],
  ])('between two looks %s%i octets are cut after %i seconds', async (_rule, octets, cutAfter) => {
    const { failures, move } = watched('in');
    move(octets);
    await seconds(cutAfter - 0.001);
    expect(failures).toEqual([]);
    await seconds(0.001);
    expect(failures).toHaveLength(1);
  });
});

describe('octets that go out', () => {
  it('count as far as the kernel has taken them', async () => {
    const { failures, socket, move } = watched('out');
    move(mebibyte);
    socket._handle.writeQueueSize = mebibyte;
    await seconds(30);
    expect(failures).toMatchObject([{ code: 'data-channel-silent' }]);
  });

  it('are none on a connection that is gone', async () => {
    const { failures } = watched('out', { socket: { _handle: null } });
    await seconds(30);
    expect(failures).toMatchObject([{ message: 'the peer moved no octet for 30.0 s' }]);
  });

  describe('into a peer that reads nothing', () => {
    let stalled: Awaited<ReturnType<typeof stalledConnection>>;
    beforeEach(async () => {
      stalled = await stalledConnection();
    });
    afterEach(() => stalled.close());

    it('do not count until it has acknowledged them', async () => {
      const { waiting, socket } = stalled;
      const { failures, move } = watched('out', { socket });
      move(waiting);
      await cutAfterLooks(failures, socket);
      expect(failures).toMatchObject([{ code: 'data-channel-silent' }]);
    });

    it.each([
      ['in the middle', (look: number) => look === 3],
      ['at first', (look: number) => look < 2],
    ])('are no step back where the kernel leaves the connection out of its table %s', async (_when, isLeftOut) => {
      const { waiting, socket: names } = stalled;
      const { failures, move, socket } = watched('out', { socket: names });
      move(waiting);
      for (let look = 0; look < 15; look += 1) {
        move(5000);
        Object.assign(socket, { localPort: isLeftOut(look) ? 1 : names.localPort });
        await seconds(5);
        await unacknowledgedOctets(names as unknown as Socket);
      }
      expect(failures).toEqual([]);
    });

    it('are not taken for acknowledged by a table that was read for others before the kernel took them', async () => {
      const { client, socket, fill, close } = await openConnection();
      const { failures, move } = watched('out', { socket });
      await seconds(4.9);
      expect(await unacknowledgedOctets(client)).toBe(0);
      move(await fill());
      for (let look = 0; look < 15; look += 1) {
        move(5000);
        await seconds(look === 0 ? 0.1 : 5);
        await unacknowledgedOctets(client);
      }
      expect(failures).toEqual([]);
      close();
    });

    it('count against nothing that comes in', async () => {
      const { waiting, socket } = stalled;
      const { failures, move } = watched('in', { socket });
      move(waiting);
      await cutAfterLooks(failures, socket);
      expect(failures).toEqual([]);
    });

    it('are not judged when the transfer ended while the table was read', async () => {
      const { failures, pace } = watched('out', { socket: stalled.socket });
      vi.advanceTimersByTime(30_000);
      pace.stop();
      await unacknowledgedOctets(stalled.socket as unknown as Socket);
      expect(failures).toEqual([]);
    });
  });
});

/** Each look reads a file, so the clock goes on when that has been read: one reading serves the look and this. */
async function cutAfterLooks(failures: readonly PaceError[], socket: unknown): Promise<void> {
  for (let look = 0; look < 6 && failures.length === 0; look += 1) {
    await seconds(5);
    await unacknowledgedOctets(socket as Socket);
  }
}

/** @returns the names of a connection on which octets wait, and how many */
async function stalledConnection() {
  const { fill, close, socket } = await openConnection();
  return { waiting: await fill(), socket, close };
}

/** A connection whose peer reads nothing. */
async function openConnection() {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [[Socket], unknown];
  const { localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 } = client;
  const names = `${tableEndpoint(localAddress, localPort)} ${tableEndpoint(remoteAddress, remotePort)}`;
  return {
    client,
    socket: { localAddress, localPort, remoteAddress, remotePort },
    /** Writes until the kernel takes no more. @returns octets that wait, by a reading that nothing shares */
    fill: async () => {
      client.write(Buffer.alloc(16 * mebibyte));
      let before = 0;
      let waiting = 0;
      // expect.poll moves the clock of the test on.
      while (waiting < 10_000 || waiting !== before) {
        await setTimeout(20);
        before = waiting;
        const table = await readFile('/proc/self/net/tcp', 'latin1');
        waiting = Number.parseInt(table.split(names)[1]?.slice(4, 12) ?? '', 16);
      }
      return waiting;
    },
    close: () => {
      client.destroy();
      peer.destroy();
      server.close();
    },
  };
}
