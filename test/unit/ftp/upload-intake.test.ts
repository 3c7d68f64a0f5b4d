/** Uploads on their way from the connection to the file: whole, in order, and never more of them in memory than a few slabs. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { largestSlab, transferSlabs } from '../../../src/ftp/data/octet-slabs.ts';
import { readIntoOwnBuffer } from '../../../src/ftp/data/own-buffer.ts';
import { octetsOfTurn } from '../../../src/ftp/data/transfer-turns.ts';
import { UploadIntake } from '../../../src/ftp/data/upload-intake.ts';

const mebibyte = 1024 * 1024;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

async function connected(): Promise<{ client: Socket; raw: Socket }> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [raw] = await accepted;
  for (const socket of [client, raw]) {
    socket.on('error', () => undefined);
    sockets.push(socket);
  }
  return { client, raw };
}

/** As in a Node whose inner parts are others. */
function withoutOwnBuffer(raw: Socket): void {
  Object.assign((raw as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
}

function intakeOf(
  raw: Socket,
  write: (octets: Buffer) => Promise<void>,
  hold: (work: Promise<unknown>) => Promise<unknown> = (work) => work,
) {
  let arrived = 0;
  const intake = new UploadIntake(raw, {
    write,
    hold,
    onOctets: (count) => {
      arrived += count;
    },
  });
  return { done: intake.run(), arrived: () => arrived };
}

function collected() {
  const written: Buffer[] = [];
  const write = async (octets: Buffer) => {
    // Copied late, as a disk does: a slab that is used again too early shows.
    await new Promise(setImmediate);
    written.push(Buffer.from(octets));
  };
  return { write, content: () => Buffer.concat(written), writes: () => written.length };
}

it('this Node lets a connection be read into memory of ours', async () => {
  const { raw } = await connected();
  expect(
    readIntoOwnBuffer(
      raw,
      () => Buffer.alloc(65_536),
      () => true,
    ),
  ).toBeDefined();
});

describe.each([
  ['decrypted into slabs', () => undefined],
  ['copied into slabs, where Node has no buffers of ours', withoutOwnBuffer],
])('an upload %s', (_rule, prepare) => {
  it.each([0, 1, 16_384, 48 * 1024, 65_536, mebibyte, 5 * mebibyte + 1])('of %i octets arrives whole', async (size) => {
    const { client, raw } = await connected();
    prepare(raw);
    const octets = randomBytes(size);
    client.end(octets);
    const { write, content } = collected();
    const { done, arrived } = intakeOf(raw, write);
    await done;
    expect(content().equals(octets)).toBe(true);
    expect(arrived()).toBe(size);
  });

  it('begins with what came before the transfer command', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.write('early ');
    await once(
      raw.once('readable', () => undefined),
      'readable',
    );
    const { write, content } = collected();
    const { done } = intakeOf(raw, write);
    client.end('late');
    await done;
    expect(content().toString()).toBe('early late');
  });

  it('is read no further than some slabs while the disk stands still', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    const octets = randomBytes(6 * mebibyte);
    client.end(octets);
    const gate = Promise.withResolvers<void>();
    const { write, content } = collected();
    const { done, arrived } = intakeOf(raw, async (chunk) => {
      await gate.promise;
      await write(chunk);
    });
    let last = -1;
    await expect
      .poll(
        () => {
          const isStill = arrived() === last && arrived() > mebibyte;
          last = arrived();
          return isStill;
        },
        { interval: 30 },
      )
      .toBe(true);
    // Two slabs, and what one reading brought with the last octets of the second.
    expect(arrived()).toBeGreaterThan(mebibyte);
    expect(arrived()).toBeLessThan(1.5 * mebibyte);
    gate.resolve();
    await done;
    expect(content().equals(octets)).toBe(true);
  });

  it('fails with the reason of the disk, and writes nothing after it', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.write(randomBytes(3 * mebibyte));
    let writes = 0;
    const { done } = intakeOf(raw, async () => {
      writes += 1;
      throw new Error('no space left');
    });
    await expect(done).rejects.toThrow('no space left');
    expect(writes).toBe(1);
  });

  it('that breaks fails, and what came before is written', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    const { write, content } = collected();
    const { done, arrived } = intakeOf(raw, write);
    client.write('some octets');
    await expect.poll(arrived).toBe(11);
    raw.destroy();
    await expect(done).rejects.toThrow();
    expect(content().toString()).toBe('some octets');
  });

  it('that pauses is written within a second, before it goes on', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { client, raw } = await connected();
    prepare(raw);
    const { write, content, writes } = collected();
    const { done, arrived } = intakeOf(raw, write);
    client.write(Buffer.alloc(48 * 1024, 'a'));
    await expect.poll(arrived, { interval: 5 }).toBe(48 * 1024);
    vi.advanceTimersByTime(999);
    await new Promise(setImmediate);
    expect(writes()).toBe(0);
    vi.advanceTimersByTime(1);
    await expect.poll(() => content().length, { interval: 5 }).toBe(48 * 1024);
    vi.advanceTimersByTime(10_000);
    client.end('second');
    await done;
    expect([
      writes(),
      content()
        .subarray(48 * 1024)
        .toString(),
    ]).toEqual([2, 'second']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of a few MiB is written in few pieces', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.end(Buffer.alloc(2 * mebibyte));
    const { write, writes } = collected();
    await intakeOf(raw, write).done;
    expect(writes()).toBeLessThan(12);
  });

  it('of no octets writes nothing', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.end();
    const { write, writes } = collected();
    await intakeOf(raw, write).done;
    expect(writes()).toBe(0);
  });

  it('is held for the disk only while it is read no further', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    const held: Promise<unknown>[] = [];
    const gate = Promise.withResolvers<void>();
    const hold = async (work: Promise<unknown>) => {
      held.push(work);
    };
    const few = intakeOf(raw, () => gate.promise, hold);
    client.write(Buffer.alloc(65_536));
    await expect.poll(few.arrived, { interval: 5 }).toBe(65_536);
    expect(held).toEqual([]);
    client.end(Buffer.alloc(mebibyte));
    await expect.poll(() => held.length, { interval: 5 }).toBeGreaterThan(0);
    let isOver = false;
    void held[0]!.then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    gate.resolve();
    await few.done;
    expect(isOver).toBe(true);
  });

  it('whose last octets cannot be written fails, though its input has ended', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.end('octets');
    const { done } = intakeOf(raw, async () => {
      throw new Error('quota');
    });
    await expect(done).rejects.toThrow('quota');
  });

  it('that ended before its command is complete, and one that broke fails with its reason', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    client.end();
    raw.resume();
    await once(raw, 'end');
    await intakeOf(raw, async () => undefined).done;
    for (const reason of [new Error('cut'), undefined]) {
      const { raw: broken } = await connected();
      prepare(broken);
      broken.destroy(reason);
      await new Promise(setImmediate);
      const { done } = intakeOf(broken, async () => undefined);
      await expect(done).rejects.toThrow(reason ? 'cut' : 'the data connection closed');
    }
  });

  it('that breaks tells why', async () => {
    for (const reason of [new Error('cut'), undefined]) {
      const { raw } = await connected();
      prepare(raw);
      const { done } = intakeOf(raw, async () => undefined);
      raw.destroy(reason);
      await expect(done).rejects.toThrow(reason ? 'cut' : 'the data connection closed');
    }
  });

  it('leaves its memory to the next, unless the disk failed and may still read it', async () => {
    const memoryOf = async (fault?: Error) => {
      const { client, raw } = await connected();
      prepare(raw);
      const memory = new Set<ArrayBufferLike>();
      const { done } = intakeOf(raw, async (octets) => {
        memory.add(octets.buffer);
        if (fault && memory.size > 1) throw fault;
      });
      client.end(Buffer.alloc(1.5 * mebibyte));
      await done.catch(() => undefined);
      return memory;
    };
    /** What the next transfers get; they keep it. */
    const next = () => {
      const slabs = [0, largestSlab].flatMap((wanted) => Array.from({ length: 30 }, () => transferSlabs.take(wanted)));
      const memory = new Set(slabs.map(({ buffer }) => buffer));
      for (const slab of slabs) transferSlabs.lose(slab);
      return memory;
    };
    const used = await memoryOf();
    expect(used.size).toBe(3);
    const after = next();
    expect([...used].every((memory) => after.has(memory))).toBe(true);
    const [, ...inUse] = await memoryOf(new Error('quota'));
    expect(inUse).toHaveLength(1);
    expect(next().has(inUse[0]!)).toBe(false);
  });

  it('does not mix with others at the same time', async () => {
    const uploads = [];
    for (let index = 0; index < 4; index += 1) {
      const { client, raw } = await connected();
      prepare(raw);
      const octets = Buffer.alloc(mebibyte + mebibyte / 4 + index, index + 1);
      const { write, content } = collected();
      const { done } = intakeOf(raw, write);
      client.end(octets);
      uploads.push({ octets, content, done });
    }
    for (const { octets, content, done } of uploads) {
      await done;
      expect(content().equals(octets)).toBe(true);
    }
  });
});

it('takes no more octets in one turn of the event loop than a turn has, however many lie in the kernel', async () => {
  const { client, raw } = await connected();
  withoutOwnBuffer(raw);
  const sent = randomBytes(16 * mebibyte);
  client.end(sent);
  // The kernel holds as many as it can.
  await vi.waitFor(() => expect(client.bytesWritten).toBe(sent.length));
  const { done, arrived } = intakeOf(raw, async () => undefined);
  let most = 0;
  let isOver = false;
  void done.then(() => {
    isOver = true;
  });
  for (let before = 0; !isOver; before = arrived()) {
    await new Promise(setImmediate);
    most = Math.max(most, arrived() - before);
  }
  expect(arrived()).toBe(sent.length);
  // The last piece may reach beyond.
  expect(most).toBeLessThan(octetsOfTurn + 65_536);
});
