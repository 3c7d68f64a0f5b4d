import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { type Storage, StorageError, type StorageErrorKind } from '../../../src/storage/storage.ts';
import { fullRights, rightsTo } from '../../support/access-rights.ts';
import { createTemporaryHome, listNames, octetsFrom, readText, store, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;
const host = (path: string) => join(place.home, path);

beforeEach(async () => {
  place = await createTemporaryHome();
  await mkdir(host('docs'));
  await writeFile(host('a.txt'), 'alpha');
  await writeFile(host('docs/b.txt'), 'beta');
  storage = await openLocalStorage({ rights: () => fullRights, homeDirectory: place.home });
});
afterEach(() => place.remove());

describe('stat', () => {
  it('tells the facts of a file', async () => {
    await chmod(host('a.txt'), 0o604);
    await utimes(host('a.txt'), 0, 1_700_000_000);
    expect(await storage.stat('/a.txt')).toMatchObject({
      name: 'a.txt',
      type: 'file',
      size: 5,
      mode: 0o604,
      linkCount: 1,
      modifiedAt: new Date(1_700_000_000_000),
    });
  });

  it('gives the root no name and a directory no size', async () => {
    expect(await storage.stat('/')).toMatchObject({ name: '', type: 'directory', size: 0 });
    expect(await storage.stat('/docs')).toMatchObject({ name: 'docs', type: 'directory', size: 0 });
  });

  it('gives two names of one file the same unique fact, and two files different ones', async () => {
    await link(host('a.txt'), host('same.txt'));
    const unique = async (path: string) => (await storage.stat(path)).unique;
    expect(await unique('/same.txt')).toBe(await unique('/a.txt'));
    expect(await unique('/docs/b.txt')).not.toBe(await unique('/a.txt'));
  });
});

describe('setModifiedTime', () => {
  const time = new Date('2001-02-03T04:05:06.700Z');

  it.each(['a.txt', 'docs'])('sets that of %s, and leaves the time of its last access', async (name) => {
    await utimes(host(name), 1_600_000_000.25, 1_700_000_000);
    await storage.setModifiedTime(`/${name}`, time);
    const { mtimeMs, atimeMs } = await stat(host(name));
    expect([mtimeMs, Math.round(atimeMs)]).toEqual([time.getTime(), 1_600_000_000_250]);
  });

  it('follows a link within the home, and none that leads out', async () => {
    await symlink('a.txt', host('inside'));
    await symlink(place.outside, host('outside'));
    await storage.setModifiedTime('/inside', time);
    expect((await stat(host('a.txt'))).mtime).toEqual(time);
    await expect(storage.setModifiedTime('/outside', time)).rejects.toMatchObject({ kind: 'outside' });
  });

  it('touches no device and no FIFO', async () => {
    execFileSync('mkfifo', [host('fifo')]);
    await expect(storage.setModifiedTime('/fifo', time)).rejects.toMatchObject({ kind: 'not-a-file' });
  });

  it('needs the right to write', async () => {
    const reader = await openLocalStorage({ rights: () => rightsTo('Read'), homeDirectory: place.home });
    await expect(reader.setModifiedTime('/a.txt', time)).rejects.toMatchObject({ kind: 'denied' });
  });
});

describe('list', () => {
  it('lists files and directories with their facts', async () => {
    expect(await listNames(storage, '/')).toEqual(['a.txt', 'docs']);
  });

  it('lists every name, one octet that is no UTF-8 for one lone surrogate', async () => {
    await writeFile(host('line\nfeed'), '');
    await writeFile(Buffer.concat([Buffer.from(`${place.home}/`), Buffer.from([0x61, 0xff])]), '');
    await writeFile(host('Ünï\u2009côdé'), '');
    const names = ['a.txt', 'a\udcff', 'docs', 'line\nfeed', 'Ünï\u2009côdé'];
    expect((await listNames(storage, '/')).sort()).toEqual(names.sort());
  });

  it('streams 2,000 entries, and can be left after the first', async () => {
    const count = 2_000;
    await mkdir(host('many'));
    for (let index = 0; index < count; index += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, more) => writeFile(host(`many/${index + more}`), '')));
    }
    const descriptors = async () => (await readdir('/proc/self/fd')).length;
    const before = await descriptors();
    let first: string | undefined;
    for await (const [entry] of storage.list('/many')) {
      first = entry?.name;
      break;
    }
    expect(first).toBeDefined();
    expect(await descriptors()).toBe(before);
    expect(await listNames(storage, '/many')).toHaveLength(count);
    expect(await descriptors()).toBe(before);
  });
});

