/** What stays of an upload that broke, and in which order a client hears what is wrong with a transfer. */
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StorageError } from '../../src/storage/storage.ts';
import { type ControlClient, openData, openTcp } from '../support/control-client.ts';
import { upload } from '../support/file-transfers.ts';
import {
  createIdentities,
  type ProtocolSite,
  type SiteChanges,
  startSite,
  type TestIdentities,
} from '../support/protocol-site.ts';

let identities: TestIdentities;
const sites: ProtocolSite[] = [];
beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function siteWith(changes: SiteChanges = {}) {
  const site = await startSite(identities, changes);
  sites.push(site);
  return site;
}

const keeping: SiteChanges = { fileHandling: { keepPartialUploads: true } };
const transfers = (site: ProtocolSite) => site.audit.filter((record) => record.event === 'transfer');

/** Sends the beginning of a file and waits until it is on its way to the disk. */
async function begun(site: ProtocolSite, client: ControlClient, line: string, beginning: string) {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const raw = await openTcp(port);
  const data = connectTls({ socket: raw, rejectUnauthorized: false, ...identities.ada });
  data.on('error', () => undefined);
  await once(data, 'secureConnect');
  data.resume();
  data.write(beginning);
  expect((await client.reply()).code).toBeLessThan(200);
  const isWritten = async () => {
    const names = await readdir(site.home);
    const contents = await Promise.all(names.map((name) => readFile(join(site.home, name), 'latin1')));
    return contents.some((content) => content.endsWith(beginning));
  };
  await expect.poll(isWritten, { timeout: 10_000 }).toBe(true);
  return raw;
}

const endings = [
  ['ABOR', async (client: ControlClient) => void client.write('ABOR\r\n')],
  ['a reset of the data connection', async (_client: ControlClient, raw: Socket) => void raw.resetAndDestroy()],
  ['the end of the control connection', async (client: ControlClient) => client.destroy()],
] as const;

