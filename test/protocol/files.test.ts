/** Files and directories over the wire: every command of the table that touches storage, its replies and its audit records. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, startSite, type TestIdentities } from '../support/protocol-site.ts';

let identities: TestIdentities;
let site: ProtocolSite;
let client: ControlClient;
beforeAll(async () => {
  identities = await createIdentities();
  site = await startSite(identities, {
    rules: [
      { accessType: 'Deny', users: '*', permissions: ['Write'], path: '/read-only' },
      { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/secret' },
      { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/write-only' },
      { accessType: 'Deny', users: ['bob'], permissions: ['Read'], path: '/ruled/of-bob' },
    ],
  });
  await mkdir(join(site.home, 'ruled', 'of-bob'), { recursive: true });
  await mkdir(join(site.home, 'write-only'));
  await writeFile(join(site.home, 'write-only', 'dropped'), 'not for the dropper');
  await mkdir(join(site.home, 'docs'));
  await mkdir(join(site.home, 'read-only'));
  await writeFile(join(site.home, 'docs', 'a.txt'), 'line 1\nline 2\n');
  await writeFile(join(site.home, 'docs', 'b "quoted" ä.txt'), 'b');
  await writeFile(join(site.home, 'docs', 'forged\r\nname'), '');
  await writeFile(join(site.home, 'read-only', 'kept'), 'kept');
  await writeFile(join(site.home, 'secret'), 'secret');
  client = await site.loggedIn();
});
afterAll(() => site.close());

const code = async (line: string) => (await client.command(line)).code;

async function download(line: string): Promise<{ readonly content: string; readonly code: number }> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const data = await openData(port, identities.ada);
  const content = await readAll(data);
  expect((await client.reply()).code, line).toBeLessThan(200);
  return { content: content.toString(), code: (await client.reply()).code };
}

async function upload(line: string, content: string): Promise<number> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const data = await openData(port, identities.ada);
  data.resume();
  data.end(content);
  expect((await client.reply()).code, line).toBeLessThan(200);
  return (await client.reply()).code;
}

describe('transfers', () => {
  it('STOR, RETR, APPE and REST move exactly the bytes that were asked for', async () => {
    expect(await upload('STOR new.bin', 'first version')).toBe(226);
    expect(await upload('STOR new.bin', 'second')).toBe(226);
    expect(await upload('APPE new.bin', ' and more')).toBe(226);
    expect(await download('RETR new.bin')).toEqual({ content: 'second and more', code: 226 });
    expect(await code('REST 7')).toBe(350);
    expect(await download('RETR new.bin')).toEqual({ content: 'and more', code: 226 });
    expect(await download('RETR new.bin')).toEqual({ content: 'second and more', code: 226 });
    expect(await code('REST 7')).toBe(350);
    expect(await upload('STOR new.bin', 'AND')).toBe(226);
    expect(await readFile(join(site.home, 'new.bin'), 'utf8')).toMatch(/^second AND/u);
  });

  it('moves nothing and still ends with 226 for an empty file', async () => {
    expect(await upload('STOR empty', '')).toBe(226);
    expect(await download('RETR empty')).toEqual({ content: '', code: 226 });
  });

  it('REST beyond the end is answered 554, and REST of nonsense 501', async () => {
    await client.passive();
    expect(await code('REST 1000000')).toBe(350);
    expect(await code('RETR /docs/a.txt')).toBe(554);
    expect(await code('REST -1')).toBe(501);
    expect(await code('REST 99999999999999999999')).toBe(501);
  });

  it.each([
    ['REST 7', 'STOR /docs/none', 554],
    ['REST 1000000', 'STOR /docs/a.txt', 554],
    ['REST 9007199254740991', 'STOR /docs/a.txt', 554],
    ['REST 1000000', 'RETR /docs/a.txt', 554],
    ['REST 14', 'APPE /docs/a.txt', 554],
    ['REST 1000000', 'APPE /docs/a.txt', 554],
  ])(
    '%s before %s is answered %i (RFC 1123 4.1.3.4), and is no matter of access rights',
    async (rest, line, expected) => {
      await client.passive();
      const records = site.audit.length;
      expect(await code(rest)).toBe(350);
      expect(await code(line)).toBe(expected);
      expect(site.audit.slice(records)).toEqual([]);
      expect(await readFile(join(site.home, 'docs', 'a.txt'), 'utf8')).toBe('line 1\nline 2\n');
      await expect(readFile(join(site.home, 'docs', 'none'))).rejects.toThrow('ENOENT');
      expect(await code('ABOR')).toBe(226);
    },
  );

  it('REST at the end of a file is no error', async () => {
    expect(await code('REST 14')).toBe(350);
    expect(await download('RETR /docs/a.txt')).toEqual({ content: '', code: 226 });
    expect(await code('REST 0')).toBe(350);
    expect(await upload('APPE rested', 'x')).toBe(226);
  });

  it('writes an audit record of each, with the proof of the data connection', async () => {
    await upload('STOR audited', 'twelve bytes');
    const record = site.audit.find((entry) => entry.event === 'transfer' && entry.path === '/audited');
    expect(record).toMatchObject({
      operation: 'store',
      outcome: 'complete',
      bytes: 12,
      accountName: 'ada',
      facts: { sameCertificate: true, protection: 'P', end: 'close-notify' },
    });
  });
});

describe('listings', () => {
  it('LIST shows Unix lines, tolerates options of ls, and lets no name forge a line', async () => {
    const { content } = await download('LIST -la /docs');
    expect(content).toMatch(/^-r[^\n]* a\.txt\r$/mu);
    expect(content).toMatch(/^-r[^\n]* forged\?\?name\r$/mu);
    expect((await download('LIST /docs/a.txt')).content).toContain('a.txt');
  });

  it('NLST shows names as RETR takes them, with the directory as it was called', async () => {
    const names = async (line: string) => (await download(line)).content.trimEnd().split('\r\n').sort();
    expect(await names('NLST docs')).toEqual(['docs/a.txt', 'docs/b "quoted" ä.txt', 'docs/forged??name']);
    expect(await names('NLST -a /docs/')).toContain('/docs/a.txt');
    expect(await names('NLST docs/a.txt')).toEqual(['docs/a.txt']);
    expect(await names('NLST /')).toContain('/docs');
    for (const line of ['NLST', 'NLST .', 'NLST -a']) expect(await names(line), line).toContain('docs');
    for (const name of await names('NLST read-only')) {
      expect(await download(`RETR ${name}`), name).toEqual({ content: 'kept', code: 226 });
    }
  });

  it('MLSD shows facts chosen by OPTS MLST; on a file it is answered 501', async () => {
    expect((await client.command('OPTS MLST size;bogus;TYPE;')).text).toBe('200 MLST OPTS type;size;');
    expect((await client.command('OPTS MLST size;type')).text).toBe('200 MLST OPTS type;size;');
    for (const line of ['OPTS MLST bogus', 'OPTS MLST size ;', 'OPTS MLST ;']) expect(await code(line), line).toBe(501);
    expect((await download('MLSD docs')).content).toContain('type=file;size=14; a.txt\r\n');
    expect(await code('MLSD docs/a.txt')).toBe(501);
    expect((await client.command('MLST docs/a.txt')).lines[1]).toBe(' type=file;size=14; /docs/a.txt');
    expect((await client.command('FEAT')).text).toContain(' MLST type*;size*;modify;');
  });

  it('STAT lists over the control connection', async () => {
    const answer = await client.command('STAT docs');
    expect(answer.code).toBe(212);
    expect(answer.text).toContain('a.txt');
    expect((await client.command('STAT')).text).toContain('Logged in: ada');
  });

  it('what is not there is answered 550 before any data connection', async () => {
    await client.passive();
    for (const line of ['LIST none', 'NLST none', 'MLSD none', 'RETR none', 'SIZE none', 'MDTM none', 'CWD none']) {
      expect(await code(line), line).toBe(550);
    }
  });
});

describe('directories and names', () => {
  it('CWD, CDUP and PWD move about, and the root is the end', async () => {
    expect(await code('CWD docs')).toBe(250);
    expect((await client.command('PWD')).text).toContain('"/docs"');
    expect(await code('CDUP')).toBe(250);
    expect(await code('CWD ../../..')).toBe(250);
    expect((await client.command('XPWD')).text).toContain('"/"');
    expect(await code('CWD docs/a.txt')).toBe(550);
  });

  it('MKD quotes its answer, and RMD, DELE and RNFR with RNTO change and are recorded', async () => {
    expect((await client.command('MKD say "hi"')).text).toBe('257 "/say ""hi""" made.');
    expect(await code('MKD say "hi"')).toBe(550);
    expect(await code('RNFR say "hi"')).toBe(350);
    expect(await code('RNTO said')).toBe(250);
    expect(await code('RNTO again')).toBe(503);
    expect(await code('RNFR said')).toBe(350);
    expect(await code('NOOP')).toBe(200);
    expect(await code('RMD said')).toBe(250);
    expect(await upload('STOR short-lived', 'x')).toBe(226);
    expect(await code('DELE short-lived')).toBe(250);
    expect(await code('DELE short-lived')).toBe(550);
    expect(await code('RMD docs')).toBe(550);
    const operations = site.audit.flatMap((entry) => (entry.event === 'transfer' ? [entry.operation] : []));
    expect(operations).toEqual(expect.arrayContaining(['make-directory', 'rename', 'remove-directory', 'delete']));
  });

  it('RNTO must follow RNFR directly, and never replaces what is there', async () => {
    await upload('STOR one', '1');
    await upload('STOR two', '2');
    expect(await code('RNFR one')).toBe(350);
    expect(await code('PWD')).toBe(257);
    expect(await code('RNTO three')).toBe(503);
    expect(await code('RNFR one')).toBe(350);
    expect(await code('RNTO two')).toBe(553);
  });

  it('MDTM answers in UTC with 14 digits', async () => {
    expect((await client.command('MDTM docs/a.txt')).text).toMatch(/^213 \d{14}$/u);
  });

  it.each([
    ['MFMT', 'MFMT 20010203040506 dated', '213 Modify=20010203040506; dated', '20010203040506'],
    ['MFMT with a fraction', 'MFMT 20010203040507.25 dated', '213 Modify=20010203040507; dated', '20010203040507'],
    ['MFF', 'MFF Modify=20010203040508; dated', '213 Modify=20010203040508; dated', '20010203040508'],
    ['MDTM with a time', 'MDTM 20010203040509 dated', '213 Modify=20010203040509; dated', '20010203040509'],
    ['MFMT of a name with spaces', 'MFMT 20010203040510 a  b', '213 Modify=20010203040510; a  b', undefined],
  ])('%s sets when a file was modified, and is recorded', async (_verb, line, answer, then) => {
    await writeFile(join(site.home, 'dated'), '');
    await writeFile(join(site.home, 'a  b'), '');
    expect((await client.command(line)).text).toBe(answer);
    if (then) expect((await client.command('MDTM dated')).text).toBe(`213 ${then}`);
    const [record] = site.audit.slice(-1);
    expect(record).toMatchObject({ operation: 'set-modified-time', outcome: 'complete' });
    expect(record).toHaveProperty('facts.modifiedAt', expect.stringMatching(/^2001-02-03T04:05:/));
  });

  it.each([
    ['STOU', /^1(?:25|50) FILE: (file-[0-9a-f]{16})$/u],
    ['STOU docs/report', /^1(?:25|50) FILE: (docs\/report-[0-9a-f]{16})$/u],
  ])('%s makes a new file each time, and the first reply tells its name', async (line, opening) => {
    const names: string[] = [];
    for (const content of ['one', 'two']) {
      const port = await client.passive();
      client.write(`${line}\r\n`);
      const data = await openData(port, identities.ada);
      data.resume();
      data.end(content);
      const [, name = ''] = opening.exec((await client.reply()).text) ?? [];
      expect((await client.reply()).code).toBe(226);
      expect(await readFile(join(site.home, name), 'utf8')).toBe(content);
      expect(site.audit.at(-1)).toMatchObject({ operation: 'store', path: `/${name}`, outcome: 'complete' });
      names.push(name);
    }
    expect(new Set(names).size).toBe(2);
  });

  it('STOU takes no offset, and needs the right to write', async () => {
    expect(await code('REST 3')).toBe(350);
    expect(await code('STOU')).toBe(554);
    await client.passive();
    expect(await code('STOU read-only/x')).toBe(550);
  });

  it('MDTM tells the time of a file whose name begins with one (RFC 3659 3.1)', async () => {
    await writeFile(join(site.home, '20010203040506 old'), '');
    await writeFile(join(site.home, 'old'), '');
    expect((await client.command('MDTM 20010203040506 old')).text).toMatch(/^213 20[2-9]\d{11}$/u);
  });

  it.each([
    ['MFMT 20010230000000 dated', 501],
    ['MFMT dated', 501],
    ['MFMT 20010203040506', 501],
    ['MFF Modify=2001; dated', 501],
    ['MFF dated', 501],
    ['MFF Create=20010203040506; dated', 504],
    ['MFF Modify=20010203040506;UNIX.mode=0999; dated', 501],
    ['MFF Modify=20010203040506;UNIX.mode=4777; dated', 550],
    ['MFF Modify=20010203040506;Create=20010203040506; dated', 504],
    ['MFCT 20010203040506 dated', 502],
    ['MFMT 20010203040506 none', 550],
    ['MDTM 20010203040506 none', 550],
    ['MFMT 20010203040506 read-only/kept', 550],
    ['MFMT 20010203040506 secret', 550],
  ])('%s changes nothing: %i', async (line, expected) => {
    const before = await stat(join(site.home, 'read-only', 'kept'));
    expect(await code(line)).toBe(expected);
    expect((await stat(join(site.home, 'read-only', 'kept'))).mtimeMs).toBe(before.mtimeMs);
  });
});

describe('access rights', () => {
  it('without Read nothing is shown, without Write nothing is changed: 550', async () => {
    await client.passive();
    for (const line of ['RETR secret', 'SIZE secret', 'MDTM secret', 'MLST secret', 'LIST secret', 'STAT secret']) {
      expect(await code(line), line).toBe(550);
    }
    await client.passive();
    const changes = ['STOR', 'APPE', 'DELE', 'MKD', 'RMD', 'RNFR'].map((verb) => `${verb} read-only/kept`);
    for (const line of changes) expect(await code(line), line).toBe(550);
    expect(await code('RNFR one')).toBe(350);
    expect(await code('RNTO read-only/new')).toBe(550);
    expect(await readFile(join(site.home, 'read-only', 'kept'), 'utf8')).toBe('kept');
  });
});

describe('a rename', () => {
  it('does not carry a file to where its mover may read it', async () => {
    expect(await code('RNFR write-only/dropped')).toBe(550);
  });

  it('does not carry a directory out of the reach of a rule below it', async () => {
    expect(await code('RNFR ruled')).toBe(550);
  });

  it('replaces what is there only when the site allows it', async () => {
    const replacing = await startSite(identities, { fileHandling: { allowReplaceOnRename: true } });
    await writeFile(join(replacing.home, 'one'), '1');
    await writeFile(join(replacing.home, 'two'), '2');
    const own = await replacing.loggedIn();
    expect((await own.command('RNFR one')).code).toBe(350);
    expect((await own.command('RNTO two')).code).toBe(250);
    expect(await readFile(join(replacing.home, 'two'), 'utf8')).toBe('1');
    await replacing.close();
  });
});

describe('settings', () => {
  it.each([
    ['TYPE A N', 200],
    ['TYPE L 8', 200],
    ['TYPE I', 200],
    ['TYPE E', 504],
    ['MODE S', 200],
    ['MODE B', 504],
    ['STRU F', 200],
    ['STRU R', 504],
    ['ALLO 100', 202],
    ['SYST', 215],
    ['NOOP', 200],
    ['HELP', 214],
    ['HELP stor', 214],
    ['HELP NONE', 502],
    ['OPTS UTF8 OFF', 501],
    ['OPTS NONE', 501],
    ['TYPE L8', 200],
    ['SITE', 501],
    ['NONSENSE', 500],
    ['RETR', 501],
    ['PWD now', 501],
    ['ABOR', 226],
  ])('%s is answered %i', async (line, expected) => {
    expect(await code(line)).toBe(expected);
  });
});
