/** Wildcards and options of `ls` over the wire: what LIST, NLST and STAT show, in which form, and where they stop. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../support/control-client.ts';
import { openData, readAll } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, type SiteChanges, startSite } from '../support/protocol-site.ts';

const identities = await createIdentities();
const sites: ProtocolSite[] = [];
let site: ProtocolSite;
let client: ControlClient;

const files = {
  'a.txt': 'aaa',
  'b.txt': 'b',
  'c.bin': 'cc',
  '.hidden': '',
  '-l': 'not an option',
  'a[1].txt': '',
  'star*': '',
  'sub/d.txt': '',
  'sub/.dotted': '',
  'sub/deep/e.txt': '',
  'other/d.txt': '',
  'secret/d.txt': '',
  'secret/s.txt': '',
  'lock[ed]/d.txt': '',
};

async function start(changes: SiteChanges = {}): Promise<ProtocolSite> {
  const started = await startSite(identities, {
    rules: [{ accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/secret' }],
    ...changes,
  });
  sites.push(started);
  for (const [index, [path, content]] of Object.entries(files).entries()) {
    await mkdir(join(started.home, path, '..'), { recursive: true });
    await writeFile(join(started.home, path), content);
    await utimes(join(started.home, path), 0, 1_700_000_000 + index);
  }
  await writeFile(join(started.home, `.cardgate-upload-${'0'.repeat(32)}`), 'hidden');
  return started;
}

beforeAll(async () => {
  site = await start();
  await symlink('sub', join(site.home, 'link'));
  await chmod(join(site.home, 'c.bin'), 0o750);
  execFileSync('mkfifo', [join(site.home, 'pipe')]);
  client = await site.loggedIn();
});

afterAll(() => Promise.all(sites.map((one) => one.close())));

async function received(line: string, from = client): Promise<{ readonly text: string; readonly code: number }> {
  const port = await from.passive();
  from.write(`${line}\r\n`);
  const opening = await from.reply();
  if (opening.code >= 400) {
    await from.command('ABOR');
    return { text: opening.text, code: opening.code };
  }
  // A listing that stops breaks its data connection.
  const octets = await openData(port, identities.ada)
    .then(readAll)
    .catch(() => undefined);
  const text = (octets ?? 'broken').toString();
  return { text, code: (await from.reply()).code };
}

/** Lines without their ends. */
const linesOf = async (line: string, from = client) => {
  const { text, code } = await received(line, from);
  expect(code, line).toBe(226);
  return text === '' ? [] : text.replace(/\r\n$/u, '').split('\r\n');
};
/** Of long lines, what stands behind the time. */
const lastWords = (lines: readonly string[]) => lines.map((line) => line.replace(/^.{58} /u, ''));

describe('NLST with wildcards', () => {
  it.each<[string, readonly string[]]>([
    ['*.txt', ['a.txt', 'a[1].txt', 'b.txt']],
    ['?.txt', ['a.txt', 'b.txt']],
    ['[a-b].*', ['a.txt', 'b.txt']],
    ['/*.bin', ['/c.bin']],
    ['sub/*', ['sub/d.txt', 'sub/deep']],
    ['./sub/../sub/d*', ['./sub/../sub/d.txt', './sub/../sub/deep']],
    ['*/d.txt', ['link/d.txt', 'lock[ed]/d.txt', 'other/d.txt', 'sub/d.txt']],
    ['*/*/e.*', ['link/deep/e.txt', 'sub/deep/e.txt']],
    ['s*/d*', ['sub/d.txt', 'sub/deep']],
    ['*/none', []],
    ['none*', []],
    ['*/../a.txt', ['*/../a.txt']],
    ['.h*', ['.hidden']],
    ['sub/.*', ['sub/.dotted']],
    ['.cardgate*', []],
    ['a[1].txt', ['a[1].txt']],
    ['a\\[1\\].t*', ['a[1].txt']],
    ['st?r\\*', ['star*']],
    ['lock[ed]', ['lock[ed]/d.txt']],
    ['lock[ed]/d*', ['lock[ed]/d.txt']],
    ['lock\\[ed]/d*', ['lock[ed]/d.txt']],
  ])('%s', async (pattern, names) => {
    expect((await linesOf(`NLST ${pattern}`)).toSorted()).toEqual(names);
  });

  it('answers names that RETR takes as they are', async () => {
    for (const name of [...(await linesOf('NLST *.txt')), ...(await linesOf('NLST sub/d.*'))]) {
      const port = await client.passive();
      client.write(`RETR ${name}\r\n`);
      await readAll(await openData(port, identities.ada));
      await client.reply();
      expect((await client.reply()).code, name).toBe(226);
    }
  });

  it('tells nothing of what a rule denies, and nothing of what is not there', async () => {
    expect(await received('NLST secret/*')).toEqual(await received('NLST secret/none*'));
    expect((await received('NLST secret/*')).code).toBe(550);
    expect(await linesOf('NLST */s.txt')).toEqual([]);
    expect(await linesOf('NLST secret*/*')).toEqual([]);
    expect(await linesOf('LIST secre[t]/*')).toEqual([]);
    for (const line of ['NLST none/*', 'NLST a.txt/*', 'NLST none'])
      expect((await received(line)).code, line).toBe(550);
  });
});

