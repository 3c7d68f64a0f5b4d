/** Files of the site log: begun anew by time and size, each with its header, through rotation and through a disk that takes nothing. */
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { LogEntry } from '../../../../src/operations/site-log/log-fields.ts';
import { type LogFileSettings, logFile } from '../../../../src/operations/site-log/log-settings.ts';
import { SiteLog } from '../../../../src/operations/site-log/site-log.ts';
import { productVersion } from '../../../../src/product-version.ts';

let folder: string;
let now: Date;
let alarms: string[];
let heard: () => void;
const logs: SiteLog[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cardgate-site-log-')), 'made', 'here');
  now = new Date('2026-11-28T23:00:00.000Z');
  alarms = [];
  heard = () => undefined;
});
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()));
  await rm(join(folder, '..', '..'), { recursive: true, force: true });
});

type Changes = Partial<z.input<typeof logFile>> & { readonly small?: number };

function open({ small, ...changes }: Changes = {}): SiteLog {
  const decoded = logFile.parse({ directory: folder, logExtFileFlags: ['Time', 'UriStem'], ...changes });
  const settings = { ...decoded, ...(small !== undefined && { truncateSize: small }) } as unknown as LogFileSettings;
  const onAlarm = (text: string) => {
    alarms.push(text);
    heard();
  };
  const log = new SiteLog({
    place: { settings, directory: folder },
    site: 'files',
    clock: { now: () => now },
    onAlarm,
  });
  logs.push(log);
  return log;
}

function entry(argument: string, changes: Partial<LogEntry> = {}): LogEntry {
  const numbers = { win32Status: 0, subStatus: 0, bytesSent: 0, bytesReceived: 0, durationMilliseconds: 0 };
  const ends = { clientAddress: '192.0.2.1', serverAddress: '192.0.2.2', session: 'S', method: 'STOR' };
  return { at: now, ...ends, ...numbers, status: 226, argument, ...changes };
}

const closed = (log: SiteLog) => log.close();

const header = (time: string) =>
  `#Software: cardgate ${productVersion}\n#Version: 1.0\n#Date: ${time}\n#Fields: time cs-uri-stem\n`;

async function files(): Promise<Record<string, string>> {
  const found = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(found.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
  );
}

describe('a new file', () => {
  const cases = [
    {
      period: 'Hourly',
      last: '2026-11-28T23:59:59.999Z',
      first: '2026-11-29T00:00:00.000Z',
      names: ['u_ex26112823.log', 'u_ex26112900.log'],
    },
    {
      period: 'Daily',
      last: '2026-11-28T23:59:59.999Z',
      first: '2026-11-29T00:00:00.000Z',
      names: ['u_ex261128.log', 'u_ex261129.log'],
    },
    {
      period: 'Weekly',
      last: '2026-11-28T23:59:59.999Z',
      first: '2026-11-29T00:00:00.000Z',
      names: ['u_ex261104.log', 'u_ex261105.log'],
    },
    {
      period: 'Monthly',
      last: '2026-11-30T23:59:59.999Z',
      first: '2026-12-01T00:00:00.000Z',
      names: ['u_ex2611.log', 'u_ex2612.log'],
    },
  ] as const;
  it.each(cases)(
    '$period begins with its first line, not with the last of the time before',
    async ({ period, last, first, names }) => {
      now = new Date(last);
      const log = open({ period });
      log.command(entry('one'));
      now = new Date(first);
      log.command(entry('two'));
      log.command(entry('three'));
      await closed(log);
      const found = await files();
      expect(Object.keys(found)).toEqual(names);
      // Both were opened after the clock had gone on; each line stands in the file of its own time.
      const opened = header(first.slice(0, 19).replace('T', ' '));
      expect(found).toEqual({
        [names[0]]: `${opened}23:59:59 one\n`,
        [names[1]]: `${opened}00:00:00 two\n00:00:00 three\n`,
      });
    },
  );

  it('of period MaxSize begins before truncateSize is passed', async () => {
    const log = open({ period: 'MaxSize', small: 28 });
    for (const name of ['a', 'b', 'c', 'd']) log.command(entry(name));
    await closed(log);
    const found = await files();
    expect(Object.keys(found)).toEqual(['u_extend1.log', 'u_extend2.log']);
    expect(found['u_extend1.log']).toMatch(/\n23:00:00 a\n23:00:00 b\n$/);
    expect(found['u_extend2.log']).toMatch(/\n23:00:00 c\n23:00:00 d\n$/);
  });

  it('of period MaxSize follows the newest that is there, whatever time it is', async () => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'u_extend9.log'), '#old\n');
    await writeFile(join(folder, 'u_extend10.log'), 'x'.repeat(30));
    await writeFile(join(folder, 'u_extend999.log.gz'), '');
    const log = open({ period: 'MaxSize', small: 28 });
    log.command(entry('a'));
    await closed(log);
    expect((await files())['u_extend11.log']).toMatch(/\n23:00:00 a\n$/);
  });

  it('of period MaxSize takes a line that is longer than truncateSize', async () => {
    const log = open({ period: 'MaxSize', small: 28 });
    log.command(entry('x'.repeat(100)));
    await closed(log);
    expect(Object.keys(await files())).toEqual(['u_extend1.log']);
  });
});

