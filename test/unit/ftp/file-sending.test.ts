/** Downloads on their way from the file to the connection: the octets that were asked for, read ahead, out of memory of no other transfer. */
import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { type SentFile, sendFile } from '../../../src/ftp/data/file-sending.ts';
import { transferSlabs } from '../../../src/ftp/data/octet-slabs.ts';

const slab = 256 * 1024;

/** Octets that tell where in the file they lie. */
const longest = Buffer.from(Uint32Array.from({ length: slab * 1.5 }, (_, index) => index * 2_654_435_761).buffer);

function fileOf(size: number): Buffer {
  return longest.subarray(0, size);
}

/** A connection that takes what is written when it is told to; by itself it does so at once. */
function connection(taking: () => Promise<void> = async () => undefined) {
  const written: Buffer[] = [];
  let begun = 0;
  const write = (octets: Buffer, done: (error?: Error) => void) => {
    begun += 1;
    taking().then(() => {
      // Copied late, as the kernel does: a slab that is read into too early shows.
      written.push(Buffer.from(octets));
      done();
    }, done);
    return true;
  };
  return { socket: { write } as unknown as Socket, content: () => Buffer.concat(written), begun: () => begun };
}

function source(file: Buffer, { most = Number.POSITIVE_INFINITY }: { readonly most?: number } = {}) {
  const reads: { readonly offset: number; readonly room: number; readonly memory: ArrayBufferLike }[] = [];
  const readInto: SentFile['readInto'] = async (buffer, offset) => {
    reads.push({ offset, room: buffer.length, memory: buffer.buffer });
    return file.copy(buffer, 0, offset, Math.min(offset + most, offset + buffer.length));
  };
  return { readInto, reads };
}

function counting() {
  const counts: number[] = [];
  let held = 0;
  return {
    options: {
      hold: (work: Promise<number>) => {
        held += 1;
        return work;
      },
      onOctets: (count: number) => void counts.push(count),
    },
    sum: () => counts.reduce((sum, count) => sum + count, 0),
    held: () => held,
  };
}

describe('a file that is sent', () => {
  it.each([0, 1, 65_536, slab - 1, slab, slab + 1, 2 * slab, 5 * slab + 7])(
    'of %i octets arrives whole',
    async (end) => {
      const file = fileOf(end);
      const { socket, content } = connection(() => new Promise((resolve) => void setImmediate(resolve)));
      const { options, sum } = counting();
      const { readInto, reads } = source(file);
      await sendFile(socket, { readInto, start: 0, end }, options);
      expect(content().equals(file)).toBe(true);
      expect(sum()).toBe(end);
      expect(reads).toHaveLength(Math.ceil(end / slab));
    },
  );

  it.each([
    [100, 200],
    [5, slab + 5],
    [slab, 3 * slab + 9],
    [700, 700],
    [900, 700],
  ])('from %i to %i is sent so far and read no further', async (start, end) => {
    const file = fileOf(4 * slab);
    const { socket, content } = connection();
    const { readInto, reads } = source(file);
    await sendFile(socket, { readInto, start, end }, counting().options);
    expect(content().equals(file.subarray(start, Math.max(start, end)))).toBe(true);
    for (const { offset, room } of reads) expect(offset + room).toBeLessThanOrEqual(end);
  });

  it.each([10, 70_000])('arrives whole though the disk gives %i octets at a time', async (most) => {
    const file = fileOf(most === 10 ? 95 : 2 * slab + 9);
    const { socket, content } = connection();
    const { readInto } = source(file, { most });
    await sendFile(socket, { readInto, start: 0, end: file.length }, counting().options);
    expect(content().equals(file)).toBe(true);
  });

  it('is held while the disk reads, for every piece of it', async () => {
    const { options, held } = counting();
    await sendFile(connection().socket, { ...source(fileOf(3 * slab)), start: 0, end: 3 * slab }, options);
    expect(held()).toBe(3);
  });
});

describe('the next piece', () => {
  it('is read while the one before it is on its way, and counts when that has left', async () => {
    const gate = Promise.withResolvers<void>();
    const { socket, begun } = connection(() => gate.promise);
    const { readInto, reads } = source(fileOf(3 * slab));
    const { options, sum } = counting();
    const done = sendFile(socket, { readInto, start: 0, end: 3 * slab }, options);
    await vi.waitFor(() => expect(begun()).toBe(1));
    expect([reads.length, sum()]).toEqual([2, 0]);
    gate.resolve();
    await done;
    expect([reads.length, begun(), sum()]).toEqual([3, 3, 3 * slab]);
  });

  it('lies in other memory', async () => {
    const { readInto, reads } = source(fileOf(4 * slab));
    await sendFile(connection().socket, { readInto, start: 0, end: 4 * slab }, counting().options);
    const [first, second, third, fourth] = reads.map(({ memory }) => memory);
    expect(first).not.toBe(second);
    expect([third, fourth]).toEqual([first, second]);
  });
});

