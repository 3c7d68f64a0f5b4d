/** Uploads on their way from the connection to the file: whole, in order, and never more of them in memory than a few slabs. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIntoOwnBuffer } from '../../../src/ftp/data/own-buffer.ts';
import { UploadIntake } from '../../../src/ftp/data/upload-intake.ts';

const mebibyte = 1024 * 1024;
let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
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

function intakeOf(raw: Socket, write: (octets: Buffer) => Promise<void>) {
  let arrived = 0;
  const intake = new UploadIntake(raw, {
    write,
    hold: (work) => work,
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
    const octets = randomBytes(24 * mebibyte);
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
          const isStill = arrived() === last;
          last = arrived();
          return isStill;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(arrived()).toBeLessThan(4 * mebibyte);
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

  it('that pauses is written before it goes on', async () => {
    const { client, raw } = await connected();
    prepare(raw);
    const { write, content } = collected();
    const { done } = intakeOf(raw, write);
    client.write('first ');
    await expect.poll(() => content().toString()).toBe('first ');
    client.end('second');
    await done;
    expect(content().toString()).toBe('first second');
  });

  it('does not mix with others at the same time', async () => {
    const uploads = [];
    for (let index = 0; index < 8; index += 1) {
      const { client, raw } = await connected();
      prepare(raw);
      const octets = Buffer.alloc(3 * mebibyte + index, index + 1);
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
