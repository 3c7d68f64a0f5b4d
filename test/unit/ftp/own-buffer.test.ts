/** A connection that is read into memory of ours: all of it, no more than is wanted, and on again when it is wanted. */
import { once } from 'node:events';
import { connect, createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readIntoOwnBuffer } from '../../../src/ftp/data/own-buffer.ts';

let server: Server;
let client: Socket;
let raw: Socket;

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  client = connect((server.address() as { port: number }).port, '127.0.0.1');
  [raw] = await accepted;
  for (const socket of [client, raw]) socket.on('error', () => undefined);
});
afterEach(() => {
  for (const socket of [client, raw]) socket.destroy();
  server.close();
});

/** Reads into rooms of 64 KiB. `wanted` is asked after each of them. */
function reading(wanted: () => boolean = () => true) {
  const rooms: Buffer[] = [];
  const arrived: Buffer[] = [];
  const own = readIntoOwnBuffer(
    raw,
    () => {
      rooms.push(Buffer.alloc(65_536));
      return rooms.at(-1)!;
    },
    (count) => {
      arrived.push(Buffer.from(rooms.at(-1)!.subarray(0, count)));
      return wanted();
    },
  );
  raw.resume();
  own?.resume();
  return { own, text: () => Buffer.concat(arrived).toString(), calls: () => arrived.length, rooms };
}

describe('a connection read into own buffers', () => {
  it('fills the rooms that are asked for anew after each call, and no data comes', async () => {
    let data = 0;
    const { text, rooms } = reading();
    raw.on('data', () => {
      data += 1;
    });
    client.write('one');
    await expect.poll(text).toBe('one');
    client.write('two');
    await expect.poll(text).toBe('onetwo');
    expect(rooms.length).toBeGreaterThanOrEqual(2);
    expect(data).toBe(0);
  });

  it('tells its end', async () => {
    reading();
    client.end('last');
    await once(raw, 'end');
  });

  it('is read no further when no more is wanted, until it is resumed', async () => {
    const { own, text, calls } = reading(() => false);
    client.write('one');
    await expect.poll(text).toBe('one');
    const before = raw.bytesRead;
    client.write('two');
    await expect.poll(() => client.bytesWritten).toBe(6);
    await new Promise(setImmediate);
    expect([calls(), raw.bytesRead]).toEqual([1, before]);
    own!.resume();
    await expect.poll(text).toBe('onetwo');
  });

  it('that reads again can be paused as others can', async () => {
    const { own, text, calls } = reading(() => false);
    client.write('one');
    await expect.poll(text).toBe('one');
    own!.resume();
    raw.pause();
    client.write('two');
    await expect.poll(() => client.bytesWritten).toBe(6);
    await new Promise(setImmediate);
    expect(calls()).toBe(1);
  });

  it('is not read again behind its end', async () => {
    const { own } = reading();
    client.end();
    await once(raw, 'end');
    const readStart = vi.spyOn((raw as unknown as { _handle: { readStart: () => number } })._handle, 'readStart');
    own!.resume();
    expect(readStart).not.toHaveBeenCalled();
  });

  it('may be resumed while it is read, and when it is gone', async () => {
    const { own, text } = reading();
    own!.resume();
    own!.resume();
    client.write('one');
    await expect.poll(text).toBe('one');
    raw.destroy();
    own!.resume();
    await once(raw, 'close');
    own!.resume();
  });
});

describe('no own buffer', () => {
  const read = (socket: Socket) =>
    readIntoOwnBuffer(
      socket,
      () => Buffer.alloc(65_536),
      () => true,
    );

  it('has a socket that is not connected', () => {
    expect(read(new Socket())).toBeUndefined();
  });

  it('has a connection that is gone', () => {
    raw.destroy();
    expect(read(raw)).toBeUndefined();
  });

  it('has a connection that cannot do it', () => {
    Object.assign((raw as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
    expect(read(raw)).toBeUndefined();
  });
});