describe('the header', () => {
  it('comes again where the file is gone on with after a restart', async () => {
    const first = open();
    first.command(entry('one'));
    await closed(first);
    const second = open({ logExtFileFlags: ['UriStem'] });
    second.command(entry('two'));
    await closed(second);
    const text = (await files())['u_ex261128.log'];
    expect(text?.match(/^#Fields: .*$|^.*(one|two)$/gm)).toEqual([
      '#Fields: time cs-uri-stem',
      '23:00:00 one',
      '#Fields: cs-uri-stem',
      'two',
    ]);
  });

  const path = () => join(folder, 'u_ex261128.log');
  const rotations = [
    ['moved away', () => rename(path(), `${path()}.1`)],
    ['removed', () => unlink(path())],
    ['truncated', () => truncate(path())],
  ] as const;
  it.each(rotations)('comes again when the file was %s, with no signal', async (_what, rotate) => {
    const log = open();
    log.command(entry('one'));
    await log.reopen();
    await expect.poll(async () => (await files())['u_ex261128.log']).toContain('one');
    await rotate();
    log.command(entry('two'));
    await closed(log);
    const text = (await files())['u_ex261128.log'];
    expect(text?.startsWith('#Software: ')).toBe(true);
    expect(text?.endsWith('\n23:00:00 two\n')).toBe(true);
  });
});

describe('selectiveLogging', () => {
  const cases = [
    ['LogSuccessful', ['done', 'unanswered']],
    ['LogError', ['refused']],
    ['LogInfrastructure', ['channel']],
  ] as const;
  it.each(cases)('%s writes %j', async (selected, names) => {
    const log = open({ selectiveLogging: [selected] });
    log.command(entry('done', { status: 399 }));
    log.command(entry('unanswered', { status: undefined }));
    log.command(entry('refused', { status: 400 }));
    log.channel(entry('channel', { status: undefined }));
    log.channel(entry('channel', { status: undefined, method: 'x' }));
    await closed(log);
    const lines = Object.values(await files())
      .join('')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect([...new Set(lines.map((line) => line.split(' ')[1]))]).toEqual(names);
  });
});

describe('a log that cannot be written', () => {
  it('says so once, keeps what fits, counts the rest, and writes both down when it can again', async () => {
    await mkdir(folder, { recursive: true });
    // Every write to it fails for want of space.
    const path = join(folder, 'u_ex261128.log');
    await symlink('/dev/full', path);
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const log = open();
    log.command(entry('first'));
    await told;
    expect(alarms).toEqual([expect.stringMatching(/^cannot write .*u_ex261128\.log: .*ENOSPC/)]);
    const long = 'x'.repeat(4000);
    for (let line = 0; line < 1100; line += 1) log.command(entry(`${line}.${long}`));
    expect(alarms[1]).toMatch(/lines are lost from now on$/);
    await unlink(path);
    await log.reopen();
    await expect
      .poll(async () => (await files())['u_ex261128.log'], { timeout: 20_000 })
      .toMatch(/\n#Remark: \d+ lines are lost, from /);
    const text = (await files())['u_ex261128.log'] ?? '';
    const lost = Number(/#Remark: (\d+) lines/.exec(text)?.[1]);
    const kept = text.split('\n').filter((line) => /^23:00:00 (first|\d+\.x+)$/.test(line)).length;
    expect(lost).toBeGreaterThan(0);
    expect(kept + lost).toBe(1101);
    expect(text.startsWith('#Software: ')).toBe(true);
    expect(alarms.at(-1)).toBe(`writes again to ${path}: ${lost} lines are lost`);
  });

  it('tells at the end how many lines are lost', async () => {
    await mkdir(folder, { recursive: true });
    await symlink('/dev/full', join(folder, 'u_ex261128.log'));
    const log = open();
    log.command(entry('one'));
    log.command(entry('two'));
    await closed(log);
    expect(alarms.at(-1)).toMatch(/^closed .*: 2 lines are lost$/);
  });

  it('does not lose the lines of one file for the fault of another', async () => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, 'u_ex261128.log');
    await symlink('/dev/full', path);
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const log = open();
    log.command(entry('one'));
    await told;
    now = new Date('2026-11-29T00:00:00.000Z');
    log.command(entry('two'));
    await unlink(path);
    await log.reopen();
    await closed(log);
    const found = await files();
    expect(found['u_ex261128.log']).toMatch(/\n23:00:00 one\n$/);
    expect(found['u_ex261129.log']).toMatch(/\n00:00:00 two\n$/);
  });
});

