/** The server as a whole: limits on connections, and closing without cutting what runs. */

import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'basic-ftp';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../../src/settings/units.ts';
import { ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, startSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

describe('limits', () => {
  it.each([{ maxConnections: 2 }, { maxConnectionsPerAddress: 2 }])(
    '%o turns the third away with 421',
    async (limits) => {
      const site = await siteWith({ connections: limits });
      const first = await site.connect();
      await site.connect();
      const third = await ControlClient.connect(site.port);
      expect((await third.reply()).code).toBe(421);
      await third.gone();
      expect(site.server.connectionCount).toBe(2);
      first.raw.end('QUIT\r\n');
      await first.gone();
      await site.record(({ event }) => event === 'session-end');
      expect((await (await site.connect()).command('NOOP')).code).toBe(200);
    },
  );
});

describe('close', () => {
  it('says 421 to idle connections and ends with the server', async () => {
    const site = await siteWith();
    const idle = await site.loggedIn();
    const closing = site.server.close(milliseconds(5000));
    expect((await idle.reply()).code).toBe(421);
    await closing;
    expect(site.server.connectionCount).toBe(0);
    await expect(ControlClient.connect(site.port)).rejects.toThrow();
  });

  it('lets a running transfer finish, then says 421', async () => {
    const site = await siteWith();
    const content = randomBytes(8 * 1024 * 1024);
    await writeFile(join(site.home, 'file'), content);
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('RETR file\r\n');
    const data = await openData(port, identities.ada);
    expect((await client.reply()).code).toBeLessThan(200);
    const closing = site.server.close(milliseconds(10_000));
    expect((await readAll(data)).equals(content)).toBe(true);
    expect((await client.reply()).code).toBe(226);
    expect((await client.reply()).code).toBe(421);
    await closing;
  });

  it.each(['STOR', 'RETR'])('tells the client of a %s that has not finished after the time to drain', async (verb) => {
    const site = await siteWith();
    const content = randomBytes(64 * 1024 * 1024);
    await writeFile(join(site.home, 'file'), content);
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write(`${verb} file\r\n`);
    const data = await openData(port, identities.ada);
    await client.reply();
    if (verb === 'STOR') data.write('beginning');
    const broken = new Promise((resolve) => data.once('close', resolve));
    const closing = site.server.close(milliseconds(100));
    expect((await client.reply()).code).toBe(426);
    expect((await client.reply()).code).toBe(421);
    data.resume();
    await broken;
    // Not by the end of TLS, which tells a client that the file is whole.
    expect(data.errored).toMatchObject({ code: 'ECONNRESET' });
    await closing;
    expect(site.audit.filter(({ event }) => event === 'transfer' || event === 'session-end')).toMatchObject([
      { event: 'transfer', outcome: 'aborted' },
      { event: 'session-end', reason: 'server-closing' },
    ]);
    expect((await readFile(join(site.home, 'file'))).equals(content)).toBe(true);
    expect(await readdir(site.home)).toEqual(['file']);
  });

  it('cuts a client that reads nothing after the time to drain', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const port = await client.passive();
    client.write('STOR file\r\n');
    await openData(port, identities.ada);
    await client.reply();
    client.raw.pause();
    await site.server.close(milliseconds(100));
    client.raw.resume();
    await client.gone();
    expect(site.audit.find(({ event }) => event === 'session-end')).toMatchObject({ reason: 'server-closing' });
  });
});

describe('listen', () => {
  it('fails when the key does not fit the certificate, before any client comes', async () => {
    const site = await siteWith();
    const server = { ...identities.server, privateKey: identities.ada.key };
    await expect(startSite({ ...identities, server })).rejects.toThrow();
    expect(site.server.connectionCount).toBe(0);
  });

  it('fails when an address is taken', async () => {
    const site = await siteWith();
    const bindings = [{ address: '127.0.0.1', port: site.port, tls: 'explicit' as const }];
    await expect(startSite(identities, { bindings })).rejects.toThrow(/EADDRINUSE/u);
  });
});

describe('a client library', () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`basic-ftp logs in by certificate, uploads, lists and downloads: ${maxVersion}`, async () => {
      const site = await siteWith();
      const content = join(site.home, 'source');
      await writeFile(content, randomBytes(300_000));
      const client = new Client();
      try {
        const secureOptions = { ...identities.ada, maxVersion, rejectUnauthorized: false };
        await client.access({ host: '127.0.0.1', port: site.port, secure: true, secureOptions, user: 'ada' });
        for (let run = 0; run < 3; run += 1) await client.uploadFrom(content, `copy-${run}`);
        const names = (await client.list()).map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(['source', 'copy-0', 'copy-1', 'copy-2']));
        await client.downloadTo(join(site.home, 'back'), 'copy-2');
        expect(await client.size('copy-2')).toBe(300_000);
      } finally {
        client.close();
      }
    });
  }
});
