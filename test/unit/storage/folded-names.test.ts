/**
 * New names where two spellings may be one name: the disk is asked by a trial, which leaves nothing behind. And directories that the
 * table of mounts shows a second time in the home. Real file systems of both kinds stand in real-file-systems.test.ts.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { isUploadName } from '../../../src/storage/upload-name.ts';
import { authorize } from '../../support/authorize.ts';
import { createTemporaryHome, store, type TemporaryHome } from './temporary-home.ts';

/** What happens before a call to the file system, by the name of its function; what it returns stands for the answer. */
const before = vi.hoisted((): Record<string, ((...words: never[]) => unknown) | undefined> => ({}));
vi.mock('node:fs/promises', async (original) => {
  const watched =
    (name: string, call: (...words: never[]) => unknown) =>
    async (...words: never[]) => {
      const answer = await before[name]?.(...words);
      return answer === undefined ? call(...words) : answer;
    };
  const actual = await original<Record<string, (...words: never[]) => unknown>>();
  return Object.fromEntries(
    Object.entries(actual).map(([name, call]) => [name, typeof call === 'function' ? watched(name, call) : call]),
  );
});

let place: TemporaryHome;
let trials: unknown[][];
const host = (path: string) => join(place.home, path);
const whole: AuthorizationRule = { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' };
const deny = (path: string, users: AuthorizationRule['users'] = '*'): AuthorizationRule => ({
  ...whole,
  accessType: 'Deny',
  users,
  path,
});

function homeUnder(...rules: readonly AuthorizationRule[]): Promise<Storage> {
  const outcome = authorize([whole, ...rules], { accountName: 'ada', groups: [] });
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  return openLocalStorage({ homeDirectory: place.home, rights: () => outcome.accessRights });
}

beforeEach(async () => {
  place = await createTemporaryHome();
  for (const directory of ['open', 'deep']) await mkdir(host(directory));
  await writeFile(host('a'), 'alpha');
  trials = [];
  before['mkdir'] = (...words: unknown[]) => {
    if (isUploadName(basename(`${words[0]}`))) trials.push(words);
  };
});
afterEach(async () => {
  for (const name of Object.keys(before)) before[name] = undefined;
  const left = (await readdir(place.home, { recursive: true })).filter((path) => path.includes('.cardgate-upload-'));
  await place.remove();
  expect(left).toEqual([]);
});

/** From now on a name in a trial is found by other letter case too, as the kernel finds it on a disk that folds. */
function fold(): void {
  before['lstat'] = (path: unknown) => {
    const directory = dirname(`${path}`);
    if (!directory.includes('.cardgate-upload-')) return undefined;
    const found = readdirSync(directory).find((name) => name.toLowerCase() === basename(`${path}`).toLowerCase());
    return found === undefined ? undefined : lstatSync(join(directory, found));
  };
}

type Attempt = [string, (storage: Storage) => Promise<unknown>];
const making: readonly Attempt[] = [
  ['a directory', (storage) => storage.makeDirectory('/open/LATER')],
  ['a file', (storage) => store(storage, '/open/Later', 'x')],
  ['a file by moving it there', (storage) => storage.rename('/a', '/open/LATER', false)],
  ['a directory by moving it there', (storage) => storage.rename('/deep', '/open/LATEr', false)],
];

describe('a new name that another spelling of a rule may be', () => {
  it.each(making)('is denied where the disk takes both for one: %s', async (_what, make) => {
    fold();
    await expect(make(await homeUnder(deny('/open/later')))).rejects.toMatchObject({ kind: 'denied' });
    expect(await readdir(host('open'))).toEqual([]);
  });

  it.each(making)('is free where the disk tells them apart: %s', async (_what, make) => {
    await make(await homeUnder(deny('/open/later')));
    expect(await readdir(host('open'))).toHaveLength(1);
    expect(trials.length).toBeGreaterThan(0);
  });

  it('is tried in a hidden directory that only the service may enter', async () => {
    await (await homeUnder(deny('/open/later'))).makeDirectory('/open/LATER');
    expect(trials).toMatchObject([[expect.any(String), { mode: 0o700 }]]);
  });

  it('fails when the disk does not answer the trial', async () => {
    before['lstat'] = (path) => {
      if (`${path}`.includes('.cardgate-upload-')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const storage = await homeUnder(deny('/open/later'));
    await expect(storage.makeDirectory('/open/LATER')).rejects.toMatchObject({ kind: 'fault' });
    expect(await readdir(host('open'))).toEqual([]);
  });

  it('needs no trial where it is the name of the rule, or no spelling of it', async () => {
    fold();
    const storage = await homeUnder(deny('/open/later'));
    await expect(storage.makeDirectory('/open/later')).rejects.toMatchObject({ kind: 'denied' });
    await storage.makeDirectory('/open/other');
    await storage.makeDirectory('/deep/LATER');
    expect(trials).toEqual([]);
  });

  it('needs no trial for a rule of another account', async () => {
    fold();
    await (await homeUnder(deny('/open/later', ['bob']))).makeDirectory('/open/LATER');
    expect(trials).toEqual([]);
  });

  it.each<Attempt>([
    ['stat', (storage) => storage.stat('/open/LATER')],
    ['entry', (storage) => storage.entry('/open/LATER')],
    ['a name below it', (storage) => storage.stat('/open/LATER/x')],
    ['removing it', (storage) => storage.removeFile('/open/LATER')],
    ['moving it', (storage) => storage.requireMovable('/open/LATER')],
  ])('is denied to who looks for it, without a trial: %s', async (_what, look) => {
    await expect(look(await homeUnder(deny('/open/later')))).rejects.toMatchObject({ kind: 'denied' });
    expect(trials).toEqual([]);
  });
});

describe('a new name above what a rule is for', () => {
  const moves: readonly Attempt[] = [
    ['a directory', (storage) => storage.rename('/deep', '/WAY', false)],
    ['a link', (storage) => storage.rename('/link', '/WAY', false)],
  ];
  beforeEach(() => symlink('deep', host('link')));

  it.each(moves)('is given to no %s by moving where the disk takes both for one', async (_what, move) => {
    fold();
    await expect(move(await homeUnder(deny('/way/to/it')))).rejects.toMatchObject({ kind: 'ruled' });
  });

  it.each(moves)('is free for %s where the disk tells them apart', async (_what, move) => {
    await move(await homeUnder(deny('/way/to/it')));
    expect(await readdir(place.home)).toContain('WAY');
  });

  it('is free for a file, and for a directory that is made', async () => {
    fold();
    const storage = await homeUnder(deny('/way/to/it'), deny('/path/to/it'));
    await storage.rename('/a', '/WAY', false);
    await storage.makeDirectory('/path');
    expect((await readdir(place.home)).toSorted()).toEqual(['WAY', 'deep', 'link', 'open', 'path']);
  });

  it('is not what a rule is for itself: where it may be written, a directory may be moved there', async () => {
    await (await homeUnder({ ...deny('/later'), permissions: ['Read'] })).rename('/deep', '/later', false);
    expect(await readdir(place.home)).toContain('later');
  });

  it('is the beginning of the way, in its own directory', async () => {
    const storage = await homeUnder(deny('/way/to/it'), deny('/deep'));
    await storage.rename('/open', '/to', false);
    await expect(storage.rename('/link', '/way', false)).rejects.toMatchObject({ kind: 'ruled' });
  });
});

describe('a directory that is mounted a second time in the home', () => {
  const table = (...mounts: readonly (readonly [root: string, point: string])[]) => {
    const lines = [['/', '/'], ...mounts].map(
      ([root, point], line) => `${line} 0 8:1 ${root} ${point} rw - ext4 none rw`,
    );
    before['readFile'] = (path: unknown) =>
      path === '/proc/self/mountinfo' ? Buffer.from(`${lines.join('\n')}\n`, 'latin1') : undefined;
  };
  const latin1 = (path: string) => Buffer.from(path, 'latin1');

  beforeEach(async () => {
    for (const directory of ['secret/part', 'again', 'part']) await mkdir(host(directory), { recursive: true });
    await mkdir(latin1(host('s\xff')));
    await symlink('secret', host('link'));
    for (const file of ['again/f', 'part/f']) await writeFile(host(file), '');
  });

  it.each([
    ['the directory of a rule', '/secret', ['secret', 'again'], '/again/f', 'denied'],
    ['a part of it', '/secret', ['secret/part', 'part'], '/part/f', 'denied'],
    ['the directory of a rule whose path is a link', '/link', ['secret', 'again'], '/again/f', 'denied'],
    ['a name in octets that are no UTF-8', '/s\udcff', ['s\xff', 'again'], '/again/f', 'denied'],
    ['a directory beside it', '/secret', ['secretly', 'again'], '/again/f', 'done'],
    ['what a rule for nothing is not for', '/none', ['secret', 'again'], '/again/f', 'done'],
  ])('%s', async (_what, rule, [root = '', point = ''], path, outcome) => {
    const storage = await homeUnder(deny(rule));
    table([host(root), host(point)]);
    const kind = await storage.stat(path).then(
      () => 'done',
      (error) => error.kind,
    );
    expect(kind).toBe(outcome);
  });
});
