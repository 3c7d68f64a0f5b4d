/** allowReadUploadsInProgress: what an upload writes into is read by no other session, unless the site allows it. */
import { once } from 'node:events';
import { link, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type ControlClient, openData } from '../support/control-client.ts';
import { download } from '../support/file-transfers.ts';
import { createIdentities, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

async function start(changes: SiteChanges = {}) {
  const site = await siteWith(changes);
  await writeFile(join(site.home, 'file'), '0123456789');
  await writeFile(join(site.home, 'other'), 'other');
  await symlink('file', join(site.home, 'link'));
  await link(join(site.home, 'file'), join(site.home, 'second name'));
  const [writer, reader] = [await site.loggedIn(), await site.loggedIn()];
  const read = (name: string) => download(reader, identities.ada, `RETR ${name}`);
  return { site, writer, reader, read };
}

async function begin(writer: ControlClient, ...lines: readonly string[]): Promise<TLSSocket> {
  for (const line of lines.slice(0, -1)) await writer.command(line);
  const port = await writer.passive();
  writer.write(`${lines.at(-1)}\r\n`);
  const data = await openData(port, identities.ada);
  expect((await writer.reply()).code).toBeLessThan(200);
  return data;
}

async function end(writer: ControlClient, data: TLSSocket): Promise<number> {
  data.resume();
  data.end('more');
  return (await writer.reply()).code;
}

const busy = '450 An upload writes into that file.';

describe('while an upload writes into a file', () => {
  it.each([[['APPE file']], [['REST 4', 'STOR file']], [['RANG 0 3', 'STOR file']]])(
    'by %j no other session reads it, by whatever name, and others it does',
    async (lines) => {
      const { writer, reader, read } = await start();
      const data = await begin(writer, ...lines);
      for (const name of ['file', 'link', 'second name']) expect((await read(name)).text, name).toBe(busy);
      for (const line of ['HASH file', 'XCRC link', 'SITE COPY file copy'])
        expect((await reader.command(line)).code, line).toBe(450);
      expect((await read('other')).code).toBe(226);
      expect((await reader.command('SIZE file')).code).toBe(213);
      expect(await end(writer, data)).toBe(226);
      expect((await read('file')).code).toBe(226);
    },
  );

  it('two uploads into one file are both awaited', async () => {
    const { site, writer, read } = await start();
    const second = await site.loggedIn();
    const [one, two] = [await begin(writer, 'APPE file'), await begin(second, 'APPE file')];
    expect(await end(writer, one)).toBe(226);
    expect((await read('file')).text).toBe(busy);
    expect(await end(second, two)).toBe(226);
    expect((await read('file')).code).toBe(226);
  });

  it('that is given up, it can be read as it is left', async () => {
    const { site, writer, read } = await start();
    const data = await begin(writer, 'APPE file');
    data.write('lost');
    data.destroy();
    writer.destroy();
    await once(data, 'close');
    await site.record(({ event }) => event === 'session-end');
    expect((await read('file')).code).toBe(226);
  });

  it('that takes its name when it is whole, the old file is read', async () => {
    const { writer, read } = await start();
    const data = await begin(writer, 'STOR file');
    expect((await read('file')).content.toString()).toBe('0123456789');
    expect(await end(writer, data)).toBe(226);
    expect((await read('file')).content.toString()).toBe('more');
  });

  it('it is read as far as it is, where the site allows it', async () => {
    const { writer, read } = await start({ fileHandling: { allowReadUploadsInProgress: true } });
    const data = await begin(writer, 'APPE file');
    expect((await read('file')).code).toBe(226);
    expect(await end(writer, data)).toBe(226);
  });

  it('by an account that may not read it, the upload goes on as ever', async () => {
    const rules = [{ accessType: 'Deny', users: '*', permissions: ['Read'], path: '/file' }] as const;
    const { writer } = await start({ rules });
    expect(await end(writer, await begin(writer, 'APPE file'))).toBe(226);
  });
});
