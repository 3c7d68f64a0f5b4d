/** Digests over the control connection: HASH and the commands before it, what they tell, of which octets, to whom, and how they are given up. */
import { createHash } from 'node:crypto';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ReadableFile, type Storage, StorageError } from '../../src/storage/storage.ts';
import type { ControlClient } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => `line ${index}\n`).join(''));
const megabyte = 1024 * 1024;
const digestOf = (name: string, octets: Buffer) => createHash(name).update(octets).digest('hex');
const crcOf = (octets: Buffer) => crc32(octets).toString(16).padStart(8, '0');

let identities: TestIdentities;
let site: ProtocolSite;
let client: ControlClient;
/** Awaited by each read of `/held`. */
let held = Promise.resolve();
const reads: string[] = [];

/** A file named `held` is read only when the test lets it. */
function withHeldFile(storage: Storage): Storage {
  return {
    ...storage,
    openRead: async (path): Promise<ReadableFile> => {
      const file = await storage.openRead(path);
      if (path !== '/held') return file;
      return {
        ...file,
        readInto: async (buffer, offset) => {
          reads.push(path);
          await held;
          return file.readInto(buffer, offset);
        },
      };
    },
  };
}

beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities, {
    rules: [
      { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/write-only' },
      { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/secret' },
    ],
    wrapStorage: withHeldFile,
  });
  const files = {
    file: content,
    empty: '',
    'with space': content,
    'say "hi"': content,
    'numbers 3 4': 'numbers',
    held: Buffer.alloc(megabyte),
  };
  for (const [name, octets] of Object.entries(files)) await writeFile(join(site.home, name), octets);
  await mkdir(join(site.home, 'directory'));
  await writeFile(join(site.home, 'secret'), content);
  await writeFile(join(site.home, 'write-only'), content);
  client = await site.loggedIn();
});
afterAll(() => site.close());
beforeEach(async () => {
  for (const line of ['TYPE I', 'RANG 1 0', 'OPTS HASH SHA-256']) await client.command(line);
});

const said = async (line: string) => (await client.command(line)).text;
const code = async (line: string) => (await client.command(line)).code;

describe('HASH', () => {
  it.each([
    ['SHA-512', digestOf('sha512', content)],
    ['SHA-256', digestOf('sha256', content)],
    ['SHA-1', digestOf('sha1', content)],
    ['MD5', digestOf('md5', content)],
    ['CRC32', crcOf(content)],
  ])('%s after OPTS HASH', async (algorithm, digest) => {
    expect(await said(`OPTS HASH ${algorithm.toLowerCase()}`)).toBe(`200 ${algorithm}`);
    expect(await said('OPTS HASH')).toBe(`200 ${algorithm}`);
    expect(await said('HASH file')).toBe(`213 ${algorithm} 0-${content.length - 1} ${digest} file`);
    expect(await said('FEAT')).toMatch(new RegExp(`^ HASH [^*]*(?<=[ ;])${algorithm}\\*[^*]*$`, 'mu'));
  });

  it('is SHA-256 in a new session, and an unknown algorithm leaves the selection', async () => {
    const other = await site.loggedIn();
    expect((await other.command('OPTS HASH')).text).toBe('200 SHA-256');
    expect((await other.command('OPTS HASH CRC-37')).code).toBe(501);
    expect((await other.command('OPTS HASH')).text).toBe('200 SHA-256');
    other.destroy();
  });

  it('tells the digest of what TYPE I sends, whatever the type is', async () => {
    await client.command('TYPE A');
    expect(await said('HASH file')).toContain(digestOf('sha256', content));
  });

  it('takes the name as it comes, with spaces and quotation marks', async () => {
    for (const name of ['with space', 'say "hi"', '/file', './file']) {
      expect(await said(`HASH ${name}`)).toBe(
        `213 SHA-256 0-${content.length - 1} ${digestOf('sha256', content)} ${name}`,
      );
    }
  });

  it.each([
    ['0 0', 0, 0],
    ['0 49', 0, 49],
    ['10 10', 10, 10],
    ['100 1000000', 100, content.length - 1],
  ])('RANG %s chooses the octets, both ends included', async (range, first, last) => {
    expect(await code(`RANG ${range}`)).toBe(350);
    const digest = digestOf('sha256', content.subarray(first, last + 1));
    expect(await said('HASH file')).toBe(`213 SHA-256 ${first}-${last} ${digest} file`);
    expect(await said('HASH file')).toBe(`213 SHA-256 0-${content.length - 1} ${digestOf('sha256', content)} file`);
  });

  it('of an empty file has the range 0-0, the only one there is', async () => {
    expect(await said('HASH empty')).toBe(`213 SHA-256 0-0 ${digestOf('sha256', Buffer.alloc(0))} empty`);
  });

  it('a range behind the end is answered 501, a directory 553, a missing file 550', async () => {
    await client.command(`RANG ${content.length} ${content.length}`);
    expect(await code('HASH file')).toBe(501);
    expect(await code('HASH directory')).toBe(553);
    expect(await code('HASH none')).toBe(550);
  });

  it('reads a large file piece by piece', async () => {
    const octets = 3 * 1024 * 1024 + 7;
    await writeFile(join(site.home, 'large'), 'begin');
    await truncate(join(site.home, 'large'), octets);
    const expected = digestOf('sha256', Buffer.concat([Buffer.from('begin'), Buffer.alloc(octets - 5)]));
    expect(await said('HASH large')).toBe(`213 SHA-256 0-${octets - 1} ${expected} large`);
  });
});

