/** Octets over one data connection: all of them or a failure, and an honest account of how it ended. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DataConnection } from '../../../src/ftp/data/data-connection.ts';
import { milliseconds } from '../../../src/settings/units.ts';
import { readAll } from '../../support/control-client.ts';
import { createIdentities, type TestIdentities } from '../../support/protocol-site.ts';
import { OpenSockets } from '../../support/socket-pairs.ts';

let identities: TestIdentities;
const sockets = new OpenSockets();

beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(() => {
  vi.useRealTimers();
  sockets.destroy();
});

const patient = { dataChannelTimeout: milliseconds(60_000), minBytesPerSecond: 0 };
const impatient = { dataChannelTimeout: milliseconds(60), minBytesPerSecond: 0 };
const facts = { protection: 'C' };

async function plain(pace = patient) {
  const { client, raw } = await sockets.tcpPair();
  return { client, raw, connection: new DataConnection({ raw, facts, pace }) };
}

async function protectedBy(version: 'TLSv1.2' | 'TLSv1.3') {
  const { client, tcp, raw, socket } = await sockets.tlsPair(identities, version);
  return { client, tcp, raw, connection: new DataConnection({ raw, tls: socket, facts, pace: patient }) };
}

async function* octets(count: number, size = 65_536): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(size, index);
}

/** Collects an upload. */
function collected() {
  const chunks: Buffer[] = [];
  const sink = async (chunk: Buffer) => {
    chunks.push(Buffer.from(chunk));
  };
  return { sink, text: () => Buffer.concat(chunks).toString() };
}

const errorOf = (socket: Socket) =>
  new Promise<string>((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
    socket.resume();
  });

const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

const later = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

