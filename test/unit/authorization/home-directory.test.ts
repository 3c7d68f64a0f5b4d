import { mkdir, mkdtemp, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHomeDirectory, foreseeHomeDirectory } from '../../../src/authorization/home-directory.ts';
import { type HomeOwner, type UserIsolation, userIsolation } from '../../../src/authorization/user-isolation.ts';

let base: string;
let root: string;
const ada: HomeOwner = { accountName: 'ada', directory: 'example.org' };

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'cardgate-home-')));
  root = join(base, 'root');
  await mkdir(join(root, 'ada'), { recursive: true });
  await mkdir(join(base, 'outside'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const isolation = (mode: UserIsolation['mode'], changes: Partial<UserIsolation> = {}): UserIsolation => ({
  ...userIsolation.parse({}),
  mode,
  root,
  layout: 'account',
  ...changes,
});
const isolate = (createHome: 'never' | 'atLogin' = 'never', layout: UserIsolation['layout'] = 'account') =>
  isolation('IsolateAllDirectories', { layout, createHome: createHome === 'atLogin' });
const byAttribute = (createHome: 'never' | 'atLogin' = 'never') =>
  isolation('DirectoryAttribute', { createHome: createHome === 'atLogin' });

const found = (...segments: string[]) => ({ outcome: 'found', homeDirectory: join(root, ...segments) });
const denied = (detail: string) => ({
  outcome: 'denied',
  denial: {
    code: 'home-unavailable',
    detail: expect.stringContaining(detail),
    facts: { accountName: expect.anything() },
  },
});

describe('mode None', () => {
  it('puts every account in the root', async () => {
    expect(await findHomeDirectory(isolation('None'), ada)).toEqual(found());
    expect(await findHomeDirectory(isolation('None'), { ...ada, accountName: '../x' })).toEqual(found());
  });

  it('refuses every account when the root is missing', async () => {
    expect(await findHomeDirectory(isolation('None', { root: join(base, 'none') }), ada)).toMatchObject(
      denied('ENOENT'),
    );
  });
});

describe('mode IsolateAllDirectories', () => {
  it('gives each account its directory', async () => {
    expect(await findHomeDirectory(isolate(), ada)).toEqual(found('ada'));
  });

  it('refuses an account whose directory is missing', async () => {
    expect(await findHomeDirectory(isolate(), { ...ada, accountName: 'bob' })).toMatchObject(denied('ENOENT'));
  });

  it('makes the directory at login when told to, and finds it again', async () => {
    const bob = { ...ada, accountName: 'bob' };
    expect(await findHomeDirectory(isolate('atLogin'), bob)).toEqual(found('bob'));
    expect((await stat(join(root, 'bob'))).mode & 0o777).toBe(0o750);
    expect(await findHomeDirectory(isolate('atLogin'), bob)).toEqual(found('bob'));
  });

  it('keeps namesakes of two directories apart when told to', async () => {
    const isolation = isolate('atLogin', 'directoryAndAccount');
    expect(await findHomeDirectory(isolation, ada)).toEqual(found('example.org', 'ada'));
    expect(await findHomeDirectory(isolation, { ...ada, directory: 'other.org' })).toEqual(found('other.org', 'ada'));
  });

  it('never makes the root, whose disk may not be mounted', async () => {
    const isolation = { ...isolate('atLogin'), root: join(base, 'none') };
    expect(await findHomeDirectory(isolation, ada)).toMatchObject(denied('ENOENT'));
  });

  it.each([
    ['empty', ''],
    ['the root itself', '.'],
    ['the parent', '..'],
    ['a climb', '../outside'],
    ['an absolute path', '/etc'],
    ['two segments', 'a/b'],
    ['hidden', '.ssh'],
    ['with NUL', 'a\0b'],
    ['with a line feed', 'ada\n'],
    ['with an invisible character', 'ada\u200b'],
    ['of 256 bytes', 'a'.repeat(256)],
  ])('refuses an account name that is %s', async (_rule, accountName) => {
    expect(await findHomeDirectory(isolate('atLogin'), { ...ada, accountName })).toMatchObject(
      denied('cannot be the name of a directory'),
    );
  });

  it('takes letters outside ASCII, spaces, dots and signs inside a name', async () => {
    const accountName = 'Ångström M. O’Neil$';
    expect(await findHomeDirectory(isolate('atLogin'), { ...ada, accountName })).toEqual(found(accountName));
  });

  it('judges the account’s name below the name of its directory as well', async () => {
    const outcome = await findHomeDirectory(isolate('atLogin', 'directoryAndAccount'), { ...ada, accountName: '..' });
    expect(outcome).toMatchObject(denied('cannot be the name of a directory'));
  });

  it('takes a name of 255 octets', async () => {
    const accountName = 'a'.repeat(255);
    expect(await findHomeDirectory(isolate('atLogin'), { ...ada, accountName })).toEqual(found(accountName));
  });

  it('says why a directory could not be made', async () => {
    const onSystem = { ...isolate('atLogin'), root: '/sys' };
    const outcome = await findHomeDirectory(onSystem, { ...ada, accountName: 'cardgate-home' });
    expect(outcome).toMatchObject(denied('mkdir'));
  });

  it('names in a refusal the root, and the home where there is one', async () => {
    const factsFor = async (accountName: string) => {
      const outcome = await findHomeDirectory(isolate(), { ...ada, accountName });
      return outcome.outcome === 'denied' ? outcome.denial.facts : outcome;
    };
    await symlink(join(base, 'outside'), join(root, 'eve'));
    await writeFile(join(root, 'bob'), '');
    expect(await factsFor('..')).toMatchObject({ root });
    expect(await factsFor('eve')).toMatchObject({ root, home: join(base, 'outside') });
    expect(await factsFor('bob')).toMatchObject({ home: join(root, 'bob') });
    expect(await factsFor('gone')).toMatchObject({ home: join(root, 'gone') });
  });

  it('refuses a directory that is a link out of the root, and one that is a link to the root', async () => {
    await symlink(join(base, 'outside'), join(root, 'eve'));
    await symlink(root, join(root, 'mallory'));
    for (const accountName of ['eve', 'mallory']) {
      expect(await findHomeDirectory(isolate('atLogin'), { ...ada, accountName })).toMatchObject(
        denied('link out of the root'),
      );
    }
  });

  it('refuses a file', async () => {
    await writeFile(join(root, 'bob'), '');
    expect(await findHomeDirectory(isolate('atLogin'), { ...ada, accountName: 'bob' })).toMatchObject(
      denied('not a directory'),
    );
  });

  it('takes a root that is itself a link', async () => {
    await symlink(root, join(base, 'link'));
    expect(await findHomeDirectory({ ...isolate(), root: join(base, 'link') }, ada)).toEqual(found('ada'));
  });
});

describe('mode DirectoryAttribute', () => {
  const owning = (homeDirectory: string) => ({ ...ada, accountName: 'x', homeDirectory });

  it.each(['', '/'])('takes the attribute, with “%s” at its end', async (end) => {
    expect(await findHomeDirectory(byAttribute(), owning(`${root}/ada${end}`))).toEqual(found('ada'));
  });

  it('makes the directory at login when told to', async () => {
    expect(await findHomeDirectory(byAttribute('atLogin'), owning(`${root}/staff/bob`))).toEqual(found('staff', 'bob'));
  });

  it('takes a root with a slash at its end', async () => {
    expect(await findHomeDirectory({ ...byAttribute(), root: `${root}/` }, owning(`${root}/ada`))).toEqual(
      found('ada'),
    );
  });

  it('refuses an account without the attribute', async () => {
    expect(await findHomeDirectory(byAttribute(), ada)).toMatchObject(denied('no homeDirectory attribute'));
  });

  it.each<[string, (path: string) => string, string]>([
    ['empty', () => '', 'plain absolute path'],
    ['relative', () => 'ada', 'plain absolute path'],
    ['a Windows path', () => '\\\\server\\homes\\ada', 'plain absolute path'],
    ['with .. that stays inside', (path) => `${path}/x/../ada`, 'plain absolute path'],
    ['with .. that leads out', (path) => `${path}/../outside`, 'plain absolute path'],
    ['the root itself', (path) => path, 'below the root'],
    ['outside', (path) => `${path}/../outside`.replace('root/../', ''), 'below the root'],
    ['beside the root with a name that begins alike', (path) => `${path}-other/ada`, 'below the root'],
    ['with two slashes at its end', (path) => `${path}/ada//`, 'plain absolute path'],
    ['hidden', (path) => `${path}/.ssh`, 'not allowed'],
    ['below what is hidden', (path) => `${path}/.ssh/ada`, 'not allowed'],
    ['hidden below what is not', (path) => `${path}/ada/.ssh`, 'not allowed'],
    ['with NUL', (path) => `${path}/a\0b`, 'not allowed'],
  ])('refuses an attribute that is %s', async (_rule, attribute, detail) => {
    expect(await findHomeDirectory(byAttribute('atLogin'), owning(attribute(root)))).toMatchObject(denied(detail));
  });

  it('refuses the root itself when that is the whole file system', async () => {
    expect(await findHomeDirectory({ ...byAttribute(), root: '/' }, owning('/'))).toMatchObject(
      denied('below the root'),
    );
  });

  it('refuses a path that a link leads out of the root', async () => {
    await symlink(join(base, 'outside'), join(root, 'link'));
    await mkdir(join(base, 'outside/ada'));
    expect(await findHomeDirectory(byAttribute(), owning(`${root}/link/ada`))).toMatchObject(
      denied('link out of the root'),
    );
  });

  it('makes nothing behind a link that leads out of the root', async () => {
    await symlink(join(base, 'outside'), join(root, 'link'));
    expect(await findHomeDirectory(byAttribute('atLogin'), owning(`${root}/link/new`))).toMatchObject(
      denied('cannot be used'),
    );
    expect(await readdir(join(base, 'outside'))).toEqual([]);
  });
});

describe('mode Template', () => {
  const composed = (template: string) => isolation('Template', { template, createHome: true });
  const owner = { ...ada, domain: 'corp.example', id: '0f0e' };

  it.each([
    ['{accountName}', ['ada']],
    ['{domain}/{accountName}', ['corp.example', 'ada']],
    ['homes/{directory}/{accountName}-{id}', ['homes', 'example.org', 'ada-0f0e']],
  ])('%s', async (template, segments) => {
    expect(await findHomeDirectory(composed(template), owner)).toEqual(found(...segments));
  });

  it.each([
    ['a fact that is missing', '{domain}/{accountName}', ada, 'no domain'],
    ['a fact that is empty', '{domain}/{accountName}', { ...owner, domain: '' }, 'no domain'],
    ['a fact that does not exist', '{constructor}', owner, 'no constructor'],
    ['a name with a slash', '{accountName}', { ...owner, accountName: 'a/b' }, 'no directory may have'],
    ['a name of two dots', '{accountName}', { ...owner, accountName: '..' }, 'no directory may have'],
    ['a name that begins with a dot', '{accountName}', { ...owner, accountName: '.ssh' }, 'no directory may have'],
    [
      'a name that is itself a template',
      '{accountName}',
      { ...owner, accountName: '../{id}' },
      'no directory may have',
    ],
    ['an empty segment', '/{accountName}', owner, 'no directory may have'],
  ])('refuses %s', async (_rule, template, subject, detail) => {
    expect(await findHomeDirectory(composed(template), subject)).toMatchObject(denied(detail));
    expect(await readdir(root)).toEqual(['ada']);
  });
});

describe('attributes that are paths of another system', () => {
  const replaced = () => ({
    ...byAttribute(),
    replacePrefixes: [
      { from: '\\\\fs1\\ftp', to: root },
      { from: 'D:\\ftp', to: `${root}/d` },
    ],
  });

  it('begin with what the site says stands for it', async () => {
    await mkdir(join(root, 'd/ada'), { recursive: true });
    const at = async (homeDirectory: string) => findHomeDirectory(replaced(), { ...ada, homeDirectory });
    expect(await at('\\\\FS1\\ftp\\ada')).toEqual(found('ada'));
    expect(await at('d:\\ftp\\ada')).toEqual(found('d', 'ada'));
  });

  it('begin with it as a whole name, and may be no more than it', async () => {
    await mkdir(join(root, 'd2/ada'), { recursive: true });
    await mkdir(join(root, 'd'));
    const at = async (homeDirectory: string) => findHomeDirectory(replaced(), { ...ada, homeDirectory });
    expect(await at('D:\\ftp2\\ada')).toMatchObject({ outcome: 'denied' });
    expect(await at('D:\\ftp')).toEqual(found('d'));
  });

  it.each([
    ['D:\\ftp\\', '/', 'D:\\ftp\\ada'],
    ['D:\\ftp\\', '', 'd:\\FTP\\ada'],
    ['D:/ftp', '', 'D:\\ftp\\ada'],
    ['D:/ftp/', '', 'D:/ftp/ada'],
    ['\\\\fs1\\ftp\\', '/', '//fs1/ftp/ada'],
    ['/export/', '', '/export/ada'],
  ])(
    'begin with %s, replaced by the root and “%s”, whichever slashes are written: %s',
    async (from, end, attribute) => {
      const replacing = { ...byAttribute(), replacePrefixes: [{ from, to: `${root}${end}` }] };
      expect(await findHomeDirectory(replacing, { ...ada, homeDirectory: attribute })).toEqual(found('ada'));
    },
  );

  it('are replaced by the first prefix that fits, and by no later one', async () => {
    await mkdir(join(root, 'd/ada'), { recursive: true });
    const replacePrefixes = [
      { from: 'D:\\ftp\\', to: `${root}/d` },
      { from: 'D:\\ftp', to: root },
    ];
    const outcome = await findHomeDirectory(
      { ...byAttribute(), replacePrefixes },
      { ...ada, homeDirectory: 'D:\\ftp\\ada' },
    );
    expect(outcome).toEqual(found('d', 'ada'));
  });

  it('are not asked for where the account has none', async () => {
    expect(await findHomeDirectory(replaced(), ada)).toMatchObject(denied('no homeDirectory attribute'));
  });

  it.each(['\\\\fs1\\ftp2\\ada', '\\\\fs2\\ftp\\ada', '\\\\fs1\\ftp\\..\\..\\outside', '\\\\fs1\\ftp'])(
    'refuses %s',
    async (homeDirectory) => {
      const outcome = await findHomeDirectory(replaced(), { ...ada, homeDirectory });
      expect(outcome).toMatchObject({ outcome: 'denied', denial: { code: 'home-unavailable' } });
    },
  );
});

describe('a home that is only foreseen', () => {
  const foreseen = (...segments: string[]) => ({ ...found(...segments), wouldBeMade: true });
  const entries = async () => (await readdir(base, { recursive: true })).sort();

  it.each<[string, () => UserIsolation, HomeOwner, () => object]>([
    ['is there already', () => isolate('atLogin'), ada, () => found('ada')],
    ['is missing', () => isolate('atLogin'), { ...ada, accountName: 'bob' }, () => foreseen('bob')],
    [
      'is missing with the directory above it',
      () => isolate('atLogin', 'directoryAndAccount'),
      { ...ada, accountName: 'bob' },
      () => foreseen('example.org', 'bob'),
    ],
    [
      'is missing in a directory that is there',
      () => isolate('atLogin', 'directoryAndAccount'),
      { ...ada, accountName: 'bob', directory: 'ada' },
      () => foreseen('ada', 'bob'),
    ],
    [
      'is below a file',
      () => isolate('atLogin', 'directoryAndAccount'),
      { ...ada, directory: 'file' },
      () => denied('ENOTDIR'),
    ],
    ['is missing and not to be made', () => isolate('never'), { ...ada, accountName: 'bob' }, () => denied('ENOENT')],
    ['has no root', () => ({ ...isolate('atLogin'), root: join(base, 'none') }), ada, () => denied('ENOENT')],
    ['is a link to nothing', () => isolate('atLogin'), { ...ada, accountName: 'dangling' }, () => denied('ENOENT')],
    [
      'is behind a link out of the root',
      () => isolate('atLogin'),
      { ...ada, accountName: 'away' },
      () => denied('link'),
    ],
    [
      'is missing behind a link out of the root',
      () => isolate('atLogin', 'directoryAndAccount'),
      { ...ada, directory: 'away' },
      () => denied('ENOENT'),
    ],
  ])('%s: the same answer as at login, and nothing is made', async (_case, homes, owner, answer) => {
    await symlink(join(base, 'nowhere'), join(root, 'dangling'));
    await symlink(join(base, 'outside'), join(root, 'away'));
    await writeFile(join(root, 'file'), '');
    const before = await entries();
    const outcome = await foreseeHomeDirectory(homes(), owner);
    expect(outcome).toMatchObject(answer());
    expect(await entries()).toEqual(before);
    const { outcome: atLogin } = await findHomeDirectory(homes(), owner);
    expect(atLogin).toBe(outcome.outcome);
  });
});
