/** The home of anonymous clients: where IIS has it, and that of no account. */
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHomeDirectory } from '../../../src/authorization/home-directory.ts';
import { type HomeOwner, type UserIsolation, userIsolation } from '../../../src/authorization/user-isolation.ts';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'cardgate-anonymous-home-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const guest: HomeOwner = { accountName: 'guest', directory: '(anonymous)', id: 'guest', isAnonymous: true };

const isolation = (changes: Partial<UserIsolation>): UserIsolation => ({
  ...userIsolation.parse({}),
  layout: 'account',
  anonymousName: 'guest',
  ...changes,
  root,
});

async function homeOf(settings: Partial<UserIsolation>, owner: HomeOwner): Promise<string> {
  const home = await findHomeDirectory(isolation(settings), owner);
  if (home.outcome === 'denied') return home.denial.code;
  const path = home.homeDirectory.slice(root.length) || '/';
  return home.startDirectory === undefined ? path : `${path} from ${home.startDirectory}`;
}

describe('anonymous clients', () => {
  it.each<[Partial<UserIsolation>, string]>([
    [{ mode: 'None' }, '/'],
    [{ mode: 'StartInUsersDirectory' }, '/ from /default'],
    [{ mode: 'StartInUsersDirectory', layout: 'iis' }, '/ from /default'],
    [{ mode: 'IsolateAllDirectories', layout: 'iis' }, '/LocalUser/Public'],
    [{ mode: 'IsolateRootDirectoryOnly', layout: 'iis' }, '/LocalUser/Public'],
    [{ mode: 'IsolateAllDirectories' }, '/guest'],
    [{ mode: 'IsolateAllDirectories', layout: 'directoryAndAccount' }, '/guest'],
    [{ mode: 'Template', template: 'people/{accountName}' }, '/people/guest'],
    [{ mode: 'Template', template: '{id}' }, 'home-unavailable'],
    [{ mode: 'Template', template: '{directory}/{accountName}' }, 'home-unavailable'],
    [{ mode: 'DirectoryAttribute' }, 'home-unavailable'],
  ])('with %j have the home %s', async (settings, home) => {
    const paths = ['LocalUser/Public', 'default', 'guest', 'people/guest', 'LocalUser/guest', '(anonymous)/guest'];
    for (const path of paths) await mkdir(join(root, path), { recursive: true });
    expect(await homeOf(settings, guest)).toBe(home);
  });

  it('begin in the root where no directory is for them', async () => {
    expect(await homeOf({ mode: 'StartInUsersDirectory' }, guest)).toBe('/');
  });

  it('have a tree that Windows left in the letter case of the disk', async () => {
    await mkdir(join(root, 'localuser/PUBLIC'), { recursive: true });
    expect(await homeOf({ mode: 'IsolateAllDirectories', layout: 'iis' }, guest)).toBe('/localuser/PUBLIC');
  });

  it('have the virtual directory that lies there as their home', async () => {
    const virtualDirectories = [{ path: '/LocalUser/Public', physicalPath: join(root, 'elsewhere') }];
    expect(await homeOf({ mode: 'IsolateAllDirectories', layout: 'iis', virtualDirectories }, guest)).toBe(
      '/elsewhere',
    );
  });
});

describe('an account', () => {
  const account = (accountName: string, directory = 'corp'): HomeOwner => ({ accountName, directory, id: accountName });

  it.each<[string, Partial<UserIsolation>, HomeOwner]>([
    ['its own name', { mode: 'IsolateAllDirectories' }, account('guest')],
    ['its own name in other letter case', { mode: 'IsolateRootDirectoryOnly' }, account('GUEST')],
    ['Public in the layout of IIS', { mode: 'IsolateAllDirectories', layout: 'iis' }, account('Public')],
    ['public in the layout of IIS', { mode: 'IsolateAllDirectories', layout: 'iis' }, account('public')],
    [
      'a directory of that name',
      { mode: 'IsolateAllDirectories', layout: 'directoryAndAccount' },
      account('ada', 'guest'),
    ],
    ['a template', { mode: 'Template', template: '{accountName}' }, account('Guest')],
    ['a template of its id', { mode: 'Template', template: 'x-{accountName}' }, account('guest')],
  ])('never has the home of anonymous clients, by %s', async (_by, settings, owner) => {
    const paths = ['guest', 'GUEST', 'Guest', 'guest/ada', 'LocalUser/Public', 'LocalUser/public', 'x-guest'];
    for (const path of paths) await mkdir(join(root, path), { recursive: true });
    expect(await homeOf(settings, owner)).toBe('home-unavailable');
    const without = await findHomeDirectory({ ...isolation(settings), anonymousName: undefined }, owner);
    expect(without.outcome).toBe('found');
  });

  it('of another name has its own', async () => {
    await mkdir(join(root, 'guests'));
    expect(await homeOf({ mode: 'IsolateAllDirectories' }, account('guests'))).toBe('/guests');
  });
});
