/** How slow a client may be: every octet that it sends or acknowledges counts, whatever the buffers between hide; too few are too slow. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { createDeflate } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openData, openTcp, readAll } from '../support/control-client.ts';
import { createIdentities } from '../support/protocol-site.ts';
import { python } from '../support/python.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cardgate-pace-'));
  await writeFile(join(directory, 'certificate.pem'), identities.ada.cert);
  await writeFile(join(directory, 'key.pem'), identities.ada.key, { mode: 0o600 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A reader that waits for the port; it is started before PASV, since Python takes its time on a busy machine. */
async function slowReader(bytesPerSecond: number, seconds: number) {
  const script = join(import.meta.dirname, '..', 'support', 'slow-reader.py');
  const identity = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  const child = spawn(python, [script, ...identity, String(bytesPerSecond), String(seconds)]);
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  await once(child.stdout, 'data');
  const closed = once(child, 'close');
  return {
    /** @returns octets read in the end */
    read: async (port: number): Promise<number> => {
      child.stdin.end(`${port}\n`);
      await closed;
      return Number(printed.replace('ready', ''));
    },
  };
}

const silence = 1500;

describe('a compressed upload', () => {
  it('is measured by what comes of it: text that compresses well is no slow transfer', async () => {
    const site = await siteWith({
      connections: { dataChannelTimeout: silence, minBytesPerSecond: 20_000 },
      fileHandling: { compression: true },
    });
    const client = await site.loggedIn();
    await client.command('MODE Z');
    const port = await client.passive();
    client.write('STOR zeros\r\n');
    const data = await openData(port, identities.ada);
    data.resume();
    await client.reply();
    const engine = createDeflate();
    let sent = 0;
    engine.on('data', (octets: Buffer) => {
      sent += octets.length;
      data.write(octets);
    });
    const began = performance.now();
    // Longer than the span that is looked at, some hundred octets a second, of which come some hundred thousand.
    while (performance.now() - began < 3 * silence) {
      engine.write(Buffer.alloc(50_000));
      await new Promise<void>((resolve) => engine.flush(resolve));
      await delay(200);
    }
    engine.end();
    await once(engine, 'end');
    data.end();
    expect((await client.reply()).code).toBe(226);
    expect(sent).toBeLessThan(20_000);
  });
});

describe('a download that its client reads slowly through small buffers', () => {
  it('is not cut while octets are acknowledged, for longer than the time of silence', async () => {
    const size = 6_000_000;
    const site = await siteWith({ connections: { dataChannelTimeout: silence } });
    await writeFile(join(site.home, 'large'), randomBytes(size));
    const client = await site.loggedIn();
    const reader = await slowReader(32_768, 4 * (silence / 1000));
    const port = await client.passive();
    client.write('RETR large\r\n');
    expect(await reader.read(port)).toBe(size);
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });

  it('is cut with a code of its own below minBytesPerSecond', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: silence, minBytesPerSecond: 1_000_000 } });
    await writeFile(join(site.home, 'large'), randomBytes(6_000_000));
    const client = await site.loggedIn();
    const reader = await slowReader(65_536, 60);
    const port = await client.passive();
    client.write('RETR large\r\n');
    const read = reader.read(port);
    await client.reply();
    const { code, text } = await client.reply();
    const refusal = await site.record(({ event }) => event === 'refusal');
    expect(refusal).toMatchObject({ accountName: 'ada', denial: { code: 'data-channel-slow' } });
    expect([code, text]).toEqual([426, expect.stringContaining(refusal.event === 'refusal' ? refusal.reference : '')]);
    expect(await site.record(({ event }) => event === 'transfer')).toMatchObject({
      outcome: 'failed',
      facts: { refused: 'data-channel-slow' },
    });
    expect(await read).toBeLessThan(6_000_000);
  });
});

describe('a listing that its client does not read', () => {
  it('is cut after the time of silence with a code of its own', async () => {
    const site = await siteWith({
      connections: { dataChannelTimeout: silence },
      wrapStorage: (storage) => ({
        ...storage,
        list: async function* (path) {
          const entry = await storage.entry(path);
          for (let count = 0; count < 200_000; count += 1) yield [{ ...entry, name: `${count}`.padStart(100, 'n') }];
        },
      }),
    });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    data.pause();
    client.write('MLSD\r\n');
    await client.reply();
    expect((await client.reply()).code).toBe(426);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'data-channel-silent' },
    });
  });
});