describe('RANG', () => {
  it.each([
    ['0 0', 350],
    ['1 0', 350],
    ['802816 1000000', 350],
    ['2 1', 501],
    ['1', 501],
    ['1 2 3', 501],
    ['-1 2', 501],
    ['1 x', 501],
    ['0 99999999999999999', 501],
  ])('%s is answered %i', async (range, expected) => {
    expect(await code(`RANG ${range}`)).toBe(expected);
  });

  it('a range that is refused clears the one before', async () => {
    await client.command('RANG 2 3');
    expect(await code('RANG 3 2')).toBe(501);
    const { content: all } = await download(client, identities.ada, 'RETR file');
    expect(all.equals(content)).toBe(true);
  });

  it.each([
    ['3 9', content.subarray(3, 10)],
    ['5 100000000', content.subarray(5)],
    ['100000000 100000001', Buffer.alloc(0)],
    ['1 0', content],
  ])('%s chooses what RETR sends, once', async (range, expected) => {
    await client.command(`RANG ${range}`);
    const part = await download(client, identities.ada, 'RETR file');
    expect(part).toMatchObject({ code: 226, content: expected });
    expect(part.opening).toContain(`(${expected.length} bytes)`);
    expect((await download(client, identities.ada, 'RETR file')).content.equals(content)).toBe(true);
  });

  it('REST and RANG each take the place of the other', async () => {
    await client.command('RANG 3 9');
    await client.command('REST 5');
    expect((await download(client, identities.ada, 'RETR file')).content.equals(content.subarray(5))).toBe(true);
    await client.command('REST 5');
    await client.command('RANG 3 9');
    expect((await download(client, identities.ada, 'RETR file')).content.equals(content.subarray(3, 10))).toBe(true);
  });

  it('of a text is answered 551', async () => {
    await client.command('TYPE A');
    for (const line of ['RETR file', 'STOR file']) {
      await client.command('RANG 0 3');
      await client.passive();
      expect(await code(line)).toBe(551);
    }
  });

  const stored = async (name: string) => (await download(client, identities.ada, `RETR ${name}`)).content.toString();

  it.each([
    ['inside a file', '0123456789', '2 4', 'abc', '01abc56789'],
    ['across its end', '0123', '2 5', 'abcd', '01abcd'],
    ['at its end', '0123', '4 5', 'ab', '0123ab'],
    ['from its first octet', '0123456789', '0 1', 'ab', 'ab23456789'],
  ])('STOR writes a range %s, and leaves the rest', async (_where, before, range, octets, after) => {
    await writeFile(join(site.home, 'ranged'), before);
    await client.command(`RANG ${range}`);
    expect((await upload(client, identities.ada, 'STOR ranged', octets)).code).toBe(226);
    expect(await stored('ranged')).toBe(after);
  });

  it('STOR of more or less than the range is answered 426, and nothing outside of the range changes', async () => {
    for (const octets of ['abcd', 'ab']) {
      await writeFile(join(site.home, 'ranged'), '0123456789');
      await client.command('RANG 2 4');
      expect((await upload(client, identities.ada, 'STOR ranged', octets)).code).toBe(426);
      expect(await stored('ranged')).toMatch(/^01...56789$/u);
    }
  });

  it('STOR behind the end is answered 554, as are APPE and STOU with a range', async () => {
    await writeFile(join(site.home, 'ranged'), '0123');
    for (const line of ['STOR ranged', 'STOR none', 'APPE ranged', 'STOU']) {
      await client.passive();
      await client.command('RANG 5 6');
      expect(await code(line), line).toBe(554);
    }
    expect(await stored('ranged')).toBe('0123');
  });
});

