/** Transfers that go wrong: uploads arrive whole or not at all, and 226 is never said of anything else. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { Transfer } from '../../src/operations/audit.ts';
import { type Storage, StorageError } from '../../src/storage/storage.ts';
import { openData, openTcp } from '../support/control-client.ts';
import { neverReadingUpload } from '../support/never-reading-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

const megabyte = 1024 * 1024;

async function transferRecord(site: ProtocolSite): Promise<Transfer> {
  return (await site.record(({ event }) => event === 'transfer')) as Transfer;
}

describe('a client that writes 1 MB over TLS and closes without ever reading', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`has every upload stored whole: ${version}, full handshakes, 10 of 10`, async () => {
      const site = await siteWith({ fileHandling: { uploadEndDelay: 10 } });
      const client = await site.loggedIn({ minVersion: version, maxVersion: version });
      for (let run = 0; run < 10; run += 1) {
        const content = randomBytes(megabyte);
        const port = await client.passive();
        client.write(`STOR file-${run}\r\n`);
        await neverReadingUpload({ port, version, ...identities.ada, content });
        expect((await client.reply()).code).toBeLessThan(200);
        expect((await client.reply()).code).toBe(226);
        expect((await readFile(join(site.home, `file-${run}`))).equals(content)).toBe(true);
      }
    });
  }
});

describe('an upload that ends in FIN without close_notify', () => {
  async function uploadWithoutCloseNotify(site: ProtocolSite, version: 'TLSv1.2' | 'TLSv1.3'): Promise<number> {
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const raw = await openTcp(port);
    const data = connect({ socket: raw, rejectUnauthorized: false, ...identities.ada, maxVersion: version });
    data.on('error', () => undefined);
    await once(data, 'secureConnect');
    await new Promise((resolve) => data.write('cut?', resolve));
    raw.end();
    await client.reply();
    return (await client.reply()).code;
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is accepted and recorded under the policy accept: ${version}`, async () => {
      const site = await siteWith();
      expect(await uploadWithoutCloseNotify(site, version)).toBe(226);
      expect(await transferRecord(site)).toMatchObject({ outcome: 'complete', facts: { end: 'fin' } });
    });

    it(`is refused with 426 under the policy refuse, and the old file stays: ${version}`, async () => {
      const site = await siteWith({ fileHandling: { uploadWithoutCloseNotify: 'refuse' } });
      await writeFile(join(site.home, 'file'), 'old');
      expect(await uploadWithoutCloseNotify(site, version)).toBe(426);
      expect(await readFile(join(site.home, 'file'), 'utf8')).toBe('old');
      expect(await readdir(site.home)).toEqual(['file']);
      expect(await transferRecord(site)).toMatchObject({ outcome: 'failed' });
    });
  }
});

describe('a broken upload', () => {
  it('is answered 426, never 226, when the connection is reset; the old file stays whole', async () => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), 'old');
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const raw = await openTcp(port);
    const data = connect({ socket: raw, rejectUnauthorized: false, ...identities.ada });
    data.on('error', () => undefined);
    await once(data, 'secureConnect');
    await new Promise((resolve) => data.write(randomBytes(megabyte), resolve));
    raw.resetAndDestroy();
    await client.reply();
    expect((await client.reply()).code).toBe(426);
    expect(await readFile(join(site.home, 'file'), 'utf8')).toBe('old');
    expect(await transferRecord(site)).toMatchObject({ outcome: 'failed' });
  });

  it('is answered 452 when the disk is full; the old file stays whole and the session goes on', async () => {
    const full = (storage: Storage): Storage => ({
      ...storage,
      openWrite: async (path, mode) => {
        const upload = await storage.openWrite(path, mode);
        const write = () => Promise.reject(new StorageError('no-space', 'ENOSPC'));
        return {
          bytesWritten: 0,
          write,
          seal: () => upload.seal(),
          commit: () => upload.commit(),
          abort: () => upload.abort(),
        };
      },
    });
    const site = await siteWith({ wrapStorage: full });
    await writeFile(join(site.home, 'file'), 'old');
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const data = await openData(port, identities.ada);
    data.resume();
    data.end(randomBytes(megabyte));
    await client.reply();
    expect((await client.reply()).code).toBe(452);
    expect(await readFile(join(site.home, 'file'), 'utf8')).toBe('old');
    expect(await readdir(site.home)).toEqual(['file']);
    expect((await client.command('NOOP')).code).toBe(200);
  });

  it('is given up by ABOR: 426 for the transfer, then 226; commands before it wait, STAT and NOOP do not', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const data = await openData(port, identities.ada);
    data.write('some');
    expect((await client.reply()).code).toBeLessThan(200);
    expect((await client.command('NOOP')).code).toBe(200);
    expect((await client.command('STAT')).text).toContain('Transfer: running');
    client.write(
      Buffer.concat([Buffer.from('PWD\r\n'), Buffer.from([0xff, 0xf4, 0xff, 0xf2]), Buffer.from('ABOR\r\n')]),
    );
    expect((await client.reply()).code).toBe(426);
    const rest = [(await client.reply()).code, (await client.reply()).code];
    expect(rest.sort()).toEqual([226, 257]);
    expect(await readdir(site.home)).toEqual([]);
    expect(await transferRecord(site)).toMatchObject({ outcome: 'aborted' });
  });

  it('is removed before the client is told that it failed', async () => {
    const told: string[] = [];
    const site = await siteWith({
      connections: { dataChannelTimeout: 1000 },
      wrapStorage: (storage) => ({
        ...storage,
        openWrite: async (path, mode) => {
          const upload = await storage.openWrite(path, mode);
          const abort = async () => {
            await new Promise((resolve) => setTimeout(resolve, 50));
            await upload.abort();
            told.push('removed');
          };
          const write = (chunk: Buffer) => upload.write(chunk);
          return { bytesWritten: 0, write, seal: () => upload.seal(), commit: () => upload.commit(), abort };
        },
      }),
    });
    const client = await site.loggedIn();
    const data = await openData(await client.passive(), identities.ada);
    client.write('STOR silent\r\n');
    await client.reply();
    expect((await client.reply()).code).toBe(426);
    expect(told[0]).toBe('removed');
    data.destroy();
  });

  it('is given up when nothing moves for the time of silence', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: 1000 } });
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const data = await openData(port, identities.ada);
    data.write('some');
    await client.reply();
    expect((await client.reply()).code).toBe(426);
    expect(await readdir(site.home)).toEqual([]);
  });

  it('is given up when the control connection is lost', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    const data = await openData(port, identities.ada);
    data.write('some');
    await client.reply();
    client.raw.resetAndDestroy();
    expect(await transferRecord(site)).toMatchObject({ outcome: 'aborted' });
    expect(await readdir(site.home)).toEqual([]);
  });
});

describe('a download', () => {
  it('ends with close_notify, and a reader that stops is cut after the time of silence with 426', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: 1000 } });
    await writeFile(join(site.home, 'large'), randomBytes(32 * megabyte));
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('RETR large\r\n');
    const data = await openData(port, identities.ada);
    data.pause();
    await client.reply();
    expect((await client.reply()).code).toBe(426);
  });

  it('whose file fails halfway is not ended like a whole one', async () => {
    const failing = (storage: Storage): Storage => ({
      ...storage,
      openRead: async (path) => {
        const file = await storage.openRead(path);
        const readInto = async (buffer: Buffer, offset: number) => {
          if (offset > 0) throw new StorageError('fault', 'EIO');
          return file.readInto(buffer, offset);
        };
        return { facts: file.facts, readInto, close: () => file.close() };
      },
    });
    const site = await siteWith({ wrapStorage: failing });
    await writeFile(join(site.home, 'large'), randomBytes(4 * megabyte));
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('RETR large\r\n');
    const data = await openData(port, identities.ada);
    let ended = false;
    data.once('end', () => {
      ended = true;
    });
    data.resume();
    await client.reply();
    expect((await client.reply()).code).toBe(451);
    if (!data.closed) await new Promise((resolve) => data.once('close', resolve));
    expect(ended).toBe(false);
  });
});
