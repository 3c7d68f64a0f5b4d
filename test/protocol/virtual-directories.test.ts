/** Virtual directories: directories of the host at paths of the site. Nothing leads from one of them, or from the home, into another. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizationRule } from '../../src/authorization/authorization-rules.ts';
import type { ControlClient } from '../support/control-client.ts';
import { download, upload } from '../support/file-transfers.ts';
import { createIdentities, type ProtocolSite, type SiteChanges } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

let elsewhere: string;
let site: ProtocolSite;
let client: ControlClient;

beforeEach(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'cardgate-virtual-'));
  for (const directory of ['shared/sub', 'place']) await mkdir(join(elsewhere, directory), { recursive: true });
  await writeFile(join(elsewhere, 'shared/x.txt'), 'of the share');
  await writeFile(join(elsewhere, 'place/y.txt'), 'of the place');
  await writeFile(join(elsewhere, 'beside.txt'), 'of no site');
});
afterEach(() => rm(elsewhere, { recursive: true, force: true }));

const home = (path: string) => join(site.home, path);
const share = (path: string) => join(elsewhere, 'shared', path);
const code = async (line: string) => (await client.command(line)).code;
const deny = (path: string): AuthorizationRule => ({
  accessType: 'Deny',
  users: '*',
  permissions: ['Read', 'Write'],
  path,
});

/** /pub leads to the share and covers a directory of the home; /deep/er/place has nothing above it on the disk. */
async function start(changes: SiteChanges = {}): Promise<void> {
  const virtualDirectories = [
    { path: '/pub', physicalPath: join(elsewhere, 'shared') },
    { path: '/deep/er/place', physicalPath: join(elsewhere, 'place') },
  ];
  site = await siteWith({ virtualDirectories, ...changes });
  for (const directory of ['docs', 'pub']) await mkdir(home(directory));
  await writeFile(home('docs/a.txt'), 'of the home');
  await writeFile(home('pub/covered.txt'), 'covered');
  client = await site.loggedIn();
}

async function names(command: string): Promise<readonly string[]> {
  return (await download(client, identities.ada, command)).content.toString().split('\r\n').filter(Boolean).sort();
}

