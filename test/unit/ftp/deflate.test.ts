/** Compressed octets on their way: whole, in order, and broken uploads are told from whole ones at every octet. */
import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { deflated, InflatingIntake } from '../../../src/ftp/data/deflate.ts';
import { TransferRefused } from '../../../src/ftp/data/transfer-refused.ts';

const text = Buffer.from(Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join(''));

/** One buffer for all blocks, as files are read. */
async function* blocksOf(octets: Buffer, size: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.alloc(size);
  for (let offset = 0; offset < octets.length; offset += size) {
    const length = octets.copy(buffer, 0, offset, offset + size);
    yield buffer.subarray(0, length);
  }
}

async function compressed(octets: Buffer, level = 6): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of deflated(blocksOf(octets, 10_000), level)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function inflated(sent: readonly Buffer[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const intake = new InflatingIntake(async (octets) => {
    await new Promise(setImmediate);
    chunks.push(Buffer.from(octets));
    octets.fill(0);
  });
  try {
    for (const octets of sent) await intake.write(octets);
    await intake.end();
  } finally {
    intake.close();
  }
  return Buffer.concat(chunks);
}

const cut = (octets: Buffer, size: number) =>
  Array.from({ length: Math.ceil(octets.length / size) }, (_, index) =>
    octets.subarray(index * size, (index + 1) * size),
  );

describe('what is sent', () => {
  it.each([0, 1, 6, 9])('is one stream of zlib at level %i', async (level) => {
    for (const octets of [text, randomBytes(300_000), Buffer.alloc(0)]) {
      expect(inflateSync(await compressed(octets, level)).equals(octets)).toBe(true);
    }
  });

  it('fails as its source does', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield text;
      throw new Error('the disk failed');
    }
    await expect(async () => {
      for await (const _ of deflated(failing(), 6));
    }).rejects.toThrow('the disk failed');
  });

  it('ends its source when nothing more is wanted', async () => {
    let isEnded = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield randomBytes(10_000);
      } finally {
        isEnded = true;
      }
    }
    for await (const _ of deflated(endless(), 6)) break;
    expect(isEnded).toBe(true);
  });
});

describe('what arrives', () => {
  it.each([1_000_000, 1000, 7])('is inflated from pieces of %i octets', async (size) => {
    const octets = size < 10 ? text.subarray(0, 5000) : text;
    expect((await inflated(cut(deflateSync(octets), size))).equals(octets)).toBe(true);
  });

  it('may be an empty file, which is a stream, too', async () => {
    expect((await inflated([deflateSync(Buffer.alloc(0))])).length).toBe(0);
  });

  it('is broken wherever it is cut', async () => {
    const whole = deflateSync(text.subarray(0, 300));
    for (let length = 0; length < whole.length; length += 1) {
      await expect(inflated(cut(whole.subarray(0, length), 50)), String(length)).rejects.toThrow(TransferRefused);
    }
    expect((await inflated([whole])).length).toBe(300);
  });

  it.each([
    ['behind its end', Buffer.concat([deflateSync(text), Buffer.from('more')]), 'goes on behind its end'],
    ['two streams', Buffer.concat([deflateSync(text), deflateSync(text)]), 'goes on behind its end'],
    ['no zlib', Buffer.from('one\r\ntwo\r\n'), 'broken'],
    ['gzip', gzipSync(text), 'broken'],
    ['deflate without its frame', deflateRawSync(text), 'broken'],
    ['a wrong checksum', Buffer.concat([deflateSync(text).subarray(0, -1), Buffer.from([0x55])]), 'broken'],
  ])('that is %s is refused', async (_kind, octets, reason) => {
    for (const size of [1_000_000, 100, 1]) {
      if (octets.length / size > 20_000) continue;
      await expect(inflated(cut(octets, size))).rejects.toThrow(reason);
    }
  });

  it('fails as the writing does', async () => {
    const full = new Error('the disk is full');
    const intake = new InflatingIntake(() => Promise.reject(full));
    await expect(intake.write(deflateSync(text))).rejects.toBe(full);
    await expect(intake.write(deflateSync(text))).rejects.toBe(full);
    intake.close();
  });

  it('is read no further while the disk is behind', async () => {
    const gate = Promise.withResolvers<void>();
    let written = 0;
    const intake = new InflatingIntake(async ({ length }) => {
      written += length;
      await gate.promise;
    });
    const first = intake.write(deflateSync(Buffer.alloc(10 * 1024 * 1024)));
    await expect.poll(() => written).toBeGreaterThan(0);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(written).toBe(64 * 1024);
    gate.resolve();
    await first;
    await intake.end();
    expect(written).toBe(10 * 1024 * 1024);
  });

  it('must not expand beyond all measure, but a short file of zeros may', async () => {
    const mebibyte = 1024 * 1024;
    const count = async (content: Buffer) => {
      let written = 0;
      const write = async ({ length }: Buffer) => {
        written += length;
      };
      const intake = new InflatingIntake(write, { maximum: 200, freeOctets: mebibyte });
      try {
        for (const piece of cut(deflateSync(content), 512)) await intake.write(piece);
        await intake.end();
        return { written };
      } catch (error) {
        return { written, error };
      } finally {
        intake.close();
      }
    };
    expect(await count(Buffer.alloc(mebibyte))).toEqual({ written: mebibyte });
    const pages = Buffer.concat(
      Array.from({ length: 512 }, () => Buffer.concat([randomBytes(40), Buffer.alloc(4056)])),
    );
    expect(await count(pages)).toEqual({ written: pages.length });
    const { written, error } = await count(Buffer.alloc(4 * mebibyte));
    expect(error).toMatchObject({ name: 'TransferRefused', message: expect.stringContaining('expands too much') });
    expect(written).toBeLessThanOrEqual(mebibyte);
  });
});
