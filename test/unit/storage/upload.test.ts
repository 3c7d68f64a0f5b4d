import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, link, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage, WriteMode } from '../../../src/storage/storage.ts';
import { sweepUploads } from '../../../src/storage/sweep.ts';
import { createUploadName, isUploadName } from '../../../src/storage/upload-name.ts';
import { fullRights } from '../../support/access-rights.ts';
import { createTemporaryHome, listNames, octetsFrom, readText, store, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;
const host = (path: string) => join(place.home, path);
const hiddenNames = async () => (await readdir(place.home, { recursive: true })).filter((path) => isUploadName(path));
const write = async (path: string, mode: WriteMode, text: string) => {
  const upload = await storage.openWrite(path, mode);
  await upload.write(Buffer.from(text));
  return upload;
};

beforeEach(async () => {
  place = await createTemporaryHome();
  await writeFile(host('old.txt'), 'old contents');
  storage = await openLocalStorage({ rights: () => fullRights, homeDirectory: place.home });
});
afterEach(() => place.remove());

describe('a replacing upload', () => {
  it('is invisible until it is committed, and then the file', async () => {
    const upload = await write('/old.txt', { kind: 'replace' }, 'new');
    expect(await readText(storage, '/old.txt')).toBe('old contents');
    expect(await listNames(storage, '/')).toEqual(['old.txt']);
    expect(await hiddenNames()).toHaveLength(1);
    expect(upload.bytesWritten).toBe(3);
    await upload.commit();
    expect(await readText(storage, '/old.txt')).toBe('new');
    expect(await hiddenNames()).toEqual([]);
  });

  it('makes a new file, an empty one too', async () => {
    await store(storage, '/empty', '');
    expect(await storage.stat('/empty')).toMatchObject({ size: 0, mode: 0o640 });
  });

  it('leaves the old file when it is aborted', async () => {
    const upload = await write('/old.txt', { kind: 'replace' }, 'half');
    await upload.abort();
    await upload.abort();
    expect(await readText(storage, '/old.txt')).toBe('old contents');
    expect(await hiddenNames()).toEqual([]);
  });

  it('takes no name when it is given up a moment after its last octet, however fast the disk is', async () => {
    const upload = await write('/old.txt', { kind: 'replace' }, 'stump');
    const givenUp = new AbortController();
    const committed = upload.commit(givenUp.signal);
    // Fires before the later timer of the commit, however slow the machine is.
    setTimeout(() => givenUp.abort(), 4);
    await expect(committed).rejects.toThrow(/aborted/u);
    expect(await readText(storage, '/old.txt')).toBe('old contents');
    expect(await hiddenNames()).toEqual([]);
  });

  it('cannot be committed after it was aborted, nor written to', async () => {
    const upload = await write('/old.txt', { kind: 'replace' }, 'half');
    await upload.abort();
    await expect(upload.commit()).rejects.toMatchObject({ name: 'StorageError', kind: 'fault' });
    await expect(upload.write(Buffer.from('x'))).rejects.toMatchObject({ name: 'StorageError', kind: 'fault' });
    expect(await readText(storage, '/old.txt')).toBe('old contents');
  });

  it('leaves nothing hidden when the commit fails, and releases its descriptors', async () => {
    const descriptors = async () => (await readdir('/proc/self/fd')).length;
    const before = await descriptors();
    const upload = await write('/new', { kind: 'replace' }, 'x');
    await storage.makeDirectory('/new');
    await expect(upload.commit()).rejects.toMatchObject({ kind: 'not-a-file' });
    expect(await hiddenNames()).toEqual([]);
    expect(await descriptors()).toBe(before);
  });

  it('keeps the permission bits of the file it replaces', async () => {
    await chmod(host('old.txt'), 0o604);
    await store(storage, '/old.txt', 'new');
    expect((await stat(host('old.txt'))).mode & 0o7777).toBe(0o604);
  });

  it('does not change what another hard link of the old file shows', async () => {
    await link(host('old.txt'), host('kept.txt'));
    await store(storage, '/old.txt', 'new');
    expect(await readText(storage, '/kept.txt')).toBe('old contents');
  });

  it('lets a reader that began before finish the old file', async () => {
    const reading = await storage.openRead('/old.txt');
    await store(storage, '/old.txt', 'new');
    expect((await octetsFrom(reading, 0)).toString()).toBe('old contents');
    await reading.close();
  });

  it('of two to one name, the later commit wins whole', async () => {
    const first = await write('/old.txt', { kind: 'replace' }, 'first');
    const second = await write('/old.txt', { kind: 'replace' }, 'second, longer');
    await second.commit();
    await first.commit();
    expect(await readText(storage, '/old.txt')).toBe('first');
  });
});

describe('an upload in place', () => {
  it.each<[string, WriteMode, string]>([
    ['append adds at the end', { kind: 'append' }, 'old contentsNEW'],
    ['an offset overwrites and keeps what follows', { kind: 'at', offset: 4 }, 'old NEWtents'],
    ['an offset at the end continues the file', { kind: 'at', offset: 12 }, 'old contentsNEW'],
  ])('%s', async (_rule, mode, expected) => {
    const upload = await storage.openWrite('/old.txt', mode);
    for (const letter of 'NEW') await upload.write(Buffer.from(letter));
    await upload.commit();
    expect(upload.bytesWritten).toBe(3);
    expect(await readText(storage, '/old.txt')).toBe(expected);
  });

  it('keeps what arrived when it is aborted, so that it can be continued', async () => {
    const upload = await write('/old.txt', { kind: 'append' }, '+half');
    await upload.abort();
    expect(await readText(storage, '/old.txt')).toBe('old contents+half');
  });

  it.each<[WriteMode]>([[{ kind: 'append' }], [{ kind: 'at', offset: 0 }]])('makes the file: %j', async (mode) => {
    await (await write('/new', mode, 'x')).commit();
    expect(await readText(storage, '/new')).toBe('x');
    expect(await storage.stat('/new')).toMatchObject({ mode: 0o640 });
  });

  it.each([
    ['/old.txt', 13],
    ['/old.txt', Number.MAX_SAFE_INTEGER],
    ['/old.txt', -1],
    ['/old.txt', Number.NaN],
    ['/new', 1],
  ])('%s at %d leaves a hole: beyond-end, and nothing is made', async (path, offset) => {
    await expect(storage.openWrite(path, { kind: 'at', offset })).rejects.toMatchObject({ kind: 'beyond-end' });
    expect(await listNames(storage, '/')).toEqual(['old.txt']);
  });

  it('two appending clients do not overwrite each other', async () => {
    const [first, second] = await Promise.all([
      storage.openWrite('/old.txt', { kind: 'append' }),
      storage.openWrite('/old.txt', { kind: 'append' }),
    ]);
    await first.write(Buffer.from('1'));
    await second.write(Buffer.from('2'));
    await first.write(Buffer.from('3'));
    await Promise.all([first.commit(), second.commit()]);
    expect(await readText(storage, '/old.txt')).toBe('old contents123');
  });
});

describe('the names of unfinished uploads', () => {
  const name = createUploadName();
  beforeEach(async () => {
    await writeFile(host(name), 'half an upload of another client');
    await symlink(name, host('link'));
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['stat', (path) => storage.stat(path)],
    ['list', (path) => listNames(storage, path)],
    ['read', (path) => storage.openRead(path)],
    ['replace', (path) => storage.openWrite(path, { kind: 'replace' })],
    ['append', (path) => storage.openWrite(path, { kind: 'append' })],
    ['make directory', (path) => storage.makeDirectory(path)],
    ['make directory below', (path) => storage.makeDirectory(`${path}/x`)],
    ['remove directory', (path) => storage.removeDirectory(path)],
    ['remove', (path) => storage.removeFile(path)],
    ['rename from', (path) => storage.rename(path, '/x', true)],
    ['rename to', (path) => storage.rename('/old.txt', path, true)],
  ])('%s: nothing may be called so', async (_operation, attempt) => {
    await expect(attempt(`/${name}`)).rejects.toMatchObject({ kind: 'name-invalid' });
    expect(await readFile(host(name), 'utf8')).toBe('half an upload of another client');
  });

  it('cannot be reached through a link', async () => {
    await expect(storage.openRead('/link')).rejects.toMatchObject({ kind: 'name-invalid' });
    expect(await listNames(storage, '/')).toEqual(['link', 'old.txt']);
  });
});

describe('a process that is killed during an upload', () => {
  it('leaves the old file whole and a leftover that no client sees and the sweep removes', async () => {
    const child = fork(join(import.meta.dirname, 'interrupted-upload.ts'), [place.home], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(await readText(storage, '/old.txt')).toBe('old contents');
    expect(await listNames(storage, '/')).toEqual(['old.txt']);
    const [leftover = ''] = await hiddenNames();
    expect((await stat(host(leftover))).size).toBe(100_000);

    const sweep = (writtenBefore: Date) => sweepUploads({ root: place.home, writtenBefore });
    expect(await sweep(new Date(Date.now() - 3_600_000))).toMatchObject({ removed: 0, isComplete: true });
    await utimes(host(leftover), 0, Date.now() / 1000 - 7_200);
    expect(await sweep(new Date(Date.now() - 3_600_000))).toMatchObject({ removed: 1, skipped: 0, isComplete: true });
    expect(await readdir(place.home)).toEqual(['old.txt']);
  });
});

describe('sweepUploads', () => {
  const future = new Date(8_640_000_000_000_000);

  it('removes only files and trial directories with our own names, at any depth', async () => {
    const ours = [createUploadName(), `deep/er/${createUploadName()}`];
    await storage.makeDirectory('/deep');
    await storage.makeDirectory('/deep/er');
    const kept = ['.cardgate-upload-mine', `deep/${createUploadName()}.bak`, `deep/${createUploadName().slice(0, -1)}`];
    for (const path of [...ours, ...kept]) await writeFile(host(path), '');
    const [trial, used] = [createUploadName(), createUploadName()];
    execFileSync('mkdir', ['-p', host(`${trial}/Name`), host(`deep/${used}/more`)]);
    await writeFile(host(`deep/${used}/more/file`), '');
    expect(await sweepUploads({ root: place.home, writtenBefore: future })).toMatchObject({ removed: 3, skipped: 1 });
    for (const path of [...kept, `deep/${used}/more/file`]) await expect(stat(host(path))).resolves.toBeDefined();
    for (const path of [...ours, trial]) await expect(stat(host(path))).rejects.toThrow('ENOENT');
  });

  it('follows no link', async () => {
    const outside = join(place.outside, createUploadName());
    await writeFile(outside, '');
    await symlink(place.outside, host('link'));
    expect(await sweepUploads({ root: place.home, writtenBefore: future })).toMatchObject({ removed: 0 });
    await expect(stat(outside)).resolves.toBeDefined();
  });

  it('leaves what was written to at the very moment, and links with the name of an upload', async () => {
    const [moment, hidden, linked] = [createUploadName(), createUploadName(), createUploadName()];
    await writeFile(host(moment), '');
    await utimes(host(moment), 1000, 1000);
    await storage.makeDirectory('/deep');
    await writeFile(host(`deep/${hidden}`), '');
    await utimes(host(`deep/${hidden}`), 999, 999);
    await symlink(join(place.outside, 'inner'), host(linked));
    const sweep = (writtenBefore: Date) => sweepUploads({ root: place.home, writtenBefore });
    expect(await sweep(new Date(1_000_000))).toMatchObject({ removed: 1, skipped: 0, isComplete: true });
    expect(await hiddenNames()).toEqual(expect.arrayContaining([moment, linked]));
    expect(await sweep(future)).toMatchObject({ removed: 1, skipped: 0 });
    expect(await hiddenNames()).toEqual([linked]);
    expect((await stat(join(place.outside, 'inner'))).isDirectory()).toBe(true);
  });

  it('gives up after the given number of entries', async () => {
    for (let index = 0; index < 5; index += 1) await writeFile(host(createUploadName()), '');
    const result = await sweepUploads({ root: place.home, writtenBefore: future, maximumEntries: 3 });
    expect(result).toMatchObject({ entries: 3, isComplete: false });
  });

  it('reports a root that is missing', async () => {
    const sweep = sweepUploads({ root: host('none'), writtenBefore: future });
    await expect(sweep).rejects.toMatchObject({ name: 'StorageError', kind: 'not-found' });
  });
});
