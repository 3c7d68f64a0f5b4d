/** How long a way through links may be, and that a directory moved on the way leads nowhere else. */
import { lstat, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HomeLocation } from '../../../src/storage/home-location.ts';
import { walkPath } from '../../../src/storage/path-walk.ts';
import { identityOf } from '../../../src/storage/pinned-object.ts';
import { StorageError } from '../../../src/storage/storage.ts';
import { createUploadName } from '../../../src/storage/upload-name.ts';
import { createTemporaryHome, type TemporaryHome } from './temporary-home.ts';

/** Happens once, just before a link is read. */
const meanwhile = vi.hoisted(() => ({ run: undefined as (() => Promise<void>) | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  const readlink = async (...words: Parameters<typeof actual.readlink>) => {
    await meanwhile.run?.();
    meanwhile.run = undefined;
    return actual.readlink(...words);
  };
  return { ...actual, readlink };
});

let place: TemporaryHome;
const host = (path: string) => join(place.home, path);

beforeEach(async () => {
  place = await createTemporaryHome();
});
afterEach(() => place.remove());

/** @returns the virtual path of what was found, or why nothing was */
async function end(...segments: readonly string[]) {
  const walk = await walkPath(await HomeLocation.of(place.home), segments, true);
  await walk.close();
  if (walk.end.kind === 'found') return { path: walk.location.path };
  if (walk.end.kind !== 'failed') return walk.end.kind;
  const { error } = walk.end;
  return `${error instanceof StorageError ? error.kind : 'system error'}, ${error}`;
}

describe('the names that one path leads through', () => {
  const round = (times: number) => 'a/../'.repeat(times);

  beforeEach(async () => {
    await mkdir(host('a/b'), { recursive: true });
    for (const file of ['a/f', 'a/b/f']) await writeFile(host(file), file);
    await symlink(`${round(600)}second`, host('first'));
    await symlink(`${round(600)}third`, host('longer'));
    await symlink(`${round(422)}a/f`, host('second'));
    await symlink(`${round(422)}a/b/f`, host('third'));
  });

  it('may be 2,048', async () => {
    expect(await end('first')).toMatchObject({ path: '/a/f' });
  });

  it('may not be 2,049', async () => {
    expect(await end('longer')).toMatch(/^not-found, .*beyond 2048 names/u);
  });

  it('may be 40 links, and not 41', async () => {
    for (let link = 1; link <= 41; link += 1) await symlink(link === 1 ? 'a/f' : `${link - 1}`, host(`${link}`));
    expect(await end('40')).toMatchObject({ path: '/a/f' });
    expect(await end('41')).toContain('a knot of links');
  });
});

describe('a directory that is moved while a path leads through it', () => {
  it('never leads to what lies above its new place', async () => {
    for (const directory of ['pub/d', 'secret']) await mkdir(host(directory), { recursive: true });
    for (const file of ['pub/f', 'secret/f']) await writeFile(host(file), file);
    await symlink('../f', host('pub/d/up'));
    expect(await end('pub', 'd', 'up')).toMatchObject({ path: '/pub/f' });
    meanwhile.run = () => rename(host('pub/d'), host('secret/d'));
    expect(await end('pub', 'd', 'up')).toContain('moved meanwhile');
  });
});

describe('where a path leads', () => {
  const identity = async (path: string) => identityOf(await lstat(host(path), { bigint: true }));
  /** Of the home and of every directory or link down to the object. */
  const identitiesTo = async (path: string) => {
    const names = path.split('/').filter((name) => name !== '');
    return Promise.all([identity('.'), ...names.map((_, index) => identity(names.slice(0, index + 1).join('/')))]);
  };
  const walk = async (path: string, followLast = true) => {
    const names = path.split('/').filter((name) => name !== '');
    const walked = await walkPath(await HomeLocation.of(place.home), names, followLast);
    await walked.close();
    return walked;
  };

  beforeEach(async () => {
    await mkdir(host('a/b/c'), { recursive: true });
    for (const file of ['f', 'a/f', 'a/b/f', 'a/b/c/f']) await writeFile(host(file), file);
    const links = {
      absolute: host('a'),
      again: place.home,
      above: '../home/a',
      'far-above': `../../${basename(dirname(place.home))}/home/a`,
      out: '../outside',
      'a/b/back': '..',
      'a/b/c/round': '../../b/./c//f',
      gap: 'none/../f',
      'a/far': '../../none/x',
      nowhere: 'none',
      hidden: createUploadName(),
    };
    for (const [name, target] of Object.entries(links)) await symlink(target, host(name));
  });

  it.each([
    ['/', '/', []],
    ['/a/b/f', '/a/b/f', []],
    ['/absolute', '/a', ['/absolute']],
    ['/absolute/b/f', '/a/b/f', ['/absolute']],
    ['/again', '/', ['/again']],
    ['/again/a/b', '/a/b', ['/again']],
    ['/above/b/f', '/a/b/f', ['/above']],
    ['/far-above/f', '/a/f', ['/far-above']],
    ['/a/b/back/f', '/a/f', ['/a/b/back']],
    ['/a/b/back', '/a', ['/a/b/back']],
    ['/a/b/c/round', '/a/b/c/f', ['/a/b/c/round']],
    ['/absolute/b/c/round', '/a/b/c/f', ['/absolute', '/a/b/c/round']],
  ])('%s is %s', async (path, place, links) => {
    const { end, location, ...walked } = await walk(path);
    expect(end.kind).toBe('found');
    expect(location).toEqual({ path: place, identities: await identitiesTo(place) });
    expect(walked.links).toEqual(
      await Promise.all(links.map(async (link) => ({ path: link, identities: await identitiesTo(link) }))),
    );
    for (const passed of [...location.identities, ...walked.links.flatMap(({ identities }) => identities)])
      expect(walked.met).toContain(passed);
    const isHome = path.endsWith('/') || ['/again', '/a/b/back'].includes(path);
    expect(walked.directory?.identity).toBe(isHome ? undefined : location.identities.at(-2));
  });

  it('a link that is not followed is itself the object', async () => {
    const { location, links } = await walk('/a/b/back', false);
    expect(location).toEqual({ path: '/a/b/back', identities: await identitiesTo('/a/b/back') });
    expect(links).toEqual([]);
  });

  it.each([
    ['/none', '/none', '', ['none']],
    ['/a/none/x', '/a/none/x', 'a', ['none', 'x']],
    ['/nowhere', '/none', '', ['none']],
    ['/nowhere/x', '/none/x', '', ['none', 'x']],
    ['/gap', '/none', '', ['none', '..', 'f']],
  ])('%s is missing at %s', async (path, place, directory, names) => {
    const { end, location } = await walk(path);
    expect(end).toMatchObject({ kind: 'missing', names, directory: { identity: await identity(directory) } });
    expect(location).toEqual({ path: place, identities: await identitiesTo(directory) });
  });

  it.each([
    ['/f/x', { code: 'ENOTDIR' }],
    ['/a/b/f/x/y', { code: 'ENOTDIR' }],
    [`/${'n'.repeat(256)}`, { code: 'ENAMETOOLONG' }],
    ['/out', { kind: 'outside' }],
    ['/out/secret.txt', { kind: 'outside' }],
    ['/a/far', { kind: 'outside' }],
    [`/a/${createUploadName()}`, { kind: 'name-invalid' }],
    ['/hidden', { kind: 'name-invalid' }],
  ])('%s leads to no object of the home', async (path, error) => {
    expect((await walk(path)).end).toMatchObject({ kind: 'failed', error });
  });

  it('a knot of links is not found', async () => {
    await symlink('knot', host('knot'));
    expect((await walk('/knot')).end).toMatchObject({ error: { kind: 'not-found' } });
  });

  it('a directory that is moved meanwhile is not found', async () => {
    await mkdir(host('elsewhere'));
    meanwhile.run = () => rename(host('a/b'), host('elsewhere/b'));
    expect((await walk('/a/b/back/f')).end).toMatchObject({ error: { kind: 'not-found' } });
  });
});
