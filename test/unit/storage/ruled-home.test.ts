/** Authorization rules over a home on disk: which operation is allowed where, by whatever name the object is reached. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccessRights } from '../../../src/authorization/access-rights.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage, WriteMode } from '../../../src/storage/storage.ts';
import { rightsTo } from '../../support/access-rights.ts';
import { authorize } from '../../support/authorize.ts';
import { createTemporaryHome, listAll, listNames, readText, store, type TemporaryHome } from './temporary-home.ts';

type Rule = Parameters<typeof authorize>[0][number];
const both = ['Read', 'Write'] as const;
const deny = (path: string, ...permissions: ('Read' | 'Write')[]): Rule => ({
  accessType: 'Deny',
  users: '*',
  permissions,
  path,
});
const rules: readonly Rule[] = [
  { accessType: 'Allow', users: '*', permissions: [...both], path: '/' },
  deny('/closed', 'Read', 'Write'),
  deny('/frozen', 'Write'),
  deny('/letterbox', 'Read'),
  deny('/way/to/it', 'Read'),
  // `door` is a link to the hall.
  deny('/door/room', 'Write'),
  deny('/later/room', 'Read', 'Write'),
];

function rightsOf(list: readonly Rule[]): AccessRights {
  const outcome = authorize(list, { accountName: 'ada', groups: [] });
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  return outcome.accessRights;
}

let place: TemporaryHome;
let storage: Storage;
let rights: AccessRights;
const host = (path: string) => join(place.home, path);

beforeAll(async () => {
  place = await createTemporaryHome();
  for (const directory of ['open/deep', 'closed/inner', 'frozen/empty', 'letterbox', 'way/to/it', 'hall/room'])
    await mkdir(host(directory), { recursive: true });
  for (const file of ['open/a', 'closed/inner/s', 'frozen/f', 'letterbox/l', 'way/to/it/x', 'hall/room/r'])
    await writeFile(host(file), 'text');
  await symlink('hall', host('door'));
  await symlink('../closed', host('open/gap'));
  await symlink('../frozen/f', host('open/ice'));
  await symlink('../closed', host('frozen/gap'));
  await symlink('nowhere', host('open/dangling'));
  await symlink('/', host('open/out'));
  await symlink('..', host('open/home'));
  storage = await openLocalStorage({ homeDirectory: place.home, rights: () => rights });
});
beforeEach(() => {
  rights = rightsOf(rules);
});
afterAll(() => place.remove());

const write = (path: string, mode: WriteMode) => async (port: Storage) => (await port.openWrite(path, mode)).abort();
const stat = (path: string) => (port: Storage) => port.stat(path);
const entry = (path: string) => (port: Storage) => port.entry(path);
const list = (path: string) => (port: Storage) => listAll(port, path);
const read = (path: string) => (port: Storage) => readText(port, path);
const replace = (path: string) => write(path, { kind: 'replace' });
const append = (path: string) => write(path, { kind: 'append' });
const make = (path: string) => (port: Storage) => port.makeDirectory(path);
const removeDirectory = (path: string) => (port: Storage) => port.removeDirectory(path);
const remove = (path: string) => (port: Storage) => port.removeFile(path);
const movable = (path: string) => (port: Storage) => port.requireMovable(path);
const move =
  (from: string, to: string, over = false) =>
  (port: Storage) =>
    port.rename(from, to, over);

describe('what rules refuse', () => {
  it.each<[string, (port: Storage) => Promise<unknown>, string]>([
    ['looking at what is closed', stat('/closed'), 'denied'],
    ['looking below it', stat('/closed/inner/s'), 'denied'],
    ['looking below it through a link', stat('/open/gap/inner/s'), 'denied'],
    ['looking for a name that it lacks', stat('/closed/none'), 'denied'],
    ['looking at its entry', entry('/closed'), 'denied'],
    ['replacing what is frozen through a link', replace('/open/ice'), 'denied'],
    ['looking at an entry below it', entry('/closed/inner'), 'denied'],
    ['listing it', list('/closed'), 'denied'],
    ['listing it through a link', list('/open/gap'), 'denied'],
    ['reading below it', read('/closed/inner/s'), 'denied'],
    ['replacing below it', replace('/closed/inner/s'), 'denied'],
    ['making a file in it', append('/closed/new'), 'denied'],
    ['making a directory in it through a link', make('/open/gap/new'), 'denied'],
    ['moving into it', move('/open/a', '/closed/a'), 'denied'],
    ['moving out of it', move('/closed/inner', '/open/inner'), 'denied'],
    ['replacing what is frozen', replace('/frozen/f'), 'denied'],
    ['appending to it', append('/frozen/f'), 'denied'],
    ['continuing it', write('/frozen/f', { kind: 'at', offset: 1 }), 'denied'],
    ['making a file beside it', replace('/frozen/new'), 'denied'],
    ['making a directory beside it', make('/frozen/new'), 'denied'],
    ['removing it', remove('/frozen/f'), 'denied'],
    ['removing a directory beside it', removeDirectory('/frozen/empty'), 'denied'],
    ['moving it', move('/frozen/f', '/open/f'), 'denied'],
    ['moving something over it', move('/open/a', '/frozen/f', true), 'denied'],
    ['asking whether it can be moved', movable('/frozen/f'), 'denied'],
    ['reading what may only be written', read('/letterbox/l'), 'denied'],
    ['listing what may only be written', list('/letterbox'), 'denied'],
    ['moving what may only be written to where it can be read', move('/letterbox/l', '/open/l'), 'denied'],
    ['asking whether that can be moved', movable('/letterbox/l'), 'denied'],
    ['writing below a rule whose path leads through a link', replace('/door/room/r'), 'denied'],
    ['the same by the path without the link', replace('/hall/room/r'), 'denied'],
    ['making what a rule denies that is for nothing yet', make('/later/room'), 'denied'],
    ['moving a directory that a rule is for', move('/frozen', '/open/frozen'), 'denied'],
    ['moving a directory above what a rule is for', move('/way', '/open/way'), 'ruled'],
    ['moving one nearer to it', move('/way/to', '/open/to'), 'ruled'],
    ['asking whether it can be moved, too', movable('/way'), 'ruled'],
    ['moving a link that a rule’s path leads through', move('/door', '/open/door'), 'ruled'],
    ['removing that link as a file', remove('/door'), 'ruled'],
    ['removing that link as a directory', removeDirectory('/door'), 'ruled'],
    ['moving a file over that link', move('/open/a', '/door', true), 'ruled'],
    ['moving a directory onto the path of a rule', move('/open/deep', '/later'), 'ruled'],
    ['moving a link there', move('/open/dangling', '/later'), 'ruled'],
    ['changing the root', make('/'), 'exists'],
    ['removing the root', removeDirectory('/'), 'forbidden'],
    ['moving the root', move('/', '/open/root'), 'forbidden'],
    ['replacing the root', replace('/'), 'not-a-file'],
    ['replacing the root through a link', replace('/open/home'), 'not-a-file'],
    ['replacing a directory', replace('/open/deep'), 'not-a-file'],
    ['listing a file', list('/open/a'), 'not-a-directory'],
    ['looking below a file', stat('/open/a/b'), 'not-a-directory'],
    ['looking for what is missing', stat('/open/none'), 'not-found'],
    ['looking for the entry of what is missing', entry('/open/none'), 'not-found'],
    ['removing what is missing', remove('/open/none'), 'not-found'],
    ['moving what is missing', move('/open/none', '/open/some'), 'not-found'],
    ['making below what is missing', make('/open/none/new'), 'not-found'],
    ['leaving the home', stat('/open/out/etc'), 'outside'],
    ['writing outside the home', replace('/open/out/new'), 'outside'],
  ])('%s', async (_what, operation, kind) => {
    await expect(operation(storage)).rejects.toMatchObject({ name: 'StorageError', kind });
  });

  it('is told with the permission, the path, and the object where that is another', async () => {
    const facts = (operation: Promise<unknown>) => operation.catch((error) => error.facts);
    expect(await facts(storage.stat('/closed/inner'))).toEqual({ permission: 'Read', path: '/closed/inner' });
    expect(await facts(storage.stat('/open/gap/inner'))).toEqual({
      permission: 'Read',
      path: '/open/gap/inner',
      object: '/closed/inner',
    });
    expect(await facts(storage.removeFile('/frozen/f'))).toEqual({ permission: 'Write', path: '/frozen/f' });
  });

  it('a link that may not be read refuses what it leads to', async () => {
    rights = rightsOf([...rules.slice(0, 1), deny('/open/gap', 'Read')]);
    await expect(storage.stat('/open/gap/inner/s')).rejects.toMatchObject({ kind: 'denied' });
    await expect(storage.stat('/closed/inner/s')).rejects.toMatchObject({ kind: 'denied' });
  });
});

describe('what rules allow', () => {
  it.each<[string, (port: Storage) => Promise<unknown>]>([
    ['reading what is frozen', read('/frozen/f')],
    ['reading it through a link', read('/open/ice')],
    ['listing it', list('/frozen')],
    ['replacing what cannot be read', replace('/letterbox/l')],
    ['making a file there', replace('/letterbox/new')],
    ['listing above what cannot be read', list('/way/to')],
    ['reading where a link on a rule’s path leads', list('/door')],
    ['reading below the rule', read('/door/room/r')],
    ['asking whether something else can be moved', movable('/open/a')],
    ['replacing the name of a link that leads nowhere', replace('/open/dangling')],
    ['looking at the root', stat('/')],
  ])('%s', async (_what, operation) => {
    await expect(operation(storage)).resolves.not.toThrow();
  });

  it('making, moving and removing what no rule is for', async () => {
    await storage.makeDirectory('/open/made');
    await store(storage, '/open/made/file', 'new');
    await storage.rename('/open/made/file', '/open/made/moved', false);
    await storage.rename('/open/made', '/open/elsewhere', false);
    expect(await readText(storage, '/open/elsewhere/moved')).toBe('new');
    // A file is no way to what a rule is for.
    await storage.rename('/open/elsewhere/moved', '/later', false);
    await storage.removeFile('/later');
    await storage.makeDirectory('/later');
    await storage.removeDirectory('/later');
    await storage.removeDirectory('/open/elsewhere');
    await symlink('deep', host('open/link'));
    await storage.rename('/open/link', '/open/link2', false);
    await storage.removeDirectory('/open/link2');
    expect((await readdir(host('open'))).toSorted()).toEqual(['a', 'dangling', 'deep', 'gap', 'home', 'ice', 'out']);
  });
});

describe('an entry says what the account may do with it', () => {
  const whole = { read: true, write: true, move: true, isFixed: false };
  it.each<[string, string, object]>([
    ['a file', '/open/a', { type: 'file', access: whole }],
    ['the root', '/', { name: '', type: 'directory', access: { ...whole, move: false, isFixed: true } }],
    ['a frozen directory', '/frozen', { access: { read: true, write: false, move: false, isFixed: true } }],
    ['a file in it', '/frozen/f', { access: { read: true, write: false, move: false, isFixed: false } }],
    ['a directory above what a rule is for', '/way/to', { access: { ...whole, move: false, isFixed: true } }],
    [
      'a link on a rule’s path',
      '/door',
      { type: 'link', target: 'hall', access: { ...whole, move: false, isFixed: true } },
    ],
    ['where that link leads', '/hall', { access: { ...whole, move: false, isFixed: true } }],
    ['a link to what can be read', '/open/ice', { type: 'link', target: '../frozen/f', access: whole }],
    ['a link that leads nowhere', '/open/dangling', { type: 'link', target: 'nowhere' }],
  ])('%s', async (_what, path, shown) => {
    expect(await storage.entry(path)).toMatchObject(shown);
  });

  it('and what a link says only where its object can be read', async () => {
    for (const path of ['/open/gap', '/open/out', '/frozen/gap']) {
      const found = await storage.entry(path);
      expect(found).toMatchObject({ type: 'link', facts: { size: 0 } });
      expect(found).not.toHaveProperty('target');
    }
  });

  it('a listing shows the same, and of what cannot be read its name and type alone', async () => {
    const shown = await listAll(storage, '/');
    const byName = new Map(shown.map((each) => [each.name, each]));
    expect([...byName.keys()].toSorted()).toEqual(['closed', 'door', 'frozen', 'hall', 'letterbox', 'open', 'way']);
    const hidden = { read: false, move: false, isFixed: true };
    expect(byName.get('closed')).toEqual({ name: 'closed', type: 'directory', access: { ...hidden, write: false } });
    expect(byName.get('letterbox')).toEqual({
      name: 'letterbox',
      type: 'directory',
      access: { ...hidden, write: true },
    });
    for (const name of ['door', 'frozen', 'hall', 'open', 'way'])
      expect(byName.get(name)).toEqual(await storage.entry(`/${name}`));
    for (const each of await listAll(storage, '/open')) expect(each).toEqual(await storage.entry(`/open/${each.name}`));
  });

  it('a long listing is whole', async () => {
    await mkdir(host('open/long'));
    const names = Array.from({ length: 150 }, (_, index) => `file-${index}`);
    for (const name of names) await writeFile(host(`open/long/${name}`), '');
    expect(await listNames(storage, '/open/long')).toEqual(names.toSorted());
  });
});

describe('without rules below the root', () => {
  const reading = [stat('/open/a'), entry('/open/a'), entry('/'), list('/open'), read('/open/a'), movable('/open/a')];
  const writing = [
    replace('/open/b'),
    append('/open/a'),
    make('/open/b'),
    remove('/open/a'),
    removeDirectory('/open/deep'),
    move('/open/a', '/open/b'),
    replace('/open/dangling'),
    make('/open/none/none'),
  ];

  it('nothing is read by an account that may only write', async () => {
    rights = rightsTo('Write');
    for (const operation of reading) await expect(operation(storage)).rejects.toMatchObject({ kind: 'denied' });
    await expect(append('/open/a')(storage)).resolves.toBeUndefined();
  });

  it('nothing is written by an account that may only read', async () => {
    rights = rightsTo('Read');
    for (const operation of writing) await expect(operation(storage)).rejects.toMatchObject({ kind: 'denied' });
    for (const path of ['/none', '/open/none'])
      await expect(storage.stat(path)).rejects.toMatchObject({ kind: 'not-found' });
    await expect(read('/open/a')(storage)).resolves.toBe('text');
    expect((await storage.entry('/open/a')).access).toEqual({ read: true, write: false, move: false, isFixed: false });
  });

  it('what is missing is denied like what exists', async () => {
    rights = rightsTo();
    for (const path of ['/open/a', '/open/none', '/none/none']) {
      await expect(storage.stat(path)).rejects.toMatchObject({ kind: 'denied', facts: { permission: 'Read', path } });
      await expect(storage.removeFile(path)).rejects.toMatchObject({
        kind: 'denied',
        facts: { permission: 'Write', path },
      });
    }
  });
});