describe('a listing in steps', () => {
  const count = 600;
  beforeEach(async () => {
    await mkdir(host('many'));
    await Promise.all(Array.from({ length: count }, (_, index) => writeFile(host(`many/${index}`), '')));
  });
  const sizes = async (steps: AsyncIterable<readonly unknown[]>) => {
    const found: number[] = [];
    for await (const step of steps) found.push(step.length);
    return found;
  };

  it.each(['list', 'names'] as const)('%s hands on some entries at a time', async (kind) => {
    const steps = await sizes(storage[kind]('/many'));
    expect(Math.max(...steps)).toBeLessThanOrEqual(64);
    expect(steps.reduce((sum, step) => sum + step)).toBe(count);
  });

  it.each(['list', 'names'] as const)('%s comes back now and then while nothing is wanted', async (kind) => {
    const asked: string[] = [];
    const isWanted = (name: string) => {
      asked.push(name);
      return false;
    };
    const steps = await sizes(storage[kind]('/many', isWanted));
    expect(asked).toHaveLength(count);
    expect(steps.length).toBeGreaterThan(2);
    expect(new Set(steps)).toEqual(new Set([0]));
  });

  it.each(['list', 'names'] as const)('%s shows what is wanted, and ends when the question throws', async (kind) => {
    const found: string[] = [];
    const isWanted = (name: string) => name.endsWith('99');
    for await (const step of storage[kind]('/many', isWanted)) found.push(...step.map(({ name }) => name));
    expect(found.toSorted()).toEqual(['199', '299', '399', '499', '599', '99']);
    const stop = () => {
      throw new StorageError('too-many', 'enough');
    };
    await expect(sizes(storage[kind]('/many', stop))).rejects.toMatchObject({ kind: 'too-many' });
  });

  it.each(['list', 'names'] as const)('%s needs the right to read', async (kind) => {
    const writer = await openLocalStorage({ rights: () => rightsTo('Write'), homeDirectory: place.home });
    await expect(sizes(writer[kind]('/many'))).rejects.toMatchObject({ kind: 'denied' });
  });
});

describe('openRead', () => {
  it.each([
    [0, 'alpha'],
    [3, 'ha'],
    [5, ''],
    [99, ''],
  ])('reads from offset %d', async (offset, text) => {
    expect(await readText(storage, '/a.txt', offset)).toBe(text);
  });

  it('reads what was there when the file was opened, not what was added since', async () => {
    const file = await storage.openRead('/a.txt');
    await writeFile(host('a.txt'), '-more', { flag: 'a' });
    expect((await octetsFrom(file, 0)).toString()).toBe('alpha');
    await file.close();
  });

  it('fails rather than ends when the file is cut short meanwhile', async () => {
    const file = await storage.openRead('/a.txt');
    await writeFile(host('a.txt'), 'al');
    await expect(octetsFrom(file, 0)).rejects.toMatchObject({ kind: 'fault' });
    await file.close();
  });

  it('reads a file of many chunks whole', async () => {
    const bytes = Buffer.alloc(1_500_001, 'cardgate ');
    await writeFile(host('big'), bytes);
    const file = await storage.openRead('/big');
    expect((await octetsFrom(file, 1)).equals(bytes.subarray(1))).toBe(true);
    await file.close();
  });
});

describe('directories and names', () => {
  it('makes and removes a directory', async () => {
    await storage.makeDirectory('/docs/new');
    expect((await stat(host('docs/new'))).mode & 0o777).toBe(0o750);
    await storage.removeDirectory('/docs/new');
    expect(await listNames(storage, '/docs')).toEqual(['b.txt']);
  });

  it('removes a file', async () => {
    await storage.removeFile('/a.txt');
    expect(await listNames(storage, '/')).toEqual(['docs']);
  });

  it('makes files and directories with the configured permission bits', async () => {
    const strict = await openLocalStorage({
      rights: () => fullRights,
      homeDirectory: place.home,
      fileMode: { bits: 0o600, isExact: false },
      directoryMode: { bits: 0o700, isExact: false },
    });
    await strict.makeDirectory('/private');
    await store(strict, '/private/key', 'k');
    expect((await stat(host('private'))).mode & 0o777).toBe(0o700);
    expect((await stat(host('private/key'))).mode & 0o777).toBe(0o600);
  });
});

