/** Homes as IIS lays them out, and the virtual directories that each mode of isolation lays over them. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHomeDirectory, foreseeHomeDirectory } from '../../../src/authorization/home-directory.ts';
import { type HomeOwner, type UserIsolation, userIsolation } from '../../../src/authorization/user-isolation.ts';

let base: string;
let root: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'cardgate-iis-home-')));
  root = join(base, 'inetpub');
  await mkdir(root);
});
afterEach(() => rm(base, { recursive: true, force: true }));

const domainAccount: HomeOwner = {
  accountName: 'ada',
  directory: 'corp',
  domain: 'corp.example',
  netbiosDomain: 'CORP',
};
const localAccount: HomeOwner = { accountName: 'ada', directory: 'accounts' };

const isolation = (mode: UserIsolation['mode'], changes: Partial<UserIsolation> = {}): UserIsolation => ({
  ...userIsolation.parse({}),
  mode,
  root,
  layout: 'iis',
  ...changes,
});
const make = (...paths: readonly string[]) =>
  Promise.all(paths.map((path) => mkdir(join(root, path), { recursive: true })));

describe('the layout of IIS', () => {
  it.each([
    ['a domain account has DOMAIN/name', domainAccount, ['CORP/ada'], 'CORP/ada'],
    ['or the DNS name of the domain, if only that is there', domainAccount, ['corp.example/ada'], 'corp.example/ada'],
    ['the NetBIOS name where both are there', domainAccount, ['corp.example/ada', 'CORP/ada'], 'CORP/ada'],
    [
      'the first label stands for a NetBIOS name that is not known',
      { ...domainAccount, netbiosDomain: undefined },
      ['CORP/ada'],
      'CORP/ada',
    ],
    ['an account of another directory has LocalUser/name', localAccount, ['LocalUser/ada'], 'LocalUser/ada'],
    ['letter case is that of the disk', { ...domainAccount, accountName: 'Ada' }, ['corp/ADA'], 'corp/ADA'],
    ['the exact name comes before others', domainAccount, ['CORP/ADA', 'CORP/ada'], 'CORP/ada'],
  ] as const)('%s', async (_rule, owner, paths, home) => {
    await make(...paths);
    for (const mode of ['IsolateAllDirectories', 'IsolateRootDirectoryOnly'] as const) {
      expect(await findHomeDirectory(isolation(mode), owner)).toEqual({
        outcome: 'found',
        homeDirectory: join(root, home),
      });
    }
  });

  it('gives no home where names differ in letter case only, and none is exact', async () => {
    await make('CORP/ADA', 'CORP/aDa');
    expect(await findHomeDirectory(isolation('IsolateAllDirectories'), domainAccount)).toMatchObject({
      outcome: 'denied',
      denial: { code: 'home-unavailable', detail: expect.stringContaining('letter case') },
    });
  });

  it('gives no home to an account without a directory, and none in that of its namesake', async () => {
    await make('LocalUser/ada', 'OTHER/ada');
    expect(await findHomeDirectory(isolation('IsolateRootDirectoryOnly'), domainAccount)).toMatchObject({
      outcome: 'denied',
      denial: { code: 'home-unavailable' },
    });
  });

  it.each([
    ['../CORP', 'ada'],
    ['CORP', '../OTHER/ada'],
    ['', 'ada'],
    ['CORP', '.'],
    ['CORP/x', 'ada'],
  ])('takes no names that lead elsewhere: %j %j', async (netbiosDomain, accountName) => {
    await make('CORP/x/ada', 'OTHER/ada');
    const owner = { ...domainAccount, netbiosDomain, accountName };
    expect(await findHomeDirectory(isolation('IsolateAllDirectories'), owner)).toMatchObject({ outcome: 'denied' });
  });

  it('makes the usual one where the site says so, and an explanation does not', async () => {
    const made = isolation('IsolateAllDirectories', { createHome: true });
    expect(await foreseeHomeDirectory(made, domainAccount)).toMatchObject({ outcome: 'found', wouldBeMade: true });
    expect(await findHomeDirectory(isolation('IsolateAllDirectories'), domainAccount)).toMatchObject({
      outcome: 'denied',
    });
    expect(await findHomeDirectory(made, domainAccount)).toEqual({
      outcome: 'found',
      homeDirectory: join(root, 'CORP/ada'),
    });
  });

  it('does not follow a link out of the root', async () => {
    await mkdir(join(base, 'outside/ada'), { recursive: true });
    await symlink(join(base, 'outside'), join(root, 'CORP'));
    expect(await findHomeDirectory(isolation('IsolateAllDirectories'), domainAccount)).toMatchObject({
      outcome: 'denied',
      denial: { detail: expect.stringContaining('link out of the root') },
    });
  });
});

describe('mode StartInUsersDirectory', () => {
  const start = (changes: Partial<UserIsolation> = {}) =>
    isolation('StartInUsersDirectory', { layout: 'account', ...changes });

  it('puts all into the root, and each begins in a directory of its name if there is one', async () => {
    await make('ada');
    expect(await findHomeDirectory(start(), localAccount)).toEqual({
      outcome: 'found',
      homeDirectory: root,
      startDirectory: '/ada',
    });
    expect(await findHomeDirectory(start(), { ...localAccount, accountName: 'bob' })).toEqual({
      outcome: 'found',
      homeDirectory: root,
    });
  });

  it('begins in no file, and behind no link out of the root', async () => {
    await writeFile(join(root, 'ada'), '');
    await symlink(base, join(root, 'bob'));
    for (const accountName of ['ada', 'bob']) {
      expect(await findHomeDirectory(start(), { ...localAccount, accountName })).toEqual({
        outcome: 'found',
        homeDirectory: root,
      });
    }
  });

  it('begins in a virtual directory of that name', async () => {
    const virtualDirectories = [{ path: '/ada', physicalPath: base }];
    expect(await findHomeDirectory(start({ virtualDirectories }), localAccount)).toEqual({
      outcome: 'found',
      homeDirectory: root,
      startDirectory: '/ada',
      virtualDirectories,
    });
  });
});

describe('virtual directories', () => {
  const all = ['/pub', '/CORP/ada/in', '/CORP/adam/in', '/CORP/bob/in', '/LocalUser/ada/in'].map((path) => ({
    path,
    physicalPath: `/srv${path}`,
  }));

  it.each([
    ['None', all],
    ['IsolateRootDirectoryOnly', all],
    ['IsolateAllDirectories', [{ path: '/in', physicalPath: '/srv/CORP/ada/in' }]],
  ] as const)('under mode %s are laid over a home', async (mode, laid) => {
    await make('CORP/ada');
    const home = await findHomeDirectory(isolation(mode, { virtualDirectories: all }), domainAccount);
    expect(home).toMatchObject({ outcome: 'found', virtualDirectories: laid });
  });

  it('below the directory of another account, or beside all of them, do not exist for an isolated one', async () => {
    await make('CORP/eve');
    const eve = { ...domainAccount, accountName: 'eve' };
    const home = await findHomeDirectory(isolation('IsolateAllDirectories', { virtualDirectories: all }), eve);
    expect(home).toEqual({ outcome: 'found', homeDirectory: join(root, 'CORP/eve') });
  });

  it('may be the home itself, whatever the letter case of its path', async () => {
    const virtualDirectories = [
      { path: '/corp/Ada', physicalPath: '/mnt/ada' },
      { path: '/Corp/ADA/in', physicalPath: '/mnt/in' },
    ];
    const isolated = isolation('IsolateAllDirectories', { virtualDirectories });
    expect(await findHomeDirectory(isolated, domainAccount)).toEqual({
      outcome: 'found',
      homeDirectory: '/mnt/ada',
      virtualDirectories: [{ path: '/in', physicalPath: '/mnt/in' }],
    });
  });
});