describe('commands of one algorithm', () => {
  const verbs = [
    ['XCRC', crcOf],
    ['XMD5', (octets: Buffer) => digestOf('md5', octets)],
    ['XSHA', (octets: Buffer) => digestOf('sha1', octets)],
    ['XSHA1', (octets: Buffer) => digestOf('sha1', octets)],
    ['XSHA256', (octets: Buffer) => digestOf('sha256', octets)],
    ['XSHA512', (octets: Buffer) => digestOf('sha512', octets)],
  ] as const;

  it.each(verbs)('%s tells the digest, of the whole file or of a part', async (verb, digest) => {
    expect(await said(`${verb} file`)).toBe(`250 ${digest(content)}`);
    expect(await said(`${verb} file 10 20`)).toBe(`250 ${digest(content.subarray(10, 20))}`);
    expect(await said(`${verb} file 10`)).toBe(`250 ${digest(content.subarray(10))}`);
    expect(await said(`${verb} "file" 0 ${content.length}`)).toBe(`250 ${digest(content)}`);
  });

  it.each([
    ['with space', content],
    ['"with space"', content],
    ['with space 0 10', content.subarray(0, 10)],
    ['"with space" 0 10', content.subarray(0, 10)],
    ['say "hi"', content],
    ['"say ""hi"""', content],
    ['numbers 3 4', Buffer.from('numbers')],
    ['"numbers 3 4" 0 3', Buffer.from('num')],
    ['empty', Buffer.alloc(0)],
  ])('XCRC %s finds the file that is meant', async (argument, octets) => {
    expect(await said(`XCRC ${argument}`)).toBe(`250 ${crcOf(octets)}`);
  });

  it.each([
    ['file 5 5', 501],
    ['file 6 5', 501],
    [`file 0 ${content.length + 1}`, 550],
    [`file ${content.length}`, 501],
    ['none', 550],
    ['"none" 0 5', 550],
    ['directory', 550],
    ['', 501],
  ])('XCRC %s is answered %i', async (argument, expected) => {
    expect(await code(`XCRC ${argument}`)).toBe(expected);
  });

  it('MD5 and MMD5 tell the names, too (draft-twine-ftpmd5)', async () => {
    const digest = digestOf('md5', content).toUpperCase();
    const ofNothing = digestOf('md5', Buffer.alloc(0)).toUpperCase();
    expect(await said('MD5 file')).toBe(`251 file ${digest}`);
    expect(await said('MD5 with space')).toBe(`251 "with space" ${digest}`);
    expect(await said('MD5 "with space"')).toBe(`251 "with space" ${digest}`);
    expect(await said('MMD5 file, empty,"with space"')).toBe(
      `252 file ${digest}, empty ${ofNothing}, "with space" ${digest}`,
    );
    for (const line of ['MD5 none', 'MD5 directory', 'MMD5 file,none']) expect(await code(line), line).toBe(504);
    expect(await code(`MMD5 ${'file,'.repeat(65)}`)).toBe(501);
  });

  it('FEAT lists them', async () => {
    const features = await said('FEAT');
    for (const feature of ['RANG STREAM', 'XCRC', 'XMD5', 'XSHA1', 'XSHA256', 'XSHA512', 'MD5', 'MMD5']) {
      expect(features).toMatch(new RegExp(`^ ${feature}$`, 'mu'));
    }
  });
});

