/** Symbolic links over the wire: what is shown of them, what removes and moves them, and that those leading out tell nothing. */
import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { runClient } from '../support/clients/run-client.ts';
import { type ControlClient, openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);
const outside = await mkdtemp(join(tmpdir(), 'cardgate-outside-'));
await mkdir(join(outside, 'directory'));
await writeFile(join(outside, 'file'), 'outside');
afterAll(() => rm(outside, { recursive: true }));

let site: ProtocolSite;
let client: ControlClient;
const host = (path: string) => join(site.home, path);
const code = async (line: string) => (await client.command(line)).code;

const links = [
  ['to-file', 'docs/a.txt', 'docs/a.txt'],
  ['to-directory', 'docs', 'docs'],
  ['loop', '.', '.'],
  ['knot', 'knot', 'knot'],
  ['dangling', 'docs/none', 'docs/none'],
  ['out', outside, undefined],
  ['out-file', join(outside, 'file'), undefined],
  ['out-none', join(outside, 'none'), undefined],
  ['out-below-file', join(outside, 'file', 'x'), undefined],
  ['chain-out', 'out', undefined],
] as const;

beforeEach(async () => {
  site = await siteWith();
  await mkdir(host('docs'));
  await writeFile(host('docs/a.txt'), 'alpha');
  for (const [name, target] of links) await symlink(target, host(name));
  await symlink(host('docs'), host('by-host-path'));
  client = await site.loggedIn();
});

async function received(line: string): Promise<string> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const content = (await readAll(await openData(port, identities.ada))).toString();
  expect((await client.reply()).code, line).toBeLessThan(200);
  expect((await client.reply()).code, line).toBe(226);
  return content;
}

async function upload(line: string, content: string): Promise<number> {
  const port = await client.passive();
  client.write(`${line}\r\n`);
  const data = await openData(port, identities.ada);
  data.resume();
  data.end(content);
  await client.reply();
  return (await client.reply()).code;
}

describe('a link in a listing', () => {
  it.each(links)('%s is shown as a link, with what it says unless that leads out', async (name, _target, shown) => {
    const arrow = shown === undefined ? '' : ` -> ${shown}`;
    const listed = (await received('LIST')).split('\r\n').find((line) => line.endsWith(` ${name}${arrow}`));
    expect(listed).toMatch(/^lrwxrwxrwx /u);
    expect((await client.command('STAT /')).text).toContain(listed);
    const type = shown === undefined ? 'OS.unix=slink' : `OS.unix=slink:${shown}`;
    expect(await received('MLSD')).toMatch(
      new RegExp(`^type=${type};modify=\\d+;perm=df;unique=\\w+;UNIX.mode=0777; ${name}\r$`, 'mu'),
    );
    expect((await client.command(`MLST ${name}`)).lines[1]).toContain(`type=${type};`);
  });

  it('says an absolute target as the client says it', async () => {
    expect(await received('LIST')).toContain(' by-host-path -> /docs\r\n');
  });

  it('shows itself alone where it leads to no directory, and the entries of one where it does', async () => {
    for (const name of ['to-file', 'dangling', 'out', 'knot'])
      expect(await received(`NLST ${name}`)).toBe(`${name}\r\n`);
    expect(await received('NLST to-directory')).toBe('to-directory/a.txt\r\n');
    expect(await received('RETR to-directory/a.txt')).toBe('alpha');
  });
});

describe('a link', () => {
  it.each(links)('%s is removed by DELE and by RMD, and nothing that it leads to', async (name, target) => {
    expect(await code(`DELE ${name}`)).toBe(250);
    expect(await code(`DELE ${name}`)).toBe(550);
    await symlink(target, host(name));
    expect(await code(`RMD ${name}/`)).toBe(250);
    await expect(lstat(host(name))).rejects.toThrow('ENOENT');
    expect(await readdir(host('docs'))).toEqual(['a.txt']);
    expect((await readdir(outside)).sort()).toEqual(['directory', 'file']);
  });

  it.each(links)('%s is moved as a link', async (name, target) => {
    expect(await code(`RNFR ${name}`)).toBe(350);
    expect(await code('RNTO moved')).toBe(250);
    expect(await readlink(host('moved'))).toBe(target);
  });

  it('does not make its directory fuller than it looks', async () => {
    await mkdir(host('only'));
    await symlink('nowhere', host('only/link'));
    expect((await client.command('RMD only')).text).toBe('550 The directory is not empty.');
    expect(await received('NLST only')).toBe('only/link\r\n');
    expect(await code('DELE only/link')).toBe(250);
    expect(await code('RMD only')).toBe(250);
  });
});

