/** Calls to the file system that fail halfway: what is there then, what is said, and that nothing stays open or hidden. */
import type { Dirent } from 'node:fs';
import {
  chmod,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { pinName } from '../../../src/storage/pinned-object.ts';
import type { Storage, WriteMode } from '../../../src/storage/storage.ts';
import { fullRights } from '../../support/access-rights.ts';
import { createTemporaryHome, listAll, readText, store, type TemporaryHome } from './temporary-home.ts';

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

vi.mock('node:fs', async (original) => {
  const actual = await original<typeof import('node:fs')>();
  const lstat = (path: unknown, ...words: unknown[]) => {
    const call = () => (actual.lstat as (...given: unknown[]) => void)(path, ...words);
    const done = words.at(-1) as (error: unknown) => void;
    void (async () => before['lstat']?.(path as never))().then(call, done);
  };
  return { ...actual, lstat };
});

let place: TemporaryHome;
let storage: Storage;
let handles: FileHandle;
let openAtFirst: number;
const host = (path: string) => join(place.home, path);
const names = async (path = '') => (await readdir(host(path))).toSorted();
const descriptors = async () => (await readdir('/proc/self/fd')).length;
const failure = (code: string) => Object.assign(new Error(`${code}: as a disk reports it`), { code });
const failing = (code: string) => () => Promise.reject(failure(code));

beforeEach(async () => {
  place = await createTemporaryHome();
  await mkdir(host('docs'));
  await writeFile(host('a'), 'alpha');
  const handle = await open('/dev/null');
  handles = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  storage = await openLocalStorage({ rights: () => fullRights, homeDirectory: place.home });
  openAtFirst = await descriptors();
});
afterEach(async () => {
  for (const name of Object.keys(before)) before[name] = undefined;
  vi.restoreAllMocks();
  const left = await descriptors();
  await place.remove();
  expect(left, 'descriptors').toBe(openAtFirst);
});

describe('a rename that replaces nothing', () => {
  const cannotLink = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

  it.each(cannotLink)('moves a file where hard links are not possible (%s)', async (code) => {
    before['link'] = failing(code);
    await storage.rename('/a', '/docs/b', false);
    expect(await readFile(host('docs/b'), 'utf8')).toBe('alpha');
    expect(await names()).toEqual(['docs']);
  });

  it.each(cannotLink)('keeps a file that is there where hard links are not possible (%s)', async (code) => {
    before['link'] = failing(code);
    await writeFile(host('b'), 'kept');
    await expect(storage.rename('/a', '/b', false)).rejects.toMatchObject({ kind: 'exists' });
    expect(await readFile(host('b'), 'utf8')).toBe('kept');
    expect(await names()).toEqual(['a', 'b', 'docs']);
  });

  it.each([
    ['ENOSPC', 'no-space'],
    ['EIO', 'fault'],
    ['EXDEV', 'other-file-system'],
  ])('is not tried another way where the disk fails (%s)', async (code, kind) => {
    before['link'] = failing(code);
    await expect(storage.rename('/a', '/b', false)).rejects.toMatchObject({ kind });
    expect(await names()).toEqual(['a', 'docs']);
  });

  it('gives the reserved name back when the file cannot take it', async () => {
    before['link'] = failing('EPERM');
    before['rename'] = failing('EIO');
    await expect(storage.rename('/a', '/b', false)).rejects.toMatchObject({ kind: 'fault' });
    expect(await names()).toEqual(['a', 'docs']);
    expect(await readFile(host('a'), 'utf8')).toBe('alpha');
  });

  it('leaves one name, the old one, when that cannot be removed', async () => {
    let isFirst = true;
    before['unlink'] = () => {
      if (isFirst) {
        isFirst = false;
        throw failure('EIO');
      }
    };
    await expect(storage.rename('/a', '/b', false)).rejects.toMatchObject({ kind: 'fault' });
    expect(await names()).toEqual(['a', 'docs']);
  });

  it('loses nothing that came into the reserved directory meanwhile', async () => {
    before['rename'] = () => writeFile(host('made/file'), 'of another client');
    await expect(storage.rename('/docs', '/made', false)).rejects.toMatchObject({ kind: 'exists' });
    expect(await readFile(host('made/file'), 'utf8')).toBe('of another client');
    expect(await names()).toEqual(['a', 'docs', 'made']);
  });

  it('gives a reserved directory back when the disk fails', async () => {
    before['rename'] = failing('EIO');
    await expect(storage.rename('/docs', '/made', false)).rejects.toMatchObject({ kind: 'fault' });
    expect(await names()).toEqual(['a', 'docs']);
  });
});

describe('an upload', () => {
  const upload = async (mode: WriteMode, text = 'new', path = '/a') => {
    const opened = await storage.openWrite(path, mode);
    await opened.write(Buffer.from(text));
    return opened;
  };
  const replace = { kind: 'replace' } as const;
  const append = { kind: 'append' } as const;

  it.each(['EACCES', 'EINVAL', 'ENOTSUP'])('is stored where the directory cannot be synced (%s)', async (code) => {
    const sync = vi.spyOn(handles, 'sync').mockRejectedValue(failure(code));
    await (await upload(replace)).commit();
    expect(sync).toHaveBeenCalledOnce();
    expect(await readText(storage, '/a')).toBe('new');
  });

  it('is stored where the directory may not be read', async () => {
    const opened = await upload(replace);
    before['open'] = failing('EACCES');
    await opened.commit();
    expect(await readFile(host('a'), 'utf8')).toBe('new');
  });

  it.each<[string, WriteMode, string, string]>([
    ['a replaced file', replace, '/a', 'a'],
    ['a new file', replace, '/b', 'b'],
    ['a new file that was to grow', append, '/b', 'b'],
  ])('says that %s is in place when only its name is not on the disk', async (_what, mode, path, name) => {
    vi.spyOn(handles, 'sync').mockRejectedValue(failure('EIO'));
    const opened = await upload(mode, 'new', path);
    await expect(opened.commit()).rejects.toMatchObject({
      kind: 'not-durable',
      message: expect.stringMatching(/EIO$/u),
    });
    await opened.abort();
    expect(await readFile(host(name), 'utf8')).toBe('new');
    expect(await names()).toEqual([...new Set(['a', name, 'docs'])]);
  });

  it.each(['EMFILE', 'EIO'])('leaves the old file when its directory does not open (%s)', async (code) => {
    const opened = await upload(replace);
    before['open'] = failing(code);
    await expect(opened.commit()).rejects.toMatchObject({ kind: 'fault' });
    expect(await readFile(host('a'), 'utf8')).toBe('alpha');
    expect(await names()).toEqual(['a', 'docs']);
  });

  it('leaves the old file when it is given up while its octets go to the disk, and says nothing of a file in place', async () => {
    const opened = await upload(replace);
    vi.spyOn(handles, 'datasync').mockImplementation(() => opened.abort());
    await expect(opened.commit()).rejects.toMatchObject({ kind: 'not-found' });
    expect(await readFile(host('a'), 'utf8')).toBe('alpha');
  });

  it('puts first its octets on the disk, then its name, then the directory', async () => {
    const steps: string[] = [];
    for (const step of ['datasync', 'sync'] as const)
      vi.spyOn(handles, step).mockImplementation(async () => void steps.push(step));
    before['rename'] = () => void steps.push('rename');
    await (await upload(replace)).commit();
    expect(steps).toEqual(['datasync', 'rename', 'sync']);
    steps.length = 0;
    await (await upload(append)).commit();
    expect(steps).toEqual(['datasync']);
    await (await upload(append, 'new', '/b')).commit();
    expect(steps).toEqual(['datasync', 'datasync', 'sync']);
  });

  it('takes no name when its client is gone at the last moment before', async () => {
    const opened = await upload(replace);
    vi.spyOn(handles, 'datasync').mockResolvedValue();
    const givenUp = new AbortController();
    // Of the same length as the wait of the commit and begun with it: both end in one turn of the event loop, and this in its last phase.
    setTimeout(() => setImmediate(() => givenUp.abort()), 5);
    const committed = opened.commit(givenUp.signal);
    await expect(committed).rejects.toThrow(/aborted/u);
    expect(await readFile(host('a'), 'utf8')).toBe('alpha');
  });

  it.each<[string, WriteMode, string]>([
    ['a replaced file', replace, 'octets'],
    ['the end of a file', append, 'alphaoctets'],
    ['an offset', { kind: 'at', offset: 2 }, 'aloctets'],
  ])('writes %s whole when the disk takes few octets at a time', async (_where, mode, text) => {
    const write = handles.write as (...words: readonly unknown[]) => unknown;
    vi.spyOn(handles, 'write').mockImplementation(function (this: FileHandle, ...words: unknown[]) {
      const [chunk, offset, length, position] = words as [Buffer, number, number, number | null];
      if (offset + length > chunk.length) throw new RangeError('beyond the chunk');
      return write.call(this, chunk, offset, Math.min(length, 4), position) as never;
    });
    const opened = await upload(mode, 'octets');
    expect(opened.bytesWritten).toBe(6);
    await opened.commit();
    expect(await readText(storage, '/a')).toBe(text);
  });

  it('fails when the disk takes nothing and reports no error', async () => {
    vi.spyOn(handles, 'write').mockResolvedValue({ bytesWritten: 0 } as never);
    const opened = await storage.openWrite('/a', replace);
    await expect(opened.write(Buffer.from('x'))).rejects.toMatchObject({ kind: 'fault' });
    await opened.abort();
  });

  it('of a file that may not be written is refused before anything is made', async () => {
    before['access'] = failing('EACCES');
    await expect(storage.openWrite('/a', replace)).rejects.toMatchObject({ kind: 'forbidden' });
    expect(await names()).toEqual(['a', 'docs']);
  });

  it('into a file itself holds no more than that file', async () => {
    const opened = await storage.openWrite('/a', append);
    expect(await descriptors()).toBe(openAtFirst + 1);
    await opened.commit();
  });

  it('of which the directory cannot be left holds nothing in the end', async () => {
    const opened = await upload(replace);
    await opened.commit();
    await expect(opened.commit()).rejects.toMatchObject({ kind: 'fault' });
  });
});

describe('a file with set-id bits that an upload writes into', () => {
  const append = async () => (await storage.openWrite('/a', { kind: 'append' })).commit();
  const mode = async () => (await stat(host('a'))).mode & 0o7777;

  it.each([
    [0o4755, 0o755],
    [0o2755, 0o755],
    [0o6711, 0o711],
    [0o7755, 0o1755],
  ])('loses them: %o becomes %o', async (had, has) => {
    await chmod(host('a'), had);
    await append();
    expect(await mode()).toBe(has);
  });

  it('is the only one whose bits are touched', async () => {
    const chmodding = vi.spyOn(handles, 'chmod');
    await append();
    expect(chmodding).not.toHaveBeenCalled();
  });

  it.each([
    ['EPERM', 65_534, undefined],
    ['EPERM', 0, 'forbidden'],
    ['EIO', 65_534, 'fault'],
  ] as const)(
    'keeps them where a process may not clear them, unless it is root: %s, user %d',
    async (code, user, kind) => {
      await chmod(host('a'), 0o4755);
      vi.spyOn(handles, 'chmod').mockRejectedValue(failure(code));
      vi.spyOn(process, 'getuid').mockReturnValue(user);
      if (kind) await expect(append()).rejects.toMatchObject({ kind });
      else await append();
    },
  );
});

describe('a listing', () => {
  beforeEach(async () => {
    await writeFile(host('b'), 'beta');
    await writeFile(Buffer.concat([Buffer.from(`${place.home}/`), Buffer.of(0x63, 0xff)]), '');
  });
  const shown = async () => {
    const entries = (await listAll(storage, '/')).map(({ name, type, facts }) => [name, type, facts !== undefined]);
    return entries.toSorted(([one], [other]) => (`${one}` < `${other}` ? -1 : 1));
  };
  const all = [
    ['a', 'file', true],
    ['b', 'file', true],
    ['c\udcff', 'file', true],
    ['docs', 'directory', true],
  ];
  const isOf = (path: unknown, name: string) => `${path}`.endsWith(`/${name}`);

  it('shows what it knows of an entry that cannot be looked at', async () => {
    before['lstat'] = (path) => {
      if (isOf(path, 'b')) throw failure('EIO');
    };
    expect(await shown()).toEqual([all[0], ['b', 'file', false], all[2], all[3]]);
    const { access } = await storage.entry('/b');
    expect(access).toEqual({ read: true, write: true, move: false, isFixed: false });
  });

  it('leaves out what goes away while it is read', async () => {
    before['lstat'] = (path) => (isOf(path, 'b') ? unlink(host('b')) : undefined);
    expect(await shown()).toEqual([all[0], all[2], all[3]]);
  });

  it('of a single name does not find what goes away meanwhile', async () => {
    before['lstat'] = (path) => (isOf(path, 'b') ? unlink(host('b')) : undefined);
    await expect(storage.entry('/b')).rejects.toMatchObject({ kind: 'not-found' });
  });

  const directoryOf = (entries: readonly unknown[], end?: Error) => () => ({
    async *[Symbol.asyncIterator]() {
      yield* entries;
      if (end) throw end;
    },
  });

  it.each([
    ['the first entry cannot be read', directoryOf([], failure('EIO'))],
    // Node looks at each entry by itself where the directory does not say of what type it is.
    ['the directory does not say what its entries are', directoryOf([{ name: 'a', isFile: () => true }])],
  ])('takes the names alone where %s', async (_where, opendir) => {
    before['opendir'] = opendir;
    expect(await shown()).toEqual(all);
    before['lstat'] = failing('EIO');
    expect(await shown()).toEqual(all.map(([name]) => [name, 'other', false]));
  });

  it('fails when it breaks off later, and never ends as if it were whole', async () => {
    const [first] = (await readdir(place.home, { withFileTypes: true })) as [Dirent];
    before['opendir'] = directoryOf([first], failure('EIO'));
    await expect(shown()).rejects.toMatchObject({ kind: 'fault', message: expect.stringContaining('list /') });
  });
});

describe('a path of many names in a home without rules', () => {
  it('costs no descriptor for each of them', async () => {
    const deep = 'one/two/three/four/five';
    await mkdir(host(deep), { recursive: true });
    await writeFile(host(`${deep}/file`), '');
    let opened = 0;
    const counted = async (work: () => Promise<unknown>) => {
      opened = 0;
      before['open'] = () => {
        opened += 1;
      };
      await work();
      before['open'] = undefined;
      return opened;
    };
    expect(await counted(() => storage.stat(`/${deep}/file`))).toBe(1);
    expect(await counted(() => storage.entry(`/${deep}/file`))).toBe(2);
    expect(await counted(() => storage.makeDirectory(`/${deep}/made`))).toBe(2);
    expect(await counted(() => store(storage, `/${deep}/file`, ''))).toBe(4);
  });

  it('reads no table of mounts', async () => {
    before['readFile'] = failing('EIO');
    expect(await storage.stat('/a')).toMatchObject({ size: 5 });
  });
});

describe('an object that cannot be asked what it is', () => {
  it('is not held', async () => {
    vi.spyOn(handles, 'stat').mockRejectedValue(failure('EIO'));
    await expect(pinName(host('a'))).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('a name that cannot be looked at', () => {
  it.each([
    ['EIO', 'fault'],
    ['EACCES', 'forbidden'],
    ['ENAMETOOLONG', 'name-invalid'],
  ])('is not taken for one that is free (%s)', async (code, kind) => {
    before['open'] = (path) => {
      if (`${path}`.endsWith('/b')) throw failure(code);
    };
    await expect(storage.removeFile('/b')).rejects.toMatchObject({ kind });
    await expect(storage.openWrite('/b', { kind: 'replace' })).rejects.toMatchObject({ kind });
    await expect(storage.entry('/b')).rejects.toMatchObject({ kind });
  });
});

describe('what was used and what was refused', () => {
  it('is not held any longer', async () => {
    await symlink('a', host('link'));
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => storage.entry('/'),
      () => storage.entry('/link'),
      () => storage.entry('/none'),
      () => storage.stat('/docs'),
      () => storage.stat('/a/below'),
      () => storage.requireMovable('/a'),
      () => storage.requireMovable('/none'),
      () => storage.rename('/none', '/x', false),
      () => storage.rename('/a', '/docs/none/x', false),
      () => storage.rename('/a', '/docs', false),
      () => storage.openRead('/docs'),
      async () => (await storage.openRead('/a')).close(),
      () => storage.openWrite('/docs', { kind: 'replace' }),
      () => storage.openWrite('/a', { kind: 'at', offset: 99 }),
      async () => (await storage.openWrite('/link', { kind: 'replace' })).commit(),
      () => storage.makeDirectory('/a/below'),
      () => storage.removeDirectory('/a'),
      () => listAll(storage, '/a'),
      () => openLocalStorage({ rights: () => fullRights, homeDirectory: host('a') }),
    ];
    for (const attempt of attempts) {
      await attempt().catch(() => undefined);
      expect(await descriptors(), String(attempt)).toBe(openAtFirst);
    }
  });
});
