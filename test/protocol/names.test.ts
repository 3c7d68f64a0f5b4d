/** What a listing sends can be sent back: names of any octets, over the wire, with every command that takes a path. */
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeOctets, encodeOctets } from '../../src/storage/octet-text.ts';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

let site: ProtocolSite;
let client: ControlClient;
const host = (name: string) => Buffer.concat([Buffer.from(`${site.home}/`), encodeOctets(name)]);
const code = async (line: string) => (await client.command(line)).code;

beforeEach(async () => {
  site = await siteWith();
  client = await site.loggedIn();
});

async function received(line: string): Promise<string> {
  const port = await client.passive();
  client.write(encodeOctets(`${line}\r\n`));
  const content = await readAll(await openData(port, identities.ada));
  expect((await client.reply()).code, line).toBeLessThan(200);
  expect((await client.reply()).code, line).toBe(226);
  return decodeOctets(content);
}

async function upload(line: string, content: string): Promise<void> {
  const port = await client.passive();
  client.write(encodeOctets(`${line}\r\n`));
  const data = await openData(port, identities.ada);
  data.resume();
  data.end(content);
  await client.reply();
  expect((await client.reply()).code, line).toBe(226);
}

describe.each([
  ['Latin-1', 'Stra\udcdfe'],
  ['a cut UTF-8 character', 'x\udce2\udc82'],
  ['0xFF at the end', 'end\udcff'],
  ['0xFF before a letter', '\udcffend'],
  ['control octets', 'a\x01\x1b[2J\x7f\tb'],
  ['a C1 control character', 'a\u0085b'],
  ['a line separator of Unicode', 'a\u2028b'],
])('a name with %s', (_kind, name) => {
  it('is listed octet for octet, and what is listed is taken back', async () => {
    await writeFile(host(name), 'content');
    expect(await received('NLST')).toBe(`${name}\r\n`);
    expect((await received('LIST')).endsWith(` ${name}\r\n`)).toBe(true);
    expect((await received('MLSD')).endsWith(`; ${name}\r\n`)).toBe(true);
    expect(await received(`RETR ${name}`)).toBe('content');
    expect((await client.command(`SIZE ${name}`)).text).toBe('213 7');
    for (const verb of ['MDTM', 'MLST', 'STAT', 'RNFR']) expect(await code(`${verb} ${name}`), verb).toBeLessThan(400);
    expect(await code(`RNTO plain`)).toBe(250);
    await upload(`STOR ${name}`, 'new');
    await upload(`APPE ${name}`, 'er');
    expect(await readFile(host(name), 'utf8')).toBe('newer');
    expect(await code(`DELE ${name}`)).toBe(250);
    expect(await readdir(site.home)).toEqual(['plain']);
  });

  it('may be a directory’s, and of what lies in it', async () => {
    expect(await code(`MKD ${name}`)).toBe(257);
    expect((await lstat(host(name))).isDirectory()).toBe(true);
    expect(await code(`CWD ${name}`)).toBe(250);
    const doubled = name.replaceAll('\udcff', '\udcff\udcff');
    expect((await client.command('PWD')).text).toContain(`"/${doubled}"`);
    await upload(`STOR ${name}`, 'x');
    expect(await received(`NLST /${name}`)).toBe(`/${name}/${name}\r\n`);
    expect(await code('CDUP')).toBe(250);
    expect(await code(`DELE ${name}/${name}`)).toBe(250);
    expect(await code(`RMD ${name}`)).toBe(250);
  });
});

describe('a name that no command can say', () => {
  it('is shown with question marks, and does not make a directory look empty', async () => {
    await mkdir(host('d'));
    for (const name of ['d/a\rb', 'd/a\nb\r\n226 forged']) await writeFile(host(name), '');
    const lines = (await received('NLST d')).split('\r\n');
    expect(lines.sort()).toEqual(['', 'd/a?b', 'd/a?b??226 forged']);
    expect((await client.command('STAT d')).lines.filter((line) => line.startsWith(' -'))).toHaveLength(2);
    expect((await client.command('RMD d')).text).toBe('550 The directory is not empty.');
  });

  it.each([
    ['NUL', 'DELE a\0b'],
    ['CR', 'DELE a\rb'],
  ])('%s in a line is answered 501', async (_octet, line) => {
    expect(await code(line)).toBe(501);
  });
});

describe('octets that are no text', () => {
  it.each(['USER \udcff', 'USER a\x01', 'OPTS \x01', 'TYPE \udce4', '\x01', 'RETR\udcff x', 'NOSUCH \udcff'])(
    'outside a path are answered 501: %j',
    async (line) => {
      expect(await code(line)).toBe(501);
    },
  );

  it('go on record escaped', async () => {
    expect(await code('DELE a\x1b\udcff')).toBe(550);
    const record = await site.record(({ event }) => event === 'transfer');
    expect(record).toMatchObject({ operation: 'delete', path: '/a\x1b\udcff', outcome: 'failed' });
    const { printablePath } = await import('../../src/operations/printable.ts');
    expect(printablePath('/a\x1b\udcff')).toBe('/a\\u{1b}\\u{dcff}');
  });
});