describe('rights and records', () => {
  const commands = ['HASH', 'XCRC', 'XMD5', 'XSHA1', 'XSHA256', 'XSHA512', 'MD5', 'MMD5'];

  it.each(commands)(
    '%s of a file that may not be read is answered as one that is not there may not be either',
    async (verb) => {
      const expected = verb.endsWith('MD5') && !verb.startsWith('X') ? 504 : 550;
      for (const name of ['secret', 'secret/none', 'write-only']) {
        const records = site.audit.length;
        expect(await said(`${verb} ${name}`)).toBe(`${expected} Permission denied.`);
        expect(site.audit.slice(records)).toMatchObject([{ event: 'refusal', denial: { code: 'access-denied' } }]);
      }
    },
  );

  it.each(commands)('%s is recorded as reading the file', async (verb) => {
    const records = site.audit.length;
    expect(await code(`${verb} file`)).toBeLessThan(300);
    expect(site.audit.slice(records)).toMatchObject([
      {
        event: 'transfer',
        operation: 'digest',
        path: '/file',
        outcome: 'complete',
        bytes: content.length,
        accountName: 'ada',
      },
    ]);
  });

  it('the record tells the algorithm and the octets', async () => {
    const records = site.audit.length;
    await client.command('XSHA256 file 3 10');
    expect(site.audit.slice(records)).toMatchObject([
      { operation: 'digest', bytes: 7, facts: { algorithm: 'SHA-256', start: 3, end: 10 } },
    ]);
  });

  it('needs a login', async () => {
    const stranger = await site.connect();
    await stranger.secure(identities.ada);
    for (const verb of [...commands, 'RANG']) expect((await stranger.command(`${verb} file`)).code, verb).toBe(530);
    stranger.destroy();
  });
});

describe('a digest that is given up', () => {
  async function begun(): Promise<{ readonly session: ControlClient; readonly release: () => void }> {
    const hold = Promise.withResolvers<void>();
    held = hold.promise;
    reads.length = 0;
    const session = await site.loggedIn();
    session.write('HASH held\r\n');
    await expect.poll(() => reads.length).toBe(1);
    return { session, release: hold.resolve };
  }

  it('by ABOR is answered 426 and recorded so; then comes the 226 of ABOR', async () => {
    const records = site.audit.length;
    const { session, release } = await begun();
    // Both come together, so the answer to the first says that the second is heard.
    session.write('STAT\r\nABOR\r\n');
    expect((await session.reply()).text).toContain('Transfer: running');
    release();
    expect([(await session.reply()).code, (await session.reply()).code]).toEqual([426, 226]);
    // Of four pieces.
    expect(reads.length).toBeLessThan(3);
    expect(site.audit.slice(records)).toMatchObject([{ operation: 'digest', path: '/held', outcome: 'aborted' }]);
    expect((await session.command('HASH file')).code).toBe(213);
    session.destroy();
  });

  it('by the end of the control connection ends, and is recorded so', async () => {
    const records = site.audit.length;
    const { session, release } = await begun();
    session.destroy();
    await expect.poll(() => site.server.connectionCount).toBeLessThan(3);
    release();
    const isRecorded = () => site.audit.slice(records).filter((record) => record.event === 'transfer');
    await expect.poll(isRecorded).toMatchObject([{ operation: 'digest', outcome: 'aborted' }]);
  });

  it('no other session waits for it', async () => {
    const { session, release } = await begun();
    expect(await code('HASH file')).toBe(213);
    release();
    expect((await session.reply()).code).toBe(213);
    session.destroy();
  });
});