describe('logFile', () => {
  it('takes no truncateSize below that of IIS', () => {
    expect(() => logFile.parse({ directory: 'x', truncateSize: 1_048_575 })).toThrow();
    expect(logFile.parse({ directory: 'x', truncateSize: 1_048_576 }).truncateSize).toBe(1_048_576);
  });
  it('is by default that of IIS', () => {
    expect(logFile.parse({ directory: 'x' })).toMatchObject({
      enabled: true,
      period: 'Daily',
      truncateSize: 20_971_520,
      localTimeRollover: false,
      selectiveLogging: ['LogSuccessful', 'LogError', 'LogInfrastructure'],
    });
  });
});

describe('a renewal', () => {
  const placeOf = (directory: string, changes: Partial<z.input<typeof logFile>> = {}) => ({
    settings: logFile.parse({ directory, logExtFileFlags: ['Time', 'UriStem'], ...changes }),
    directory,
  });
  const other = () => join(folder, '..', 'other');
  const textIn = (directory: string) => readFile(join(directory, 'u_ex261128.log'), 'utf8');

  it('to another directory goes on there, and no line is lost', async () => {
    const log = open();
    for (const name of ['a', 'b']) log.command(entry(name));
    log.renew(placeOf(other()));
    for (const name of ['c', 'd']) log.command(entry(name));
    await closed(log);
    const lines = [await textIn(folder).catch(() => ''), await textIn(other())].join('').split('\n');
    expect(lines.filter((line) => /^\d/.test(line)).map((line) => line.slice(-1))).toEqual(['a', 'b', 'c', 'd']);
    expect(await textIn(other())).toMatch(new RegExp(`^${header('2026-11-28 23:00:00')}`));
  });

  /** It holds the line `a`, for something is in the way of its directory. */
  async function openKeepingLines() {
    await mkdir(join(folder, '..'), { recursive: true });
    await writeFile(folder, 'in the way');
    const log = open();
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    log.command(entry('a'));
    await told;
    return log;
  }

  it('from a directory that takes nothing takes along what was kept', async () => {
    const log = await openKeepingLines();
    log.renew(placeOf(other()));
    log.command(entry('b'));
    await closed(log);
    expect(await textIn(other())).toBe(`${header('2026-11-28 23:00:00')}23:00:00 a\n23:00:00 b\n`);
    await rm(folder);
  });

  it('to other fields writes a header for them, and none where nothing changes', async () => {
    const log = open();
    log.command(entry('a'));
    log.renew(placeOf(folder));
    log.command(entry('b'));
    log.renew(placeOf(folder, { logExtFileFlags: ['UriStem'] }));
    log.command(entry('c'));
    await closed(log);
    const first = header('2026-11-28 23:00:00');
    const second = first.replace('time cs', 'cs');
    expect(await files()).toEqual({ 'u_ex261128.log': `${first}23:00:00 a\n23:00:00 b\n${second}c\n` });
  });

  it('to other fields in another directory puts lines that were kept below their own header', async () => {
    const log = await openKeepingLines();
    log.renew(placeOf(other(), { logExtFileFlags: ['UriStem'] }));
    log.command(entry('b'));
    await closed(log);
    const first = header('2026-11-28 23:00:00');
    expect(await textIn(other())).toBe(`${first}23:00:00 a\n${first.replace('time cs', 'cs')}b\n`);
    await rm(folder);
  });

  it('to another period begins a file of its name', async () => {
    const log = open();
    log.command(entry('a'));
    log.renew(placeOf(folder, { period: 'Monthly' }));
    log.command(entry('b'));
    await closed(log);
    expect(Object.keys(await files())).toEqual(['u_ex2611.log', 'u_ex261128.log']);
  });

  it('turns the log off and on', async () => {
    const log = open();
    expect(log.isOn).toBe(true);
    log.command(entry('a'));
    log.renew(undefined);
    expect(log.isOn).toBe(false);
    log.command(entry('b'));
    log.channel(entry('b'));
    log.renew(placeOf(other()));
    log.command(entry('c'));
    await closed(log);
    expect(await textIn(folder)).toMatch(/ a\n$/);
    expect(await textIn(other())).toBe(`${header('2026-11-28 23:00:00')}23:00:00 c\n`);
    expect(alarms).toEqual([]);
  });

  it('of the selection keeps the file and its header', async () => {
    const log = open();
    log.command(entry('a'));
    log.renew(placeOf(folder, { selectiveLogging: ['LogError'] }));
    log.command(entry('b'));
    log.command(entry('c', { status: 550 }));
    await closed(log);
    expect(await textIn(folder)).toBe(`${header('2026-11-28 23:00:00')}23:00:00 a\n23:00:00 c\n`);
  });
});