describe('with keepPartialUploads', () => {
  it.each(endings)('a new file that broke by %s stays under its name, and REST goes on', async (_kind, end) => {
    const site = await siteWith(keeping);
    const client = await site.loggedIn();
    const data = await begun(site, client, 'STOR new', 'the beginning, ');
    await end(client, data);
    const record = await site.record((entry) => entry.event === 'transfer');
    expect(record).toMatchObject({ operation: 'store', path: '/new', facts: { keptAs: '/new' } });
    expect(record).not.toMatchObject({ outcome: 'complete' });
    data.destroy();
    const next = await site.loggedIn();
    const { text } = await next.command('SIZE new');
    expect(text).toBe('213 15');
    await next.command(`REST ${text.slice(4)}`);
    expect((await upload(next, identities.ada, 'STOR new', 'and the end')).code).toBe(226);
    expect(await readFile(join(site.home, 'new'), 'utf8')).toBe('the beginning, and the end');
    expect(await readdir(site.home)).toEqual(['new']);
  });

  it('a file that is there stays whole, and the partial one is kept beside it', async () => {
    const site = await siteWith(keeping);
    await writeFile(join(site.home, 'report'), 'old');
    for (const beginning of ['first try', 'second try']) {
      const client = await site.loggedIn();
      const data = await begun(site, client, 'STOR report', beginning);
      client.write('ABOR\r\n');
      expect((await client.reply()).code).toBe(426);
      expect((await client.reply()).code).toBe(226);
      data.destroy();
    }
    expect(await readFile(join(site.home, 'report'), 'utf8')).toBe('old');
    const kept = transfers(site).map((record) => record.event === 'transfer' && String(record.facts?.['keptAs']));
    for (const path of kept) expect(path).toMatch(/^\/report\.partial\.[0-9a-f]{8}$/u);
    const contents = await Promise.all(kept.map((path) => readFile(join(site.home, String(path)), 'utf8')));
    expect(contents).toEqual(['first try', 'second try']);
  });

  it('under TYPE A the offset to go on at is that of the octets that were sent', async () => {
    const site = await siteWith(keeping);
    const client = await site.loggedIn();
    await client.command('TYPE A');
    const port = await client.passive();
    client.write('STOR text\r\n');
    const data = await openData(port, identities.ada);
    data.resume();
    data.write('one\r\ntwo\r');
    await client.reply();
    await expect
      .poll(async () => Promise.all((await readdir(site.home)).map((name) => readFile(join(site.home, name), 'utf8'))))
      .toEqual(['one\ntwo']);
    client.write('ABOR\r\n');
    await client.reply();
    await client.reply();
    data.destroy();
    expect((await client.command('SIZE text')).text).toBe('213 8');
    await client.command('REST 8');
    expect((await upload(client, identities.ada, 'STOR text', '\r\nthree\r\n')).code).toBe(226);
    expect(await readFile(join(site.home, 'text'), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('nothing is kept of an upload of which nothing came, or whose octets the disk did not take', async () => {
    const full = await siteWith({
      ...keeping,
      wrapStorage: (storage) => ({
        ...storage,
        openWrite: async (path, mode) => {
          const opened = await storage.openWrite(path, mode);
          const write = async () => {
            throw new StorageError('no-space', 'ENOSPC');
          };
          return {
            bytesWritten: 0,
            write,
            seal: () => opened.seal(),
            commit: () => opened.commit(),
            abort: () => opened.abort(),
          };
        },
      }),
    });
    const client = await full.loggedIn();
    expect((await upload(client, identities.ada, 'STOR new', 'octets')).code).toBe(452);
    const port = await client.passive();
    client.write('STOR new\r\n');
    const data = await openData(port, identities.ada);
    await client.reply();
    client.write('ABOR\r\n');
    await client.reply();
    data.destroy();
    await client.reply();
    expect(await readdir(full.home)).toEqual([]);
  });
});

describe('without keepPartialUploads', () => {
  it('nothing stays of a STOR that broke', async () => {
    const site = await siteWith();
    const client = await site.loggedIn();
    const data = await begun(site, client, 'STOR new', 'the beginning');
    client.write('ABOR\r\n');
    expect((await client.reply()).code).toBe(426);
    expect(await readdir(site.home)).toEqual([]);
    data.destroy();
  });

  it.each([
    ['APPE grown', 'APPE', 'old', 'old and more'],
    ['REST and STOR', 'REST', 'old', 'old and more'],
  ])('%s leaves what came', async (_kind, how, before, after) => {
    const site = await siteWith();
    await writeFile(join(site.home, 'file'), before);
    const client = await site.loggedIn();
    if (how === 'REST') await client.command(`REST ${before.length}`);
    const data = await begun(site, client, how === 'REST' ? 'STOR file' : 'APPE file', ' and more');
    client.write('ABOR\r\n');
    expect((await client.reply()).code).toBe(426);
    expect(await readFile(join(site.home, 'file'), 'utf8')).toBe(after);
    data.destroy();
  });
});

describe('what stands against a transfer is said in this order', () => {
  it.each([
    ['a file that is not there', 'RETR none', 550],
    ['a directory', 'RETR docs', 550],
    ['a name that cannot be', `RETR ${'x'.repeat(300)}`, 550],
    ['an offset behind the end', 'REST 100|RETR file', 554],
    ['a target in no directory', 'STOR none/file', 550],
    ['an offset behind the end of a target', 'REST 100|STOR file', 554],
    ['an offset for a target that is not there', 'REST 1|STOR new', 554],
    ['an offset for APPE', 'REST 1|APPE file', 554],
    ['an offset for STOU', 'REST 1|STOU', 554],
    ['a directory that is not there', 'LIST none', 550],
    ['nothing but the data connection', 'RETR file', 425],
    ['nothing but the data connection for STOR', 'STOR file', 425],
    ['nothing but the data connection for STOR of a new file', 'STOR new', 425],
    ['nothing but the data connection for APPE of a new file', 'APPE new', 425],
    ['nothing but the data connection for STOU', 'STOU', 425],
    ['nothing but the data connection for LIST', 'LIST', 425],
  ])('%s, before a data connection that is missing', async (_kind, lines, expected) => {
    const site = await siteWith();
    await mkdir(join(site.home, 'docs'));
    await writeFile(join(site.home, 'file'), 'content');
    const client = await site.loggedIn();
    const commands = lines.split('|');
    for (const line of commands.slice(0, -1)) expect((await client.command(line)).code).toBe(350);
    expect((await client.command(commands.at(-1)!)).code).toBe(expected);
    expect((await client.command('NOOP')).code).toBe(200);
    expect((await readdir(site.home)).sort()).toEqual(['docs', 'file']);
    expect(await readFile(join(site.home, 'file'), 'utf8')).toBe('content');
    expect(transfers(site)).toEqual([]);
  });

  it('protection that is missing comes before everything else: 521', async () => {
    const site = await siteWith();
    const client = await site.connect();
    await client.secure(identities.ada);
    await client.command('USER ada');
    for (const line of ['RETR none', 'STOR none/file', 'APPE none/file']) {
      expect((await client.command(line)).code, line).toBe(521);
    }
  });

  it('a file that was made for an upload whose data connection never came is gone', async () => {
    const site = await siteWith({ connections: { dataChannelTimeout: 1000 } });
    const client = await site.loggedIn();
    for (const line of ['APPE new', 'STOR new']) {
      await client.passive();
      client.write(`${line}\r\n`);
      expect((await client.reply()).code).toBe(150);
      expect((await client.reply()).code).toBe(425);
      await client.command('NOOP');
      expect(await readdir(site.home), line).toEqual([]);
    }
  });
});