describe('the last octets of a download', () => {
  it('may take longer than the time of silence while they are acknowledged', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: silence, minBytesPerSecond: 0 } });
    // More than the first write of a slow connection takes, less than is buffered behind it.
    const size = 5_000_000;
    await writeFile(join(site.home, 'file'), randomBytes(size));
    const client = await site.loggedIn();
    const reader = await slowReader(32_768, 3 * (silence / 1000));
    const port = await client.passive();
    client.write('RETR file\r\n');
    expect(await reader.read(port)).toBe(size);
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });
});

/** Passes what TLS writes on to a socket in small pieces with pauses between them. */
function trickling(raw: Awaited<ReturnType<typeof openTcp>>, piece: () => number, pause: number): Duplex {
  const duplex = new Duplex({
    read: () => raw.resume(),
    write(chunk: Buffer, _encoding, callback) {
      const write = async () => {
        for (let start = 0; start < chunk.length; start += piece()) {
          raw.write(chunk.subarray(start, start + piece()));
          if (piece() < chunk.length) await delay(pause);
        }
      };
      write().then(() => callback(), callback);
    },
    final: (callback) => void raw.end(callback),
  });
  raw.on('data', (chunk: Buffer) => duplex.push(chunk));
  raw.on('end', () => duplex.push(null));
  raw.on('close', () => duplex.destroy());
  duplex.on('error', () => undefined);
  return duplex;
}

describe('an upload', () => {
  it('is not cut while the octets of one TLS record come in, for longer than the time of silence', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: silence, minBytesPerSecond: 0 } });
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    await client.reply();
    let piece = Number.POSITIVE_INFINITY;
    const raw = await openTcp(port);
    const data = connect({
      socket: trickling(raw, () => piece, 100) as never,
      rejectUnauthorized: false,
      ...identities.ada,
    });
    data.on('error', () => undefined);
    await once(data, 'secureConnect');
    piece = 400;
    const content = randomBytes(12_000);
    data.resume();
    data.end(content);
    expect((await client.reply()).code).toBe(226);
    expect((await readFile(join(site.home, 'file'))).equals(content)).toBe(true);
  });

  it('of an octet now and then is silent for no span, and too slow', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: silence, minBytesPerSecond: 1000 } });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR file\r\n');
    await client.reply();
    const drip = setInterval(() => data.write('x'), 100);
    expect((await client.reply()).code).toBe(426);
    clearInterval(drip);
    expect(await site.record(({ event }) => event === 'refusal')).toMatchObject({
      denial: { code: 'data-channel-slow' },
    });
  });

  it('is not cut for what the disk of the server takes', async () => {
    const site = await siteWith({
      connections: { dataChannelTimeout: silence, minBytesPerSecond: 10_000 },
      wrapStorage: (storage) => ({
        ...storage,
        openWrite: async (path, mode) => {
          const upload = await storage.openWrite(path, mode);
          let pause = 2 * silence;
          const write = async (chunk: Buffer) => {
            await delay(pause);
            pause = 0;
            await upload.write(chunk);
          };
          return {
            bytesWritten: 0,
            write,
            seal: () => upload.seal(),
            commit: () => upload.commit(),
            abort: () => upload.abort(),
          };
        },
      }),
    });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR file\r\n');
    data.resume();
    data.end(randomBytes(4_000_000));
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });
});

describe('a download whose file is slow to be read', () => {
  it('is not cut for that', async () => {
    const site = await siteWith({
      connections: { dataChannelTimeout: silence },
      wrapStorage: (storage) => ({
        ...storage,
        list: async function* (path) {
          const entry = await storage.entry(path);
          yield [{ ...entry, name: 'first' }];
          await delay(2 * silence);
          yield [{ ...entry, name: 'last' }];
        },
      }),
    });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('LIST\r\n');
    expect((await readAll(data)).toString()).toContain('last');
    await client.reply();
    expect((await client.reply()).code).toBe(226);
  });
});