describe('rename', () => {
  it.each([true, false])('moves a file, replace %s', async (replace) => {
    await storage.rename('/a.txt', '/docs/c.txt', replace);
    expect(await listNames(storage, '/')).toEqual(['docs']);
    expect(await readText(storage, '/docs/c.txt')).toBe('alpha');
    expect((await lstat(host('docs/c.txt'))).nlink).toBe(1);
  });

  it.each([true, false])('moves a directory with its contents, replace %s', async (replace) => {
    await storage.rename('/docs', '/moved', replace);
    expect(await readText(storage, '/moved/b.txt')).toBe('beta');
    expect(await listNames(storage, '/')).toEqual(['a.txt', 'moved']);
  });

  it('replaces a file when told to', async () => {
    await storage.rename('/a.txt', '/docs/b.txt', true);
    expect(await readText(storage, '/docs/b.txt')).toBe('alpha');
  });

  it.each([
    ['a file over a file', '/a.txt', '/docs/b.txt'],
    ['a directory over a file', '/docs', '/a.txt'],
    ['a directory over an empty directory', '/docs', '/empty'],
    ['a file over itself', '/a.txt', '/a.txt'],
  ])('does not replace %s when told not to', async (_rule, from, to) => {
    await mkdir(host('empty'));
    await expect(storage.rename(from, to, false)).rejects.toMatchObject({ kind: 'exists' });
    expect(await readText(storage, '/a.txt')).toBe('alpha');
    expect(await readText(storage, '/docs/b.txt')).toBe('beta');
  });

  it('lets only one of many renames to one name win, and loses no file', async () => {
    const sources = Array.from({ length: 20 }, (_, index) => `/source-${index}`);
    await Promise.all(sources.map((path) => writeFile(host(path), path)));
    const outcomes = await Promise.allSettled(sources.map((path) => storage.rename(path, '/target', false)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const left = (await listNames(storage, '/')).filter((name) => name.startsWith('source-'));
    expect(left).toHaveLength(19);
    expect(left).not.toContain((await readText(storage, '/target')).slice(1));
  });

  it('leaves no reservation behind when a directory cannot move into itself', async () => {
    await expect(storage.rename('/docs', '/docs/inside', false)).rejects.toMatchObject({ kind: 'name-invalid' });
    expect(await listNames(storage, '/docs')).toEqual(['b.txt']);
  });
});

describe('what cannot be done is told by kind', () => {
  const long = 'n'.repeat(256);
  it.each<[string, (port: Storage) => Promise<unknown>, StorageErrorKind]>([
    ['stat of nothing', (port) => port.stat('/none'), 'not-found'],
    ['reading nothing', (port) => port.openRead('/none'), 'not-found'],
    ['reading a directory', (port) => port.openRead('/docs'), 'not-a-file'],
    ['writing a directory', (port) => port.openWrite('/docs', { kind: 'replace' }), 'not-a-file'],
    ['writing the root', (port) => port.openWrite('/', { kind: 'append' }), 'not-a-file'],
    ['writing into no directory', (port) => port.openWrite('/none/a', { kind: 'replace' }), 'not-found'],
    ['writing below a file', (port) => port.openWrite('/a.txt/b', { kind: 'append' }), 'not-a-directory'],
    ['listing a file', (port) => listNames(port, '/a.txt'), 'not-a-directory'],
    ['listing nothing', (port) => listNames(port, '/none'), 'not-found'],
    ['making what exists', (port) => port.makeDirectory('/docs'), 'exists'],
    ['making below nothing', (port) => port.makeDirectory('/none/a'), 'not-found'],
    ['removing a directory that is not empty', (port) => port.removeDirectory('/docs'), 'not-empty'],
    ['removing a file as a directory', (port) => port.removeDirectory('/a.txt'), 'not-a-directory'],
    ['removing a directory as a file', (port) => port.removeFile('/docs'), 'not-a-file'],
    ['removing the root', (port) => port.removeDirectory('/'), 'forbidden'],
    ['renaming nothing', (port) => port.rename('/none', '/x', false), 'not-found'],
    ['renaming the root', (port) => port.rename('/', '/x', true), 'forbidden'],
    ['a name of 256 bytes', (port) => port.makeDirectory(`/${long}`), 'name-invalid'],
    ['a path that is not absolute', (port) => port.stat('a.txt'), 'name-invalid'],
    ['a path with ..', (port) => port.removeFile('/docs/../a.txt'), 'name-invalid'],
    ['a name that is ..', (port) => port.removeDirectory('/docs/..'), 'name-invalid'],
    ['a path with NUL', (port) => port.stat('/a\0b'), 'name-invalid'],
  ])('%s', async (_rule, operation, kind) => {
    await expect(operation(storage)).rejects.toMatchObject({ name: 'StorageError', kind });
  });

  it('a home that is missing, and one that is a file', async () => {
    await expect(openLocalStorage({ rights: () => fullRights, homeDirectory: host('none') })).rejects.toMatchObject({
      kind: 'not-found',
    });
    await expect(openLocalStorage({ rights: () => fullRights, homeDirectory: host('a.txt') })).rejects.toMatchObject({
      kind: 'not-a-directory',
    });
  });

  it('a home that is itself a link is the directory it leads to', async () => {
    await symlink(place.home, join(place.outside, 'link'));
    const linked = await openLocalStorage({ rights: () => fullRights, homeDirectory: join(place.outside, 'link') });
    expect(await readText(linked, '/a.txt')).toBe('alpha');
    await store(linked, '/new', 'x');
    expect(await readFile(host('new'), 'utf8')).toBe('x');
  });
});