describe('names that begin with a dot', () => {
  it.each([
    ['NLST', false],
    ['NLST -a', true],
    ['NLST -A', true],
    ['NLST *', false],
    ['NLST -a *', true],
    ['LIST', false],
    ['LIST -la', true],
    ['LIST *', false],
    ['LIST -a *', true],
    ['MLSD', true],
  ])('%s: %o', async (line, isShown) => {
    const { text } = await received(line);
    expect(text.includes('.hidden')).toBe(isShown);
    expect(text).not.toContain('.cardgate-upload');
    expect(text).not.toMatch(/(?:^| )\.{1,2}\r$/mu);
  });

  it('are shown by all where the site says so', async () => {
    const shown = await (await start({ directoryBrowse: { showDotFiles: true } })).loggedIn();
    for (const line of ['NLST', 'NLST *', 'LIST', 'LIST *']) {
      expect((await received(line, shown)).text, line).toContain('.hidden');
    }
    expect((await shown.command('STAT /')).text).toContain('.hidden');
  });
});

describe('options', () => {
  it.each<[string, readonly string[]]>([
    ['NLST -t *.txt', ['a[1].txt', 'b.txt', 'a.txt']],
    ['NLST -tr *.txt', ['a.txt', 'b.txt', 'a[1].txt']],
    ['NLST -S ?.txt', ['a.txt', 'b.txt']],
    ['NLST -Sr ?.txt', ['b.txt', 'a.txt']],
    ['NLST -r ?.txt', ['b.txt', 'a.txt']],
    ['LIST -1r sub', ['sub/deep', 'sub/d.txt']],
    ['NLST -F *[bk]', ['link@', 'sub/']],
    ['NLST -p *[bk]', ['link', 'sub/']],
    ['NLST -F c*', ['c.bin*']],
    ['NLST -F p*', ['pipe|']],
    ['NLST -d sub', ['sub']],
    ['NLST -Rr other', ['other/d.txt']],
    ['NLST ./-l', ['./-l']],
    ['NLST -- -l', ['-l']],
    ['NLST -x3Zq -- -[l]', ['-l']],
  ])('%s', async (line, expected) => {
    const lines = await linesOf(line);
    expect(/-\w*[tSr]/u.test(line) ? lines : lines.toSorted()).toEqual(expected);
  });

  it('-l makes NLST the long form, and -1 makes LIST that of names', async () => {
    expect(await linesOf('NLST -l ?.txt')).toEqual(await linesOf('LIST ?.txt'));
    expect(await linesOf('LIST -1 ?.txt')).toEqual(await linesOf('NLST ?.txt'));
    expect((await linesOf('LIST -d sub'))[0]).toMatch(/^d.* sub$/u);
  });

  it('LIST calls what a pattern fits by its path, and entries of a directory by their names', async () => {
    expect(lastWords(await linesOf('LIST -r sub/d*'))).toEqual(['sub/deep', 'sub/d.txt']);
    expect(lastWords(await linesOf('LIST -r sub'))).toEqual(['deep', 'd.txt']);
    expect(lastWords(await linesOf('LIST -F lin*'))).toEqual(['link -> sub']);
  });

  it('-R lists the directories below, each under its path, and what is denied not at all', async () => {
    expect(lastWords(await linesOf('LIST -R sub')).toSorted()).toEqual(['', 'd.txt', 'deep', 'e.txt', 'sub/deep:']);
    const all = await linesOf('NLST -aR');
    expect(all.toSorted()).toEqual(
      [
        ...Object.keys(files).filter((path) => !path.startsWith('secret/')),
        'link',
        'lock[ed]',
        'other',
        'pipe',
        'secret',
        'sub',
        'sub/deep',
      ].toSorted(),
    );
  });

  it('-R is ignored where the site says so', async () => {
    const flat = await (await start({ directoryBrowse: { allowRecursiveLists: false } })).loggedIn();
    expect(await linesOf('NLST -R sub', flat)).toEqual(await linesOf('NLST sub', flat));
  });

  it('belong to neither MLSD nor MLST, which know no wildcards either (RFC 3659 2.2.2)', async () => {
    for (const line of ['MLSD -a', 'MLSD *', 'MLST *.txt', 'MLST -l /']) {
      expect((await received(line)).code, line).toBe(550);
    }
    expect((await client.command('MLST -l')).text).toContain('type=file;size=13;');
  });
});

