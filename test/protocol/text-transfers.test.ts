/** TYPE A over the wire (RFC 959 3.1.1.1): what is sent, stored, sized and restarted, and a site that converts nothing. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
let client: ControlClient;

/** Octets that are read for a size. */
const measured = 256 * 1024 * 1024;
const lines = 'one\ntwo\n\nlast';
const sentLines = 'one\r\ntwo\r\n\r\nlast';

beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities, {
    rules: [{ accessType: 'Deny', users: '*', permissions: ['Read'], path: '/write-only' }],
  });
  client = await site.loggedIn();
});
afterAll(() => site.close());
beforeEach(async () => {
  await writeFile(join(site.home, 'lines'), lines);
  await client.command('TYPE A');
});

const code = async (line: string) => (await client.command(line)).code;
const fetched = async (line: string) => {
  const outcome = await download(client, identities.ada, line);
  return { code: outcome.code, content: outcome.content.toString('latin1') };
};
const sent = async (line: string, ...parts: readonly string[]) =>
  (await upload(client, identities.ada, line, ...parts)).code;
const stored = async (name: string) => (await readFile(join(site.home, name))).toString('latin1');

describe('TYPE', () => {
  it.each([
    ['A', 200],
    ['a', 200],
    ['A N', 200],
    ['a n', 200],
    ['I', 200],
    ['L 8', 200],
    ['l 8', 200],
    ['A T', 200],
    ['A C', 504],
    ['E', 504],
    ['E N', 504],
    ['L 7', 504],
    ['L 36', 504],
    ['L', 504],
    ['X', 504],
    ['', 501],
  ])('%j is answered %i', async (type, expected) => {
    expect(await code(`TYPE ${type}`)).toBe(expected);
  });

  it('a type that is refused leaves the one before', async () => {
    expect(await code('TYPE E')).toBe(504);
    expect(await fetched('RETR lines')).toEqual({ code: 226, content: sentLines });
  });

  it('is A in a new session (RFC 959 3.1.1.1)', async () => {
    const other = await site.connect();
    await other.secure(identities.ada);
    for (const line of ['USER ada', 'PBSZ 0', 'PROT P']) await other.command(line);
    const { content } = await download(other, identities.ada, 'RETR lines');
    expect(content.toString()).toBe(sentLines);
    other.destroy();
  });
});