describe('a virtual directory', () => {
  it('is found at its path, and what it covers is not', async () => {
    await start();
    expect(await names('NLST /')).toEqual(['/deep', '/docs', '/pub']);
    expect(await names('NLST /pub')).toEqual(['/pub/sub', '/pub/x.txt']);
    expect((await download(client, identities.ada, 'RETR /pub/x.txt')).content.toString()).toBe('of the share');
    for (const verb of ['RETR', 'SIZE', 'DELE', 'RNFR', 'MLST'])
      expect(await code(`${verb} /pub/covered.txt`)).toBe(550);
  });

  it('has the facts of a directory in every listing, and cannot be removed or renamed by them', async () => {
    await start();
    const shown = (await names('MLSD /')).map((line) =>
      line.replace(/^.*type=(\w+);.*?(perm=\w*;)?.* (\S+)$/, '$1 $3'),
    );
    expect(shown.sort()).toEqual(['dir deep', 'dir docs', 'dir pub']);
    const entry = (await client.command('MLST /pub')).text;
    expect(entry).toMatch(/type=dir;/);
    expect(entry).not.toMatch(/perm=\w*[df]/);
  });

  it('takes files, directories and new names as the home does', async () => {
    await start();
    await upload(client, identities.ada, 'STOR /pub/sub/new.bin', Buffer.from('new'));
    expect(await readFile(share('sub/new.bin'), 'utf8')).toBe('new');
    expect([await code('RNFR /pub/sub/new.bin'), await code('RNTO /pub/other.bin')]).toEqual([350, 250]);
    expect(existsSync(share('other.bin'))).toBe(true);
    expect([await code('MKD /pub/made'), await code('RMD /pub/made'), await code('DELE /pub/other.bin')]).toEqual([
      257, 250, 250,
    ]);
    expect(await code('CWD /pub/sub')).toBe(250);
    expect([await code('CDUP'), (await client.command('PWD')).text]).toEqual([
      250,
      '257 "/pub" is the working directory.',
    ]);
    expect([await code('CDUP'), (await client.command('PWD')).text]).toEqual([
      250,
      '257 "/" is the working directory.',
    ]);
  });

  it('stays where it is, with whatever leads to it', async () => {
    await start();
    for (const line of [
      'RMD /pub',
      'DELE /pub',
      'RNFR /pub',
      'MKD /pub',
      'RMD /deep',
      'RNFR /deep',
      'RNFR /deep/er/place',
    ]) {
      expect([line, await code(line)]).toEqual([line, 550]);
    }
    expect(await code('RNFR /docs')).toBe(350);
    for (const line of ['RNTO /pub', 'RNTO /deep']) {
      expect([line, await code(line)]).toEqual([line, 550]);
      await code('RNFR /docs');
    }
    expect(existsSync(home('docs/a.txt'))).toBe(true);
  });

  it('whose way is not on the disk is entered name by name', async () => {
    await start();
    expect(await names('NLST /deep')).toEqual(['/deep/er']);
    expect(await names('NLST /deep/er')).toEqual(['/deep/er/place']);
    expect([await code('CWD /deep'), await code('CWD er'), await code('CWD place'), await code('SIZE y.txt')]).toEqual([
      250, 250, 250, 213,
    ]);
    expect([await code('MKD /deep/other'), await code('CWD /deep/none'), await code('SIZE /deep')]).toEqual([
      550, 550, 550,
    ]);
  });

  it('is not shown where the site says so, and can be entered all the same', async () => {
    await start({ directoryBrowse: { showVirtualDirectories: false } });
    expect(await names('NLST /')).toEqual(['/docs']);
    expect(await code('CWD /pub')).toBe(250);
    expect(await names('NLST /pub')).toEqual(['/pub/sub', '/pub/x.txt']);
  });

  it('whose disk is gone keeps no client from the rest, and is there again with its disk', async () => {
    await start();
    await rename(join(elsewhere, 'shared'), join(elsewhere, 'away'));
    expect(await code('CWD /pub')).toBe(550);
    expect(await names('NLST /')).toEqual(['/deep', '/docs', '/pub']);
    expect(await code('SIZE /docs/a.txt')).toBe(213);
    await rename(join(elsewhere, 'away'), join(elsewhere, 'shared'));
    expect(await code('CWD /pub')).toBe(250);
  });
});

describe('nothing leads from one directory of a site into another', () => {
  it('no rename, which is recorded, and leaves both as they were', async () => {
    await start();
    for (const [from, to] of [
      ['/docs/a.txt', '/pub/a.txt'],
      ['/pub/x.txt', '/docs/x.txt'],
      ['/pub/sub', '/deep/er/place/sub'],
    ]) {
      expect([await code(`RNFR ${from}`), (await client.command(`RNTO ${to}`)).text]).toEqual([
        350,
        expect.stringMatching(/^550 The new name lies on another file system/),
      ]);
    }
    expect([existsSync(home('docs/a.txt')), existsSync(share('x.txt')), existsSync(share('sub'))]).toEqual([
      true,
      true,
      true,
    ]);
    expect([existsSync(home('docs/x.txt')), existsSync(share('a.txt'))]).toEqual([false, false]);
  });

  it('no link: neither by the path of the host, nor upwards, nor to what is covered', async () => {
    await start();
    for (const [target, path] of [
      [join(elsewhere, 'shared'), home('host')],
      ['pub', home('covered')],
      ['.', home('same')],
      ['..', share('up')],
      ['../beside.txt', share('beside')],
      [home('docs'), share('docs')],
      ['../place', share('place')],
    ] as const) {
      await symlink(target, path);
    }
    for (const path of [
      '/host/x.txt',
      '/covered/covered.txt',
      '/same/pub/covered.txt',
      '/pub/up/beside.txt',
      '/pub/beside',
      '/pub/docs/a.txt',
      '/pub/place/y.txt',
    ]) {
      for (const verb of ['SIZE', 'RETR', 'MLST', 'DELE', 'RNFR']) {
        if (path === '/pub/beside' && verb !== 'SIZE' && verb !== 'RETR') continue;
        expect([verb, path, await code(`${verb} ${path}`)]).toEqual([verb, path, 550]);
      }
    }
    for (const line of ['MKD /same/pub/new', 'MKD /covered/new', 'MKD /pub/up/new']) {
      expect([line, await code(line)]).toEqual([line, 550]);
    }
    expect([existsSync(home('pub/new')), existsSync(join(elsewhere, 'new'))]).toEqual([false, false]);
  });

  it('no symbolic link that a client makes', async () => {
    await start({ fileHandling: { allowSymbolicLinks: true } });
    await writeFile(share('a.txt'), 'of the same name');
    expect(await code('SITE SYMLINK /docs/a.txt /pub/link')).toBe(550);
    expect(await code('SITE SYMLINK /pub/x.txt /docs/link')).toBe(550);
    expect(await code('SITE SYMLINK /pub/x.txt /pub/link')).toBe(200);
  });

  it('but a copy, which reads one and writes the other', async () => {
    await start();
    expect([await code('SITE CPFR /docs/a.txt'), await code('SITE CPTO /pub/a.txt')]).toEqual([350, 250]);
    expect(await readFile(share('a.txt'), 'utf8')).toBe('of the home');
  });
});