describe('a file that fits into one buffer', () => {
  it('takes no other, however short the pieces are in which the disk gives it', async () => {
    const { readInto, reads } = source(fileOf(slab), { most: 70_000 });
    await sendFile(connection().socket, { readInto, start: 0, end: slab }, counting().options);
    expect(reads.length).toBeGreaterThan(3);
    expect(new Set(reads.map(({ memory }) => memory)).size).toBe(1);
  });
});

describe('the last octets of a file', () => {
  it('take no more memory than a small file', async () => {
    const { readInto, reads } = source(fileOf(5 * slab + 100), { most: 60 });
    await sendFile(connection().socket, { readInto, start: 5 * slab, end: 5 * slab + 100 }, counting().options);
    expect(reads.map(({ memory }) => memory.byteLength)).toEqual([65_536, 65_536]);
    expect(reads[0]!.memory).toBe(reads[1]!.memory);
  });
});

describe('memory', () => {
  /** What the next transfers get. */
  const next = () => {
    const slabs = Array.from({ length: 40 }, () => transferSlabs.take(slab));
    for (const taken of slabs) transferSlabs.lose(taken);
    return slabs.map(({ buffer }) => buffer);
  };

  it('is used again after a file that was sent', async () => {
    const { readInto, reads } = source(fileOf(3 * slab));
    await sendFile(connection().socket, { readInto, start: 0, end: 3 * slab }, counting().options);
    const slabs = next();
    for (const { memory } of reads) expect(slabs).toContain(memory);
  });

  it.each([
    ['the connection', 'ends', () => Promise.reject(new Error('ends')), undefined],
    ['the disk', 'reads not', async () => undefined, new Error('reads not')],
  ])('is not used again when %s failed, for it may still be in use', async (_who, message, taking, fault) => {
    const file = source(fileOf(3 * slab));
    const readInto: SentFile['readInto'] = async (buffer, offset) => {
      const count = await file.readInto(buffer, offset);
      if (fault && offset > 0) throw fault;
      return count;
    };
    const done = sendFile(connection(taking).socket, { readInto, start: 0, end: 3 * slab }, counting().options);
    await expect(done).rejects.toThrow(message);
    const slabs = next();
    expect(file.reads.length).toBeGreaterThan(1);
    for (const { memory } of file.reads) expect(slabs).not.toContain(memory);
  });
});

describe('a failure', () => {
  it('of the disk counts nothing that was not sent', async () => {
    const { options, sum } = counting();
    const readInto = async (buffer: Buffer, offset: number) => {
      if (offset > 0) throw new Error('bad sector');
      return buffer.length;
    };
    const done = sendFile(connection().socket, { readInto, start: 0, end: 2 * slab }, options);
    await expect(done).rejects.toThrow('bad sector');
    expect(sum()).toBe(slab);
  });

  it('of the connection is told although the disk fails as well, and no rejection is left over', async () => {
    const unhandled: unknown[] = [];
    const notice = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', notice);
    const readInto = async (buffer: Buffer, offset: number) => {
      if (offset > 0) throw new Error('bad sector');
      return buffer.length;
    };
    const { socket } = connection(() => Promise.reject(new Error('gone')));
    await expect(sendFile(socket, { readInto, start: 0, end: 2 * slab }, counting().options)).rejects.toThrow('gone');
    const late = connection(
      () => new Promise((_resolve, reject) => void setImmediate(() => reject(new Error('gone')))),
    );
    const failing = sendFile(
      late.socket,
      { readInto: async () => slab, start: 0, end: 2 * slab },
      {
        hold: (work) => work,
        onOctets: () => undefined,
      },
    );
    await expect(failing).rejects.toThrow('gone');
    await new Promise(setImmediate);
    process.off('unhandledRejection', notice);
    expect(unhandled).toEqual([]);
  });
});

it('many files at once send one piece in each turn of the event loop', async () => {
  const { socket, begun } = connection();
  const { readInto } = source(fileOf(4 * slab));
  const sending = Array.from({ length: 5 }, () =>
    sendFile(socket, { readInto, start: 0, end: 4 * slab }, counting().options),
  );
  let most = 0;
  for (let before = 0; before < 20; before = begun()) {
    await new Promise(setImmediate);
    most = Math.max(most, begun() - before);
  }
  await Promise.all(sending);
  expect(most).toBe(1);
});