describe('downloads', () => {
  it.each([
    ['LF goes out as CRLF', lines, sentLines],
    ['CRLF goes out as it is', 'one\r\ntwo\n', 'one\r\ntwo\r\n'],
    ['CR goes out as it is', 'one\rtwo\r', 'one\rtwo\r'],
    ['an empty file is empty', '', ''],
  ])('%s', async (_rule, file, expected) => {
    await writeFile(join(site.home, 'text'), file, 'latin1');
    expect(await fetched('RETR text')).toEqual({ code: 226, content: expected });
    expect((await client.command('SIZE text')).text).toBe(`213 ${expected.length}`);
  });

  it('converts a file of many buffers, and sizes it', async () => {
    const line = `${'x'.repeat(62)}\n`;
    await writeFile(join(site.home, 'long'), line.repeat(40_000));
    const { content } = await download(client, identities.ada, 'RETR long');
    expect(content.equals(Buffer.from(`${line.slice(0, -1)}\r\n`.repeat(40_000)))).toBe(true);
    expect((await client.command('SIZE long')).text).toBe(`213 ${64 * 40_000}`);
  });

  it('TYPE I and L 8 send it unchanged', async () => {
    for (const type of ['I', 'L 8']) {
      await client.command(`TYPE ${type}`);
      expect(await fetched('RETR lines')).toEqual({ code: 226, content: lines });
      expect((await client.command('SIZE lines')).text).toBe(`213 ${lines.length}`);
    }
  });

  it('promises no size, which some clients take for the true one', async () => {
    expect((await download(client, identities.ada, 'RETR lines')).opening).not.toMatch(/\(\d/u);
    await client.command('TYPE I');
    expect((await download(client, identities.ada, 'RETR lines')).opening).toContain(`(${lines.length} bytes)`);
  });

  it.each(Array.from(sentLines, (_, offset) => offset))('REST %i counts octets on the connection', async (offset) => {
    expect(await code(`REST ${offset}`)).toBe(350);
    expect(await fetched('RETR lines')).toEqual({ code: 226, content: sentLines.slice(offset) });
  });

  it('REST behind the end of the text is answered 554, and at its end 226', async () => {
    await client.command(`REST ${sentLines.length + 1}`);
    expect(await fetched('RETR lines')).toEqual({ code: 554, content: '' });
    await client.command(`REST ${sentLines.length}`);
    expect(await fetched('RETR lines')).toEqual({ code: 226, content: '' });
  });

  it('the type at the transfer decides what an offset counts', async () => {
    await client.command('REST 5');
    await client.command('TYPE I');
    expect(await fetched('RETR lines')).toEqual({ code: 226, content: lines.slice(5) });
  });

  it('reads no large file for a size or an offset: SIZE is answered 550, the transfer 554, and TYPE I goes on', async () => {
    await writeFile(join(site.home, 'large'), 'x');
    await truncate(join(site.home, 'large'), measured + 1);
    expect(await code('SIZE large')).toBe(550);
    await client.command(`REST ${measured + 1}`);
    expect((await fetched('RETR large')).code).toBe(554);
    await client.command('TYPE I');
    expect((await client.command('SIZE large')).text).toBe(`213 ${measured + 1}`);
    await client.command(`REST ${measured}`);
    expect(await fetched('RETR large')).toEqual({ code: 226, content: '\0' });
  });

  it('is recorded with the octets that were sent', async () => {
    await writeFile(join(site.home, 'recorded'), lines);
    await fetched('RETR recorded');
    const record = await site.record((entry) => entry.event === 'transfer' && entry.path === '/recorded');
    expect(record).toMatchObject({ operation: 'retrieve', outcome: 'complete', bytes: sentLines.length });
  });
});

describe('uploads', () => {
  it.each(['STOR', 'APPE'])('%s stores CRLF as LF, and a CR or LF by itself as it is', async (verb) => {
    const name = `new-${verb}`;
    expect(await sent(`${verb} ${name}`, 'one\r\ntwo\rthree\nfour\r\n\r')).toBe(226);
    expect(await stored(name)).toBe('one\ntwo\rthree\nfour\n\r');
  });

  it('STOU does, too', async () => {
    const { opening, code: answered } = await upload(client, identities.ada, 'STOU unique', 'one\r\ntwo\r\n');
    expect(answered).toBe(226);
    expect(await stored(/FILE: (\S+)/u.exec(opening)![1]!)).toBe('one\ntwo\n');
  });

  it('a line end in two records is one line end', async () => {
    expect(await sent('STOR split', 'one\r', '\ntwo\r', 'three\r', '\n', '\r')).toBe(226);
    expect(await stored('split')).toBe('one\ntwo\rthree\n\r');
  });

  it('stores a text of many buffers', async () => {
    const line = 'y'.repeat(61);
    expect(await sent('STOR long-upload', `${line}\r\n`.repeat(40_000))).toBe(226);
    expect(await stored('long-upload')).toBe(`${line}\n`.repeat(40_000));
  });

  it('APPE appends behind what is there', async () => {
    expect(await sent('APPE lines', '\r\nand more\r\n')).toBe(226);
    expect(await stored('lines')).toBe(`${lines}\nand more\n`);
  });

  it.each(Array.from(sentLines, (_, offset) => offset))(
    'STOR behind SIZE and REST goes on after %i octets of what was sent',
    async (offset) => {
      const name = `broken-${offset}`;
      expect(await sent(`STOR ${name}`, sentLines.slice(0, offset))).toBe(226);
      const size = Number((await client.command(`SIZE ${name}`)).text.slice(4));
      expect(size).toBe(offset);
      await client.command(`REST ${size}`);
      expect(await sent(`STOR ${name}`, sentLines.slice(size))).toBe(226);
      expect(await stored(name)).toBe(lines);
    },
  );

  it('REST behind the end of the text is answered 554, as is REST for a file that is not there', async () => {
    for (const [offset, name] of [
      [sentLines.length + 1, 'lines'],
      [3, 'nothing'],
    ]) {
      await client.command(`REST ${offset}`);
      expect(await sent(`STOR ${name}`, 'x')).toBe(554);
    }
    expect(await stored('lines')).toBe(lines);
  });

  it('an offset tells nothing of a file that may not be read', async () => {
    await writeFile(join(site.home, 'write-only'), lines);
    for (const offset of [1, 1000]) {
      await client.command(`REST ${offset}`);
      expect(await sent('STOR write-only', 'x')).toBe(550);
    }
    expect(await sent('STOR write-only', 'one\r\n')).toBe(226);
    expect(await stored('write-only')).toBe('one\n');
  });

  it('TYPE I stores what was sent', async () => {
    await client.command('TYPE I');
    expect(await sent('STOR image', sentLines)).toBe(226);
    expect(await stored('image')).toBe(sentLines);
  });
});

describe('a size that is given up', () => {
  it.each(['SIZE held', 'REST 5|RETR held', 'REST 5|STOR held'])(
    '%s by ABOR is answered 426, then 226',
    async (lines) => {
      const begun = Promise.withResolvers<void>();
      const hold = Promise.withResolvers<void>();
      const holding = await startSite(identities, {
        wrapStorage: (storage) => ({
          ...storage,
          openRead: async (path) => {
            const file = await storage.openRead(path);
            const readInto = async (buffer: Buffer, offset: number) => {
              begun.resolve();
              await hold.promise;
              return file.readInto(buffer, offset);
            };
            return { ...file, readInto };
          },
        }),
      });
      await writeFile(join(holding.home, 'held'), lines);
      const session = await holding.loggedIn();
      await session.command('TYPE A');
      await session.passive();
      const commands = lines.split('|');
      for (const line of commands.slice(0, -1)) await session.command(line);
      session.write(`${commands.at(-1)}\r\n`);
      await begun.promise;
      // Both come together, so the answer to the first says that the second is heard.
      session.write('STAT\r\nABOR\r\n');
      expect((await session.reply()).code).toBe(211);
      hold.resolve();
      expect([(await session.reply()).code, (await session.reply()).code]).toEqual([426, 226]);
      expect((await session.command('NOOP')).code).toBe(200);
      expect(await readFile(join(holding.home, 'held'), 'utf8')).toBe(lines);
      await holding.close();
    },
  );
});

describe('with convertLineEnds: false', () => {
  let unchanged: ProtocolSite;
  let other: ControlClient;
  beforeAll(async () => {
    unchanged = await startSite(identities, { fileHandling: { convertLineEnds: false } });
    other = await unchanged.loggedIn();
    await writeFile(join(unchanged.home, 'lines'), lines);
    await other.command('TYPE A');
  });
  afterAll(() => unchanged.close());

  it('TYPE A moves files as they are, with the sizes and offsets of TYPE I', async () => {
    const { content } = await download(other, identities.ada, 'RETR lines');
    expect(content.toString()).toBe(lines);
    expect((await other.command('SIZE lines')).text).toBe(`213 ${lines.length}`);
    await other.command('REST 5');
    const { content: rest } = await download(other, identities.ada, 'RETR lines');
    expect(rest.toString()).toBe(lines.slice(5));
    expect((await upload(other, identities.ada, 'STOR new', sentLines)).code).toBe(226);
    expect(await readFile(join(unchanged.home, 'new'), 'utf8')).toBe(sentLines);
  });
});
