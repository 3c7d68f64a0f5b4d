/** How long a way through links may be, and that a directory moved on the way leads nowhere else. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HomeLocation } from '../../../src/storage/home-location.ts';
import { walkPath } from '../../../src/storage/path-walk.ts';
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
  return walk.end.kind === 'failed' ? String(walk.end.error) : walk.end.kind;
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
    expect(await end('longer')).toContain('beyond 2048 names');
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