describe('a link that leads out of the home', () => {
  const names = ['out-file', 'out-none', 'out-below-file', 'out', 'chain-out'];

  it.each([
    ...['SIZE', 'MDTM', 'CWD', 'RETR', 'STOR', 'APPE'].map((verb) => `${verb} @`),
    ...['SIZE', 'MDTM', 'CWD', 'RETR', 'STOR', 'APPE', 'MLST', 'MLSD', 'LIST', 'NLST', 'STAT'].map(
      (verb) => `${verb} @/x`,
    ),
    ...['DELE', 'RMD', 'MKD', 'RNFR'].map((verb) => `${verb} @/x`),
    ...['DELE', 'RMD', 'MKD', 'RNFR', 'STAT', 'CWD'].map((verb) => `${verb} @/directory`),
  ])('%s is answered as if nothing were there, whether something is or not', async (line) => {
    await client.passive();
    for (const name of names) {
      expect((await client.command(line.replace('@', name))).text, name).toBe('550 No such file or directory.');
    }
    expect((await readdir(outside)).sort()).toEqual(['directory', 'file']);
    expect(await readFile(join(outside, 'file'), 'utf8')).toBe('outside');
    const refusals = site.audit.filter(({ event }) => event === 'refusal');
    expect(refusals).toHaveLength(names.length);
    expect(refusals[0]).toMatchObject({ denial: { code: 'access-denied', detail: 'A link leads out of the home.' } });
  });

  it.each(['RNTO @', 'RNTO @/x', 'RNTO @/directory'])('%s takes nothing there', async (line) => {
    for (const name of names) {
      expect(await code('RNFR docs/a.txt')).toBe(350);
      expect(await code(line.replace('@', name)), name).toBe(line === 'RNTO @' ? 553 : 550);
    }
    expect((await readdir(outside)).sort()).toEqual(['directory', 'file']);
  });
});

describe('what exists already', () => {
  it.each(['MKD docs', 'MKD /', 'MKD .', 'MKD docs/..', 'MKD dangling', 'MKD out', 'MKD to-file', 'MKD docs/a.txt'])(
    '%s says so',
    async (line) => {
      expect((await client.command(line)).text).toBe('550 That name exists already.');
      expect(site.audit.filter(({ event }) => event === 'refusal')).toEqual([]);
    },
  );
});

describe('a program that is written into', () => {
  it.each(['APPE program', 'STOR program'])('%s loses the bits that let it run as its owner', async (line) => {
    await writeFile(host('program'), 'program');
    execFileSync('chmod', ['6755', host('program')]);
    if (line.startsWith('STOR')) expect(await code('REST 3')).toBe(350);
    expect(await upload(line, 'X')).toBe(226);
    expect((await lstat(host('program'))).mode & 0o7777).toBe(0o755);
  });
});

describe('lftp', () => {
  async function lftp(...commands: readonly string[]) {
    const scratch = await mkdtemp(join(tmpdir(), 'cardgate-lftp-'));
    await writeFile(join(scratch, 'cert'), identities.ada.cert);
    await writeFile(join(scratch, 'key'), identities.ada.key, { mode: 0o600 });
    const settings = [
      'set cmd:fail-exit yes',
      'set net:max-retries 1',
      'set net:timeout 10',
      'set ftp:ssl-force yes',
      'set ftp:ssl-protect-data yes',
      'set ssl:verify-certificate no',
      `set ssl:cert-file ${join(scratch, 'cert')}`,
      `set ssl:key-file ${join(scratch, 'key')}`,
      `open -u ada,none -p ${site.port} ftp://127.0.0.1`,
      `lcd ${scratch}`,
    ];
    const result = await runClient('lftp', ['--norc'], {
      input: `${[...settings, ...commands, 'bye'].join('\n')}\n`,
      env: { HOME: '/nonexistent', LFTP_HOME: '/nonexistent', TERM: 'dumb' },
    });
    return { ...result, scratch };
  }
  const hasLftp = () => {
    try {
      execFileSync('lftp', ['--version']);
      return true;
    } catch {
      return false;
    }
  };

  it('rm -r removes links and nothing through them', async ({ skip }) => {
    if (!hasLftp()) skip('lftp is not installed');
    await mkdir(host('tree/sub'), { recursive: true });
    await writeFile(host('tree/sub/file'), '');
    for (const [name, target] of [...links, ['up', '../docs'] as const]) await symlink(target, host(`tree/${name}`));
    for (const useMlsd of ['yes', 'no']) {
      const { exitCode, stderr, scratch } = await lftp(`set ftp:use-mlsd ${useMlsd}`, 'rm -r tree');
      await rm(scratch, { recursive: true });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      await expect(lstat(host('tree'))).rejects.toThrow('ENOENT');
      expect(await readFile(host('docs/a.txt'), 'utf8')).toBe('alpha');
      await mkdir(host('tree'));
      for (const [name, target] of [
        ['up', '../docs'],
        ['loop', '.'],
      ] as const)
        await symlink(target, host(`tree/${name}`));
    }
  });

  it.each(['yes', 'no'])('mirror ends, and makes links of links, with MLSD %s', async (useMlsd) => {
    if (!hasLftp()) return;
    const { exitCode, stderr, scratch } = await lftp(`set ftp:use-mlsd ${useMlsd}`, 'mirror / copy');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(scratch, 'copy/docs/a.txt'), 'utf8')).toBe('alpha');
    const copied = await readdir(join(scratch, 'copy'), { withFileTypes: true });
    expect(copied.filter((entry) => entry.isDirectory()).map(({ name }) => name)).toEqual(['docs']);
    await rm(scratch, { recursive: true });
  });
});