describe('a listing that is sent', () => {
  it('arrives whole and ends with FIN', async () => {
    const { client, connection } = await plain();
    const content = readAll(client);
    await connection.send(octets(20));
    const whole = Buffer.concat(Array.from({ length: 20 }, (_, index) => Buffer.alloc(65_536, index)));
    expect((await content).equals(whole)).toBe(true);
    expect([connection.transferred, connection.facts]).toEqual([20 * 65_536, facts]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('arrives whole and ends with close_notify under %s', async (version) => {
    const { client, connection } = await protectedBy(version);
    const content = readAll(client);
    await connection.send(octets(3));
    expect((await content).length).toBe(3 * 65_536);
    expect(connection.transferred).toBe(3 * 65_536);
  });

  it('is made no faster than it is read', async () => {
    const { client, connection } = await plain();
    let made = 0;
    async function* counted() {
      for await (const chunk of octets(60, 262_144)) {
        made += 1;
        yield chunk;
      }
    }
    const sent = connection.send(counted());
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = made === before;
          before = made;
          return isStill;
        },
        { interval: 30 },
      )
      .toBe(true);
    expect(made).toBeLessThan(58);
    const content = readAll(client);
    await sent;
    expect((await content).length).toBe(60 * 262_144);
  });

  it('fails when it cannot be made, with that reason', async () => {
    const { client, connection } = await plain();
    client.resume();
    async function* failing() {
      yield Buffer.from('one');
      throw new Error('bad sector');
    }
    await expect(connection.send(failing())).rejects.toThrow('bad sector');
    expect(connection.transferred).toBe(3);
  });

  /** Counts how often it is told that no more is wanted. */
  function endless() {
    let returns = 0;
    const chunks = {
      next: async () => ({ done: false, value: Buffer.alloc(65_536) }) as IteratorResult<Buffer>,
      return: async () => {
        returns += 1;
        return { done: true, value: undefined } as IteratorResult<Buffer>;
      },
    };
    return { source: { [Symbol.asyncIterator]: () => chunks }, chunks, returns: () => returns };
  }

  it('is given up when the client resets, and what makes it is told', async () => {
    const { client, connection } = await plain();
    const { source, returns } = endless();
    const sent = connection.send(source);
    client.once('data', () => client.resetAndDestroy());
    await expect(sent).rejects.toThrow();
    expect(returns()).toBe(1);
  });

  it('is given up while it waits for a client that reads nothing, at once', async () => {
    const { raw, connection } = await plain();
    const { source, returns } = endless();
    const sent = connection.send(source);
    await expect.poll(() => raw.writableNeedDrain, { interval: 5 }).toBe(true);
    connection.abort(new Error('ABOR'));
    await expect(sent).rejects.toThrow('ABOR');
    expect(returns()).toBe(1);
    expect([raw.listenerCount('drain'), raw.destroyed]).toEqual([0, true]);
  });

  it('that was made to its end is not told so', async () => {
    const { client, connection } = await plain();
    client.resume();
    const { chunks, source, returns } = endless();
    chunks.next = async () => ({ done: true, value: undefined });
    await connection.send(source);
    expect(returns()).toBe(0);
  });

  it('leaves no listener on the connection, however often it waited', async () => {
    const { client, raw, connection } = await plain();
    client.resume();
    const before = raw.listenerCount('close');
    const counts: number[] = [];
    async function* watching() {
      for await (const chunk of octets(40)) {
        counts.push(raw.listenerCount('close'), raw.listenerCount('drain'));
        yield chunk;
      }
    }
    await connection.send(watching());
    expect(Math.max(...counts)).toBeLessThanOrEqual(before);
  });

  it('may take its time to be made', async () => {
    const { client, connection } = await plain(impatient);
    client.resume();
    async function* slow() {
      yield Buffer.from('one');
      await later(120);
      yield Buffer.from('two');
    }
    await connection.send(slow());
    expect(connection.transferred).toBe(6);
  });

  it('to a client that reads nothing is cut after the time of silence, with RST', async () => {
    const { client, connection } = await plain(impatient);
    await expect(connection.send(octets(500))).rejects.toMatchObject({ code: 'data-channel-silent' });
    expect(await errorOf(client)).toBe('ECONNRESET');
  });

  it('fails when the connection closes while it is made', async () => {
    const { client, raw, connection } = await plain();
    client.resume();
    async function* closing() {
      yield Buffer.from('one');
      raw.destroy();
      await closed(raw);
      yield Buffer.from('two');
    }
    await expect(connection.send(closing())).rejects.toThrow('the data connection closed');
    expect(connection.transferred).toBe(3);
  });

  it('is not begun on a connection that broke before', async () => {
    const { raw, connection } = await plain();
    raw.destroy(new Error('early'));
    await closed(raw);
    let made = 0;
    async function* counted() {
      made += 1;
      yield Buffer.from('x');
    }
    await expect(connection.send(counted())).rejects.toThrow('early');
    expect([made, connection.transferred]).toEqual([0, 0]);
  });
});

describe('the end of a download', () => {
  it('waits five seconds for the client to end its side', async () => {
    const { client, raw, connection } = await plain();
    client.resume();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await connection.send(octets(1));
    vi.advanceTimersByTime(4999);
    expect(raw.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(raw.destroyed).toBe(true);
  });

  it('waits no longer than that, and watches the pace no more', async () => {
    const { client, raw, connection } = await plain();
    client.resume();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    await connection.send(octets(1));
    client.end();
    await once(raw, 'close');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('throws away what the client sends on', async () => {
    const { client, raw, connection } = await plain();
    client.resume();
    client.write(Buffer.alloc(4 * 1024 * 1024));
    await connection.send(octets(1));
    client.end();
    await once(raw, 'close');
    expect(raw.bytesRead).toBe(4 * 1024 * 1024);
  });
});

describe('a file that is sent', () => {
  it('arrives from its start to its end', async () => {
    const { client, connection } = await plain();
    const content = readAll(client);
    const file = Buffer.from('0123456789');
    await connection.sendFile({ readInto: async (buffer, offset) => file.copy(buffer, 0, offset), start: 3, end: 10 });
    expect([(await content).toString(), connection.transferred]).toEqual(['3456789', 7]);
  });

  it('may be slow to be read', async () => {
    const { client, connection } = await plain(impatient);
    client.resume();
    const readInto = async (buffer: Buffer) => {
      await later(120);
      return buffer.length;
    };
    await connection.sendFile({ readInto, start: 0, end: 10 });
    expect(connection.transferred).toBe(10);
  });

  it('fails with the reason of the disk, and of the connection', async () => {
    const { connection } = await plain();
    const readInto = () => Promise.reject(new Error('bad sector'));
    await expect(connection.sendFile({ readInto, start: 0, end: 10 })).rejects.toThrow('bad sector');
    const broken = await plain();
    const sent = broken.connection.sendFile({ readInto: async (buffer) => buffer.length, start: 0, end: 1e9 });
    broken.connection.abort(new Error('ABOR'));
    await expect(sent).rejects.toThrow('ABOR');
  });
});

describe('an upload', () => {
  it('in the clear ends with FIN', async () => {
    const { client, connection } = await plain();
    const { sink, text } = collected();
    client.end('content');
    expect(await connection.receive(sink)).toBe('unprotected-fin');
    expect([text(), connection.transferred]).toEqual(['content', 7]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('under %s tells close_notify from FIN', async (version) => {
    for (const expected of ['close-notify', 'fin'] as const) {
      const { client, tcp, connection } = await protectedBy(version);
      const { sink, text } = collected();
      const received = connection.receive(sink);
      client.write('content');
      await expect.poll(() => connection.transferred, { interval: 5 }).toBe(7);
      if (expected === 'fin') tcp.end();
      else client.end();
      expect([await received, text()]).toEqual([expected, 'content']);
    }
  });

  it('that is reset is not complete', async () => {
    const { client, connection } = await plain();
    const received = connection.receive(collected().sink);
    client.write('content', () => client.resetAndDestroy());
    await expect(received).rejects.toThrow();
  });

  it('that is reset behind octets that lay unread is not complete, though the kernel shows an end', async () => {
    const { client, raw, connection } = await plain();
    client.write(Buffer.alloc(200_000), () => client.resetAndDestroy());
    await once(client, 'close');
    await expect(connection.receive(collected().sink)).rejects.toThrow(/reset|closed|ECONNRESET/u);
    expect(raw.destroyed).toBe(true);
  });

  it('of anything but TLS behind the handshake is not complete', async () => {
    const { tcp, connection } = await protectedBy('TLSv1.3');
    const received = connection.receive(collected().sink);
    tcp.end('no record of TLS\r\n');
    await expect(received).rejects.toThrow();
  });

  it('fails with the reason of the disk', async () => {
    const { client, connection } = await plain();
    client.end('content');
    const received = connection.receive(() => Promise.reject(new Error('no space left')));
    await expect(received).rejects.toThrow('no space left');
  });

  it('of a client that sends nothing is cut after the time of silence', async () => {
    const { client, connection } = await plain(impatient);
    const error = errorOf(client);
    await expect(connection.receive(collected().sink)).rejects.toMatchObject({ code: 'data-channel-silent' });
    expect(await error).toBe('ECONNRESET');
  });

  it('that comes slowly is not cut while it comes', async () => {
    const { client, connection } = await plain(impatient);
    const received = connection.receive(collected().sink);
    for (let turn = 0; turn < 30; turn += 1) {
      client.write('x');
      await later(5);
    }
    client.end();
    expect([await received, connection.transferred]).toEqual(['unprotected-fin', 30]);
  });

  it('is not complete where the kernel shows a reset as an end', async () => {
    const { client, raw, connection } = await plain();
    // The address of the peer is gone then, which no test brings about at will.
    Object.assign((raw as unknown as { _handle: object })._handle, { getpeername: () => -107 });
    client.end('content');
    await expect(connection.receive(collected().sink)).rejects.toThrow('the data connection was reset');
  });

  it('that is given up while its last octets are written is not complete', async () => {
    const { client, raw, connection } = await plain();
    const gate = Promise.withResolvers<void>();
    const received = connection.receive(() => gate.promise);
    client.end('content');
    await once(raw, 'end');
    connection.abort(new Error('ABOR'));
    gate.resolve();
    await expect(received).rejects.toThrow('ABOR');
  });

  it('is not cut for a slow disk', async () => {
    const { client, connection } = await plain({ ...impatient, dataChannelTimeout: milliseconds(150) });
    client.end(Buffer.alloc(2 * 1024 * 1024));
    let isFirst = true;
    const received = connection.receive(async () => {
      if (isFirst) await later(400);
      isFirst = false;
    });
    expect(await received).toBe('unprotected-fin');
    expect(connection.transferred).toBe(2 * 1024 * 1024);
  });

  it('is not begun on a connection that broke before, and leaves no timer', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { raw, connection } = await plain();
    raw.destroy(new Error('early'));
    await closed(raw);
    await expect(connection.receive(collected().sink)).rejects.toThrow('early');
    const { client, connection: other } = await plain();
    client.end();
    await other.receive(collected().sink);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is ended with close_notify and FIN under %s', async (version) => {
    const { client, tcp, connection } = await protectedBy(version);
    const ends = Promise.all([once(client.resume(), 'end'), once(tcp, 'end')]);
    client.end('content');
    await connection.receive(collected().sink);
    await connection.finishReceiving();
    await ends;
  });

  it('is complete whatever the client does afterwards', async () => {
    const { client, raw, connection } = await plain();
    client.end('content');
    await connection.receive(collected().sink);
    raw.destroy();
    await connection.finishReceiving();
  });
});

describe('a connection that is broken on purpose', () => {
  it('is reset, and the first reason stays', async () => {
    const { client, connection } = await plain();
    connection.abort(new Error('first'));
    connection.abort(new Error('second'));
    expect(await errorOf(client)).toBe('ECONNRESET');
    await expect(connection.send(octets(1))).rejects.toThrow('first');
    await expect(connection.receive(collected().sink)).rejects.toThrow('first');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is reset without close_notify under %s', async (version) => {
    const { client, tcp, connection } = await protectedBy(version);
    let hasEnded = false;
    client.resume().on('end', () => {
      hasEnded = true;
    });
    connection.abort(new Error('broken'));
    expect(await errorOf(tcp)).toBe('ECONNRESET');
    expect(hasEnded).toBe(false);
  });
});

describe('a connection that breaks while nothing is moved', () => {
  it.each([
    ['below', (raw: Socket) => void raw.destroy(new Error('below'))],
    ['by an error of TLS', (_raw: Socket, tls: Socket) => void tls.emit('_tlsError', new Error('by an error of TLS'))],
    ['above', (_raw: Socket, tls: Socket) => void tls.destroy(new Error('above'))],
  ])('%s ends the transfer to come and not the process', async (reason, breaking) => {
    const { raw, socket } = await sockets.tlsPair(identities, 'TLSv1.3');
    const connection = new DataConnection({ raw, tls: socket, facts, pace: patient });
    for (const one of [raw, socket]) one.removeAllListeners('error');
    const listening = new DataConnection({ raw, tls: socket, facts, pace: patient });
    breaking(raw, socket);
    await expect.poll(() => socket.destroyed, { interval: 5 }).toBe(true);
    await expect(listening.receive(collected().sink)).rejects.toThrow(reason);
    await expect(connection.receive(collected().sink)).rejects.toThrow();
  });

  it('without a reason is told to have closed', async () => {
    const { raw, connection } = await plain();
    raw.destroy();
    await once(raw, 'close');
    await expect(connection.receive(collected().sink)).rejects.toThrow('the data connection closed');
  });
});