describe('hidden segments', () => {
  it('hide a virtual directory, and names in one, as they hide other names', async () => {
    await start({ requestFiltering: { hiddenSegments: ['pub', 'er', 'y.txt'] } });
    expect(await names('NLST /')).toEqual(['/deep', '/docs']);
    expect((await names('MLSD /')).map((line) => line.split(' ').at(-1)).sort()).toEqual(['deep', 'docs']);
    expect(await names('NLST /deep')).toEqual([]);
    for (const line of ['CWD /pub', 'SIZE /pub/x.txt', 'CWD /deep/er', 'SIZE /deep/er/place/y.txt']) {
      expect([line, await code(line)]).toEqual([line, 550]);
    }
  });
});

describe('a rule that denies', () => {
  it('holds below the path of a virtual directory', async () => {
    await start({ rules: [deny('/pub/sub')] });
    await writeFile(share('sub/f'), 'f');
    for (const line of ['RETR /pub/sub/f', 'CWD /pub/sub', 'MKD /pub/sub/n', 'RNFR /pub/sub', 'SIZE /pub/sub/none']) {
      expect([line, await code(line)]).toEqual([line, 550]);
    }
    expect(await code('SIZE /pub/x.txt')).toBe(213);
  });

  it('for a virtual directory itself denies all of it', async () => {
    await start({ rules: [deny('/pub')] });
    for (const line of ['SIZE /pub/x.txt', 'CWD /pub', 'MKD /pub/n'])
      expect([line, await code(line)]).toEqual([line, 550]);
    expect(await code('SIZE /docs/a.txt')).toBe(213);
  });

  it.each([
    ['/private', '/alias', 'private'],
    ['/private', '/part', 'private/sub'],
    ['/alias', '/private', 'private'],
    ['/part', '/private/sub', 'private/sub'],
    ['/private/sub', '/alias/sub', 'private'],
  ])('at %s denies the same files at %s', async (ruled, reached, physical) => {
    const place = join(elsewhere, 'root');
    await mkdir(join(place, 'private/sub'), { recursive: true });
    for (const file of ['private/f', 'private/sub/f']) await writeFile(join(place, file), file);
    const virtualDirectories = [
      { path: '/whole', physicalPath: place },
      { path: '/alias', physicalPath: join(place, 'private') },
      { path: '/part', physicalPath: join(place, 'private/sub') },
    ];
    const inTree = (path: string) => (path.startsWith('/private') ? `/whole${path}` : path);
    await start({ virtualDirectories, rules: [deny(inTree(ruled))] });
    expect(physical).toMatch(/^private/);
    for (const verb of ['RETR', 'SIZE', 'DELE', 'APPE']) {
      expect([verb, await code(`${verb} ${inTree(reached)}/f`)]).toEqual([verb, 550]);
    }
    expect(await code(`RNFR ${inTree(reached)}/f`)).toBe(550);
  });
});
