/** The ways to what rules are for: what they need, and where they end too early, are the same whether links are on them or not. */
import { lstat, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HomeLocation } from '../../../src/storage/home-location.ts';
import { identityOf } from '../../../src/storage/pinned-object.ts';
import { ruleWays } from '../../../src/storage/rules/rule-places.ts';

const calls = vi.hoisted(() => ({ open: [] as string[], lstat: [] as string[] }));
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  const open: typeof actual.open = (path, ...more) => {
    calls.open.push(String(path));
    return actual.open(path, ...more);
  };
  const noted = (path: string, options: never) => {
    calls.lstat.push(path);
    return actual.lstat(path, options);
  };
  return { ...actual, open, lstat: noted };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cardgate-ways-'));
  await mkdir(join(folder, 'plain/deep'), { recursive: true });
  await writeFile(join(folder, 'plain/file'), '');
  await symlink('plain', join(folder, 'linked'));
  await symlink('file', join(folder, 'plain/last'));
  await symlink('nowhere/at/all', join(folder, 'dangling'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const identity = async (path: string) => identityOf(await lstat(join(folder, path), { bigint: true }));

describe('the way of a rule', () => {
  it.each([
    ['/plain/deep', ['', 'plain', 'plain/deep'], undefined],
    ['/plain/file', ['', 'plain', 'plain/file'], undefined],
    ['/plain/none', ['', 'plain'], ['plain', ['none']]],
    ['/plain/none/below', ['', 'plain'], ['plain', ['none', 'below']]],
    ['/none', [''], ['', ['none']]],
    ['/plain/file/below', ['', 'plain', 'plain/file'], undefined],
    ['/linked/deep', ['', 'linked', 'plain', 'plain/deep'], undefined],
    ['/linked/none', ['', 'linked', 'plain'], ['plain', ['none']]],
    ['/plain/last', ['', 'plain', 'plain/last', 'plain/file'], undefined],
    ['/dangling', ['', 'dangling'], ['', ['nowhere', 'at', 'all']]],
  ] as const)('of %s needs %j and lacks %j', async (rulePath, met, missing) => {
    // Among others: what is known of one way is used for the next.
    const place = await HomeLocation.of(folder);
    const ways = await ruleWays(['/plain', '/linked', rulePath, '/plain/deep'].map((path) => ({ path, place })));
    expect(ways.map((way) => way.rulePath)).toEqual(['/plain', '/linked', rulePath, '/plain/deep']);
    expect(new Set(ways[2]!.met)).toEqual(new Set(await Promise.all(met.map(identity))));
    const expected = missing && { directory: await identity(missing[0]), names: missing[1] };
    expect(ways[2]!.missing).toEqual(expected);
  });
});

describe('the ways of many rules', () => {
  it('look once at each name, and hold no descriptor, where no link is on them', async () => {
    const home = await HomeLocation.of(folder);
    calls.open.length = 0;
    calls.lstat.length = 0;
    const paths = ['/plain/deep', '/plain/deep/none', '/plain/none/below', '/plain/file', '/none'];
    await ruleWays(paths.map((path) => ({ path, place: home })));
    expect(calls.open).toEqual([]);
    const names = ['', '/plain', '/plain/deep', '/plain/deep/none', '/plain/none', '/plain/file', '/none'];
    expect(calls.lstat).toEqual(names.map((name) => `${home.path}${name}`));
  });
});