describe('STAT', () => {
  it('takes options and wildcards, too', async () => {
    const { code, lines } = await client.command('STAT -r ?.txt');
    expect(code).toBe(213);
    expect(lastWords(lines.slice(1, -1).map((line) => line.slice(1)))).toEqual(['b.txt', 'a.txt']);
    expect((await client.command('STAT none*')).lines).toHaveLength(2);
    expect((await client.command('STAT none')).code).toBe(550);
  });
});

describe('a search that takes too long', () => {
  it('ends with 451, and a listing of one directory never does', async () => {
    const bounded = await start({ directoryBrowse: { maximumNames: 5 } });
    const own = await bounded.loggedIn();
    for (const line of ['NLST *', 'LIST -R', 'NLST */*', 'NLST nothing-fits-*']) {
      expect((await received(line, own)).code, line).toBe(451);
    }
    expect((await own.command('STAT *')).code).toBe(451);
    expect((await received('NLST', own)).code).toBe(226);
    expect((await received('NLST sub/*', own)).code).toBe(226);
  });

  it('counts the time of the file system, and gives a listing of one directory all it takes', async () => {
    let now = 0;
    const slow = await start({
      timer: () => {
        now += 400_000;
        return now;
      },
    });
    const own = await slow.loggedIn();
    for (const line of ['NLST *.txt', 'LIST -R', 'NLST */*']) expect((await received(line, own)).code, line).toBe(451);
    expect((await received('LIST', own)).code).toBe(226);
  });

  it('stops at directories that lie deeper than any client needs', async () => {
    const deep = await start();
    await mkdir(join(deep.home, 'x/'.repeat(70)), { recursive: true });
    const own = await deep.loggedIn();
    expect((await received('NLST -R x', own)).code).toBe(451);
    expect(await received(`NLST ${'*/'.repeat(70)}x`, own)).toEqual({ text: '', code: 226 });
  });

  it('holds no more directories than may wait', async () => {
    const wide = await start({
      wrapStorage: (storage) => ({
        ...storage,
        names: async function* () {
          yield Array.from({ length: 10_001 }, (_, index) => ({ name: `d${index}`, type: 'directory' as const }));
        },
      }),
    });
    const own = await wide.loggedIn();
    expect((await received('NLST */x', own)).code).toBe(451);
    expect((await received('NLST *', own)).code).toBe(226);
  });

  it('puts no more lines in order than it may hold', async () => {
    const many = await start({
      wrapStorage: (storage) => ({
        ...storage,
        list: async function* (path) {
          const entry = await storage.entry(path);
          for (let batch = 0; batch < 21; batch += 1)
            yield Array.from({ length: 1000 }, () => ({ ...entry, name: 'x' }));
        },
      }),
    });
    const own = await many.loggedIn();
    expect((await received('LIST -t', own)).code).toBe(451);
    expect((await received('LIST', own)).code).toBe(226);
  });
});
