/** MODE Z over the wire (draft-preston-ftpext-deflate-04): files and listings, both ways, with TYPE A and REST, and what is refused. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ControlClient, openData } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
let client: ControlClient;
const text = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join('');

beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities, { fileHandling: { compression: true } });
  client = await site.loggedIn();
});
afterAll(() => site.close());
beforeEach(async () => {
  await writeFile(join(site.home, 'text'), text);
  for (const line of ['TYPE I', 'MODE Z']) await client.command(line);
});

const code = async (line: string) => (await client.command(line)).code;
const fetched = async (line: string) => {
  const outcome = await download(client, identities.ada, line);
  return { code: outcome.code, content: inflateSync(outcome.content).toString(), octets: outcome.content.length };
};
const sent = (line: string, ...parts: readonly Buffer[]) => upload(client, identities.ada, line, ...parts);
const stored = (name: string) => readFile(join(site.home, name), 'utf8');

describe('MODE and its options', () => {
  it.each([
    ['MODE Z', 200],
    ['MODE z', 200],
    ['MODE S', 200],
    ['MODE B', 504],
    ['MODE C', 504],
    ['OPTS MODE Z', 200],
    ['OPTS MODE Z LEVEL 0', 200],
    ['OPTS MODE Z LEVEL 9', 200],
    ['opts mode z level 9', 200],
    ['OPTS MODE Z ENGINE ZLIB LEVEL 1', 200],
    ['OPTS MODE Z LEVEL 10', 501],
    ['OPTS MODE Z LEVEL -1', 501],
    ['OPTS MODE Z LEVEL', 501],
    ['OPTS MODE Z ENGINE BZIP2', 501],
    ['OPTS MODE Z COLOUR 1', 501],
    ['OPTS MODE B', 501],
    ['OPTS MODE', 501],
  ])('%s is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });

  it('FEAT lists MODE Z, and STAT tells the mode', async () => {
    expect((await client.command('FEAT')).text).toMatch(/^ MODE Z$/mu);
    expect((await client.command('STAT')).text).toContain('mode Z');
    await client.command('MODE S');
    expect((await client.command('STAT')).text).toContain('mode S');
  });

  it('the level is that of OPTS', async () => {
    const sizes: number[] = [];
    for (const level of [0, 1, 9]) {
      await client.command(`OPTS MODE Z LEVEL ${level}`);
      const { content, octets } = await fetched('RETR text');
      expect(content === text).toBe(true);
      sizes.push(octets);
    }
    await client.command('OPTS MODE Z');
    expect(sizes[0]).toBeGreaterThan(text.length);
    expect(sizes[1]).toBeLessThan(text.length / 2);
    expect(sizes[2]).toBeLessThan(sizes[1]!);
  });

  it('a new session is in MODE S, and a site without compression refuses MODE Z', async () => {
    const other = await site.loggedIn();
    expect((await download(other, identities.ada, 'RETR text')).content.toString() === text).toBe(true);
    other.destroy();
    const without = await startSite(identities);
    const session = await without.loggedIn();
    expect((await session.command('MODE Z')).code).toBe(504);
    expect((await session.command('OPTS MODE Z LEVEL 5')).code).toBe(501);
    expect((await session.command('FEAT')).text).not.toContain('MODE');
    await without.close();
  });
});

describe('downloads', () => {
  it('are one stream of zlib, recorded with the octets on both sides', async () => {
    const records = site.audit.length;
    const { code: answered, content, octets } = await fetched('RETR text');
    expect(answered).toBe(226);
    expect(content === text).toBe(true);
    expect(site.audit.slice(records)).toMatchObject([
      { operation: 'retrieve', outcome: 'complete', bytes: octets, facts: { fileBytes: text.length } },
    ]);
  });

  it('TYPE A converts before it compresses', async () => {
    await client.command('TYPE A');
    expect((await fetched('RETR text')).content === text.replaceAll('\n', '\r\n')).toBe(true);
  });

  it('SIZE and REST speak of the octets before compression', async () => {
    expect((await client.command('SIZE text')).text).toBe(`213 ${text.length}`);
    await client.command('REST 100000');
    expect((await fetched('RETR text')).content === text.slice(100_000)).toBe(true);
  });

  it('no size is promised, and a range is refused: 551', async () => {
    expect((await download(client, identities.ada, 'RETR text')).opening).not.toMatch(/\(\d/u);
    await client.command('RANG 0 3');
    await client.passive();
    expect(await code('RETR text')).toBe(551);
    await client.command('RANG 0 3');
    expect(await code('STOR text')).toBe(551);
  });

  it('listings are compressed, too', async () => {
    for (const line of ['LIST', 'NLST', 'MLSD']) expect((await fetched(line)).content, line).toMatch(/text\r\n/u);
    await client.command('TYPE A');
    expect((await fetched('NLST')).content).toMatch(/^[^\r\n]+\r\n/u);
  });
});

describe('uploads', () => {
  it.each(['STOR', 'APPE', 'STOU'])('%s stores what was compressed, however it was cut', async (verb) => {
    const octets = deflateSync(text);
    const { opening, code: answered } = await sent(`${verb} new-${verb}`, octets.subarray(0, 10), octets.subarray(10));
    expect(answered).toBe(226);
    const name = /FILE: (\S+)/u.exec(opening)?.[1] ?? `new-${verb}`;
    expect((await stored(name)) === text).toBe(true);
  });

  it('TYPE A converts what was inflated', async () => {
    await client.command('TYPE A');
    expect((await sent('STOR lines', deflateSync('one\r\ntwo\r'))).code).toBe(226);
    expect(await stored('lines')).toBe('one\ntwo\r');
  });

  it('REST goes on in the file as it is stored', async () => {
    await writeFile(join(site.home, 'begun'), text.slice(0, 1000));
    await client.command('REST 1000');
    expect((await sent('STOR begun', deflateSync(text.slice(1000)))).code).toBe(226);
    expect((await stored('begun')) === text).toBe(true);
  });

  it('an empty file is a stream, too', async () => {
    expect((await sent('STOR nothing', deflateSync(''))).code).toBe(226);
    expect(await stored('nothing')).toBe('');
  });

  it.each([
    ['nothing at all', Buffer.alloc(0), /not complete/u],
    ['a stream that is cut', deflateSync(text).subarray(0, -4), /not complete/u],
    ['what is not compressed', Buffer.from(text), /broken/u],
    ['octets behind the end', Buffer.concat([deflateSync(text), Buffer.from('x')]), /behind its end/u],
    ['a bomb', deflateSync(Buffer.alloc(128 * 1024 * 1024)), /expands too much/u],
  ])('%s is answered 426, the old file stays, and the record says why', async (_kind, octets, reason) => {
    await writeFile(join(site.home, 'old'), 'old');
    const before = await readdir(site.home);
    const records = site.audit.length;
    const { code: answered, text: said } = await sent('STOR old', octets);
    expect(answered).toBe(426);
    expect(said).toMatch(reason);
    expect(await stored('old')).toBe('old');
    expect(await readdir(site.home)).toEqual(before);
    expect(site.audit.slice(records)).toMatchObject([
      { operation: 'store', outcome: 'failed', facts: { reason: expect.stringMatching(reason) } },
    ]);
    expect((await fetched('RETR text')).code).toBe(226);
  });
});

describe('what is given up', () => {
  it('by ABOR is answered 426, then 226, and the session goes on', async () => {
    await writeFile(join(site.home, 'large'), randomBytes(32 * 1024 * 1024));
    for (const line of ['RETR large', 'STOR new']) {
      const session = await site.loggedIn();
      await session.command('MODE Z');
      const port = await session.passive();
      session.write(`${line}\r\n`);
      const data = await openData(port, identities.ada);
      data.pause();
      if (line.startsWith('STOR')) data.write(deflateSync(text).subarray(0, 1000));
      expect((await session.reply()).code).toBeLessThan(200);
      session.write('ABOR\r\n');
      expect([(await session.reply()).code, (await session.reply()).code]).toEqual([426, 226]);
      data.destroy();
      expect(inflateSync((await download(session, identities.ada, 'RETR text')).content).toString() === text).toBe(
        true,
      );
      session.destroy();
    }
    expect(await readdir(site.home)).not.toContain('new');
  });

  it('many downloads at once are all whole', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => site.loggedIn()));
    const contents = await Promise.all(
      sessions.map(async (session) => {
        await session.command('MODE Z');
        return inflateSync((await download(session, identities.ada, 'RETR text')).content).toString() === text;
      }),
    );
    for (const session of sessions) session.destroy();
    expect(contents).toEqual(Array(8).fill(true));
  });
});
