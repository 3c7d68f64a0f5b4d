import { execFileSync } from 'node:child_process';
import { mkdir, open, readFile, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Confinement } from '../../../src/storage/confinement.ts';
import { openForReading } from '../../../src/storage/file-reading.ts';
import { GuardedHome } from '../../../src/storage/guarded-home.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { createUploadName } from '../../../src/storage/upload-name.ts';
import { fullRights } from '../../support/access-rights.ts';
import { createTemporaryHome, listNames, octetsFrom, readText, store, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;
const host = (path: string) => join(place.home, path);
const write = (port: Storage, path: string, kind: 'replace' | 'append') => port.openWrite(path, { kind });

beforeEach(async () => {
  place = await createTemporaryHome();
  await mkdir(host('docs'));
  await writeFile(host('docs/b.txt'), 'beta');
  storage = await openLocalStorage({ rights: () => fullRights, homeDirectory: place.home });
});
afterEach(() => place.remove());

describe('links that lead out of the home', () => {
  beforeEach(async () => {
    await symlink(join(place.outside, 'secret.txt'), host('file-out'));
    await symlink('../outside/secret.txt', host('relative-out'));
    await symlink(place.outside, host('directory-out'));
    await symlink(host('directory-out'), host('chain-out'));
    await symlink('/', host('root-out'));
    await symlink('..', host('up'));
    await symlink(`${place.home}-neighbour`, host('prefix-out'));
    await mkdir(`${place.home}-neighbour`);
    await symlink('loop', host('loop'));
  });

  it.each<[string, (port: Storage) => Promise<unknown>]>([
    ['stat of a file outside', (port) => port.stat('/file-out')],
    ['stat through a relative link', (port) => port.stat('/relative-out')],
    ['stat of a directory outside', (port) => port.stat('/directory-out')],
    ['stat of a directory whose name begins like the home’s', (port) => port.stat('/prefix-out')],
    ['reading a file outside', (port) => port.openRead('/file-out')],
    ['reading below a directory outside', (port) => port.openRead('/directory-out/secret.txt')],
    ['reading through a chain of links', (port) => port.openRead('/chain-out/secret.txt')],
    ['reading below the root of the machine', (port) => port.openRead('/root-out/etc/passwd')],
    ['reading above the home', (port) => port.openRead('/up/outside/secret.txt')],
    ['listing a directory outside', (port) => listNames(port, '/directory-out')],
    ['replacing a file outside', (port) => write(port, '/file-out', 'replace')],
    ['appending to a file outside', (port) => write(port, '/file-out', 'append')],
    ['making a file outside', (port) => write(port, '/directory-out/new', 'replace')],
    ['making a file outside in place', (port) => write(port, '/directory-out/new', 'append')],
    ['making a directory outside', (port) => port.makeDirectory('/directory-out/new')],
    ['removing a directory outside', (port) => port.removeDirectory('/directory-out/inner')],
    ['removing a file outside', (port) => port.removeFile('/directory-out/secret.txt')],
    ['moving a file out', (port) => port.rename('/docs/b.txt', '/directory-out/b.txt', true)],
    ['moving a file in', (port) => port.rename('/directory-out/secret.txt', '/got', false)],
  ])('%s is refused', async (_rule, operation) => {
    await expect(operation(storage)).rejects.toMatchObject({ name: 'StorageError', kind: 'outside' });
    expect(await readFile(join(place.outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect((await stat(join(place.outside, 'inner'))).isDirectory()).toBe(true);
  });

  it('are listed as links that tell nothing of what they lead to', async () => {
    const names = ['chain-out', 'directory-out', 'file-out', 'prefix-out', 'relative-out', 'root-out', 'up'];
    expect(await listNames(storage, '/')).toEqual([
      'chain-out',
      'directory-out',
      'docs',
      'file-out',
      'loop',
      ...names.slice(3),
    ]);
    for (const name of names) {
      const { type, target, facts } = await storage.entry(`/${name}`);
      expect({ name, type, target, size: facts?.size }).toEqual({ name, type: 'link', target: undefined, size: 0 });
    }
  });

  it('a link that leads to itself leads to nothing, and says what it says', async () => {
    await expect(storage.stat('/loop')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await storage.entry('/loop')).toMatchObject({ type: 'link', target: 'loop' });
  });

  it('can be removed, which does not touch what they lead to', async () => {
    await storage.removeFile('/file-out');
    expect(await readFile(join(place.outside, 'secret.txt'), 'utf8')).toBe('secret');
  });
});

describe('links that stay in the home', () => {
  beforeEach(async () => {
    await symlink('docs/b.txt', host('file-in'));
    await symlink('docs', host('directory-in'));
    await symlink('docs/absent', host('dangling'));
  });

  it('are listed as links, also those that lead nowhere, and read as what they lead to', async () => {
    expect(await listNames(storage, '/')).toEqual(['dangling', 'directory-in', 'docs', 'file-in']);
    expect(await storage.entry('/dangling')).toMatchObject({ type: 'link', target: 'docs/absent' });
    expect(await storage.entry('/directory-in')).toMatchObject({ type: 'link', target: 'docs' });
    expect(await storage.stat('/file-in')).toMatchObject({ name: 'file-in', type: 'file', size: 4 });
    expect(await readText(storage, '/directory-in/b.txt')).toBe('beta');
  });

  it('stay links when the file they lead to is replaced', async () => {
    await store(storage, '/file-in', 'new');
    expect(await readFile(host('docs/b.txt'), 'utf8')).toBe('new');
    expect(await readText(storage, '/file-in')).toBe('new');
    expect(await listNames(storage, '/docs')).toEqual(['b.txt']);
  });

  it('that lead nowhere are not found, and an upload takes their name', async () => {
    await expect(storage.stat('/dangling')).rejects.toMatchObject({ kind: 'not-found' });
    await store(storage, '/dangling', 'x');
    expect(await listNames(storage, '/docs')).toEqual(['b.txt']);
    expect(await readText(storage, '/dangling')).toBe('x');
  });

  it('that lead nowhere are not written through in place', async () => {
    await expect(write(storage, '/dangling', 'append')).rejects.toMatchObject({ kind: 'exists' });
  });
});

describe('a directory that is swapped for a link', () => {
  const swap = async () => {
    await rename(host('docs'), host('old'));
    await symlink(place.outside, host('docs'));
  };

  it('after it was pinned: the operation stays in the pinned directory', async () => {
    const home = new GuardedHome(await Confinement.within(place.home), () => fullRights);
    const entry = await home.entry('/docs/planted', 'Write');
    await swap();
    await mkdir(entry.hostPath);
    await entry.close();
    expect((await stat(host('old/planted'))).isDirectory()).toBe(true);
    await expect(stat(join(place.outside, 'planted'))).rejects.toThrow('ENOENT');
  });

  it('during an upload: the file appears in the directory where the upload began', async () => {
    const upload = await write(storage, '/docs/new', 'replace');
    await swap();
    await upload.write(Buffer.from('x'));
    await upload.commit();
    expect(await readFile(host('old/new'), 'utf8')).toBe('x');
    await expect(stat(join(place.outside, 'new'))).rejects.toThrow('ENOENT');
  });

  it('after a file was pinned: the pinned file is used', async () => {
    const confinement = await Confinement.within(place.home);
    const pinned = await confinement.pin('/docs/b.txt');
    await unlink(host('docs/b.txt'));
    await symlink(join(place.outside, 'secret.txt'), host('docs/b.txt'));
    expect(await readFile(pinned.link, 'utf8')).toBe('beta');
    await pinned.close();
  });

  it('while many clients read and write: nothing leaves or enters', async () => {
    await mkdir(host('real'));
    await symlink(place.outside, host('trap'));
    let isRunning = true;
    const swapping = (async () => {
      while (isRunning) {
        await rename(host('real'), host('d')).catch(() => undefined);
        await rename(host('d'), host('real')).catch(() => undefined);
        await rename(host('trap'), host('d')).catch(() => undefined);
        await rename(host('d'), host('trap')).catch(() => undefined);
      }
    })();
    const attempts = Array.from({ length: 300 }, (_, index) => index).map(async (index) => {
      await storage.makeDirectory(`/d/planted-${index}`).catch(() => undefined);
      return readText(storage, '/d/secret.txt').catch(() => 'refused');
    });
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['refused']));
    isRunning = false;
    await swapping;
    await expect(readFile(join(place.outside, 'planted-0'))).rejects.toThrow('ENOENT');
    expect(
      (await listNames(await openLocalStorage({ rights: () => fullRights, homeDirectory: place.outside }), '/')).sort(),
    ).toEqual(['inner', 'secret.txt']);
  });
});

describe('a name that is removed', () => {
  it('while its object is opened: is not found, and is not taken for a file with the words the kernel adds', async () => {
    const file = await open(host('docs/b.txt'));
    await unlink(host('docs/b.txt'));
    await writeFile(host('docs/b.txt (deleted)'), 'another');
    // The kernel follows such a link to the object without a name, like a name that is removed a moment after it was read.
    await symlink(`/proc/${process.pid}/fd/${file.fd}`, host('ghost'));
    const confinement = await Confinement.within(place.home);
    await expect(confinement.pin('/ghost')).rejects.toMatchObject({ kind: 'not-found' });
    await file.close();
  });

  it('before its object is used: what was pinned is used, and nothing else', async () => {
    const home = new GuardedHome(await Confinement.within(place.home), () => fullRights);
    const { object, close } = await home.object('/docs/b.txt', 'Read');
    await unlink(host('docs/b.txt'));
    await writeFile(host('docs/b.txt'), 'another');
    const file = await openForReading('/docs/b.txt', object);
    expect((await octetsFrom(file, 0)).toString()).toBe('beta');
    await file.close();
    await close();
  });
});

describe('what is neither a file nor a directory', () => {
  beforeEach(async () => {
    execFileSync('mkfifo', [host('fifo')]);
    await symlink('/dev/zero', host('device'));
    await symlink('/proc/self/fd/0', host('descriptor'));
  });

  it.each<[string, (port: Storage) => Promise<unknown>]>([
    ['reading a FIFO', (port) => port.openRead('/fifo')],
    ['replacing a FIFO', (port) => write(port, '/fifo', 'replace')],
    ['appending to a FIFO', (port) => write(port, '/fifo', 'append')],
  ])('%s is refused and never hangs', async (_rule, operation) => {
    await expect(operation(storage)).rejects.toMatchObject({ kind: 'not-a-file' });
  });

  it.each(['/device', '/descriptor'])('%s outside the home is refused', async (path) => {
    await expect(storage.openRead(path)).rejects.toMatchObject({ kind: 'outside' });
    await expect(write(storage, path, 'append')).rejects.toMatchObject({ kind: 'outside' });
  });

  it('is listed as other', async () => {
    expect(await storage.stat('/fifo')).toMatchObject({ type: 'other', size: 0 });
    expect(await listNames(storage, '/')).toEqual(['descriptor', 'device', 'docs', 'fifo']);
  });

  it('can be renamed and removed', async () => {
    await storage.rename('/fifo', '/pipe', false);
    await storage.removeFile('/pipe');
    expect(await listNames(storage, '/')).toEqual(['descriptor', 'device', 'docs']);
  });
});

describe('what is pinned', () => {
  const pinned = async (path: string) => {
    const object = await (await Confinement.within(place.home)).pin(path);
    await object.close();
    return object.path;
  };
  const upload = createUploadName();
  beforeEach(async () => {
    await writeFile(host('docs/b.txt (deleted)'), '');
    await mkdir(host(`docs/${upload}`));
    await symlink(`docs/${upload}`, host('hidden'));
    await symlink('docs/b.txt', host('link'));
    await symlink('../outside', host('out'));
  });

  it.each([
    ['/', '/'],
    ['/docs', '/docs'],
    ['/docs/b.txt', '/docs/b.txt'],
    ['/link', '/docs/b.txt'],
    // Names end so that were not removed, too.
    ['/docs/b.txt (deleted)', '/docs/b.txt (deleted)'],
  ])('%s lies at %s', async (path, place) => {
    expect(await pinned(path)).toBe(place);
  });

  it.each([
    ['docs', 'name-invalid'],
    ['/docs/', 'name-invalid'],
    ['//docs', 'name-invalid'],
    ['/docs/./b.txt', 'name-invalid'],
    ['/docs/../docs/b.txt', 'name-invalid'],
    ['/../outside/secret.txt', 'name-invalid'],
    ['/docs/b\0', 'name-invalid'],
    [`/docs/${upload}`, 'name-invalid'],
    [`/docs/${upload}/x`, 'name-invalid'],
    ['/hidden', 'name-invalid'],
    ['/out', 'outside'],
    ['/out/secret.txt', 'outside'],
  ])('%s is refused as %s', async (path, kind) => {
    await expect(pinned(path)).rejects.toMatchObject({ name: 'StorageError', kind });
  });

  it('is a directory where one is wanted', async () => {
    const confinement = await Confinement.within(place.home);
    await expect(confinement.pinDirectory('/docs/b.txt')).rejects.toMatchObject({ kind: 'not-a-directory' });
    await expect(Confinement.within(host('docs/b.txt'))).rejects.toThrow('ENOTDIR');
    const held = await confinement.withDirectory('/docs', async ({ stats }) => stats.isDirectory());
    expect(held).toBe(true);
  });
});