describe('a digest that takes long', () => {
  /** Each read of `/slow` takes so long, in milliseconds, by the clock of the site. */
  async function slowSite(
    milliseconds: number,
    afterRead: (count: number) => Promise<void> | void = () => undefined,
    beforeStat: (path: string) => Promise<void> | void = () => undefined,
  ) {
    let now = 0;
    let count = 0;
    const slow = await startSite(identities, {
      timer: () => now,
      wrapStorage: (storage) => ({
        ...storage,
        stat: async (path) => {
          await beforeStat(path);
          return storage.stat(path);
        },
        openRead: async (path) => {
          const file = await storage.openRead(path);
          if (path !== '/slow') return file;
          return {
            ...file,
            readInto: async (buffer, offset) => {
              now += milliseconds;
              const octets = await file.readInto(buffer, offset);
              count += 1;
              await afterRead(count);
              return octets;
            },
          };
        },
      }),
    });
    await writeFile(join(slow.home, 'slow'), Buffer.alloc(megabyte));
    return { slow, session: await slow.loggedIn() };
  }

  it.each([
    ['HASH', 213],
    ['XSHA256', 250],
    ['XCRC', 250],
    ['MD5', 251],
    ['MMD5', 252],
  ])('%s says every ten seconds how far it is, and then answers with the same code', async (verb, expected) => {
    const { slow, session } = await slowSite(5000);
    const { lines } = await session.command(`${verb} slow`);
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(new RegExp(`^${expected}-\\S+ of 524288 of 1048576 octets so far\\.$`, 'u')),
      expect.stringMatching(new RegExp(`^${expected}-\\S+ of 1048576 of 1048576 octets so far\\.$`, 'u')),
    ]);
    expect(lines.at(-1)).toMatch(new RegExp(`^${expected} .*[\\da-fA-F]{8}`, 'u'));
    expect((await session.command('NOOP')).text).toBe('200 Nothing done.');
    await slow.close();
  });

  it('says nothing before ten seconds have gone', async () => {
    const { slow, session } = await slowSite(2499);
    expect((await session.command('HASH slow')).lines).toHaveLength(1);
    await slow.close();
  });

  it.each([
    ['ABOR', '213 Not done (426): Given up.', '226 Transfer given up.'],
    ['NOOP', expect.stringMatching(/^213 SHA-256 /u), '200 Nothing done.'],
    ['STAT none', expect.stringMatching(/^213 SHA-256 /u), '550 No such file or directory.'],
  ])('has no other reply within its own: %s', async (line, last, next) => {
    const { slow, session } = await slowSite(10_000, async (count) => {
      if (count === 2) session.write(`${line}\r\n`);
      // So that the command comes while the file is read.
      if (count === 2 || (count > 2 && line === 'ABOR')) await setTimeout(50);
    });
    await truncate(join(slow.home, 'slow'), 64 * megabyte);
    const { lines } = await session.command('HASH slow');
    expect(lines[0]).toMatch(/^213-/u);
    expect(lines.at(-1)).toEqual(last);
    expect((await session.reply()).text).toBe(next);
    await slow.close();
  });

  it('begins no reply while another command is answered', async () => {
    const [asked, answer, heard] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
    const { slow, session } = await slowSite(
      10_000,
      async (count) => {
        if (count === 1) session.write('STAT none\r\n');
        if (count === 1) await asked!.promise;
        if (count === 3) answer!.resolve();
        if (count === 3) await heard!.promise;
      },
      async (path) => {
        if (path !== '/none') return;
        asked!.resolve();
        await answer!.promise;
      },
    );
    const first = await session.command('HASH slow');
    heard!.resolve();
    expect(first.text).toBe('550 No such file or directory.');
    expect((await session.reply()).text).toMatch(/^213-SHA-256 of \d+ of 1048576 octets so far\.\n.*213 SHA-256 /su);
    await slow.close();
  });

  it('that the disk does not let end is ended in the code of its reply, once', async () => {
    const { slow, session } = await slowSite(10_000, (count) => {
      if (count === 3) throw new StorageError('fault', '/slow: EIO');
    });
    const { lines } = await session.command('HASH slow');
    expect(lines.at(-1)).toMatch(/^213 Not done \(451\): Action not taken, reference \S+\.$/u);
    expect((await session.command('NOOP')).text).toBe('200 Nothing done.');
    await slow.close();
  });
});

describe('with digestAlgorithms', () => {
  it('offers those that are listed', async () => {
    const strict = await startSite(identities, { fileHandling: { digestAlgorithms: ['SHA-512', 'SHA-1'] } });
    await writeFile(join(strict.home, 'file'), content);
    const session = await strict.loggedIn();
    const { text } = await session.command('FEAT');
    expect(text).toMatch(/^ HASH SHA-512\*;SHA-1$/mu);
    expect(text).not.toMatch(/MD5|CRC|256/u);
    expect((await session.command('OPTS HASH MD5')).code).toBe(501);
    for (const verb of ['XCRC', 'XMD5', 'XSHA256', 'MD5', 'MMD5']) {
      expect((await session.command(`${verb} file`)).code, verb).toBe(502);
    }
    expect((await session.command('XSHA1 file')).text).toBe(`250 ${digestOf('sha1', content)}`);
    await strict.close();
  });

  it('an empty list offers none', async () => {
    const without = await startSite(identities, { fileHandling: { digestAlgorithms: [] } });
    const session = await without.loggedIn();
    expect((await session.command('FEAT')).text).not.toMatch(/HASH|MD5|CRC|SHA/u);
    expect((await session.command('HASH file')).code).toBe(502);
    expect((await session.command('OPTS HASH')).code).toBe(501);
    await without.close();
  });
});
