/** What an entry tells: a link in its own words where they lead to what may be read, and rights by the object. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { fullRights } from '../../support/access-rights.ts';
import { authorize } from '../../support/authorize.ts';
import { createTemporaryHome, listAll, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;
const host = (path: string) => join(place.home, path);

beforeEach(async () => {
  place = await createTemporaryHome();
  await mkdir(host('docs/inner'), { recursive: true });
  await mkdir(host('secret/room'), { recursive: true });
  for (const file of ['docs/f', 'secret/room/s']) await writeFile(host(file), 'text');
  storage = await openLocalStorage({ rights: () => fullRights, homeDirectory: place.home });
});
afterEach(() => place.remove());

describe('a link', () => {
  it.each([
    ['with a slash behind its target', 'link', 'docs/', 'docs/'],
    ['that is absolute and stays in the home', 'link', () => host('docs/f'), '/docs/f'],
    ['to the home itself', 'link', () => place.home, '/'],
    ['in a directory', 'docs/link', 'inner', 'inner'],
    ['in a directory, to one beside that', 'docs/link', '../secret/room', '../secret/room'],
    ['that leads nowhere', 'docs/link', 'none', 'none'],
    ['that leads to itself', 'docs/link', 'link', 'link'],
    ['through a file', 'docs/link', 'f/x', 'f/x'],
    ['out of the home', 'docs/link', '../../outside', undefined],
    ['out of the home, absolute', 'docs/link', () => place.outside, undefined],
    ['to nothing out of the home', 'docs/link', '../../none', undefined],
  ])('%s', async (_what, name, target, said) => {
    await symlink(typeof target === 'string' ? target : target(), host(name));
    const shown = { name: 'link', type: 'link', facts: { name: 'link', type: 'link', size: 0 } };
    const entry = await storage.entry(`/${name}`);
    expect(entry).toMatchObject(shown);
    expect(entry.target).toBe(said);
    const listed = await listAll(storage, name.startsWith('docs') ? '/docs' : '/');
    expect(listed.find(({ type }) => type === 'link')).toEqual(entry);
  });

  it('to what may not be read says nothing of it', async () => {
    await symlink('../secret/room', host('docs/link'));
    const outcome = authorize(
      [
        { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' },
        { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/secret' },
      ],
      { accountName: 'ada', groups: [] },
    );
    if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
    const ruled = await openLocalStorage({ rights: () => outcome.accessRights, homeDirectory: place.home });
    expect((await ruled.entry('/docs/link')).target).toBeUndefined();
  });
});

describe('rights to an entry', () => {
  it('below what a rule reaches through a link are those of the object', async () => {
    await symlink('secret', host('door'));
    const outcome = authorize(
      [
        { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' },
        { accessType: 'Deny', users: '*', permissions: ['Write'], path: '/door/room' },
      ],
      { accountName: 'ada', groups: [] },
    );
    if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
    const ruled = await openLocalStorage({ rights: () => outcome.accessRights, homeDirectory: place.home });
    const access = { read: true, write: false, move: false, isFixed: false };
    expect(await ruled.entry('/secret/room/s')).toMatchObject({ access });
    expect(await listAll(ruled, '/secret/room')).toMatchObject([{ name: 's', access }]);
  });

  it('let the home itself stay where it is', async () => {
    expect(await storage.entry('/')).toMatchObject({
      name: '',
      type: 'directory',
      access: { read: true, write: true, move: false, isFixed: false },
      facts: { name: '', type: 'directory' },
    });
  });

  it('are those of the site where a rule is for another account', async () => {
    const rights = { ...fullRights, fixedPaths: ['/docs/inner'] };
    const fixed = await openLocalStorage({ rights: () => rights, homeDirectory: place.home });
    for (const path of ['/', '/docs', '/docs/inner'])
      expect((await fixed.entry(path)).access).toMatchObject({ write: true, move: false, isFixed: true });
    expect((await fixed.entry('/docs/f')).access).toMatchObject({ move: true, isFixed: false });
  });
});

describe('a file that is read', () => {
  it('is called by its last name, and gives what it held when it was opened', async () => {
    const file = await storage.openRead('/docs/f');
    expect(file.facts.name).toBe('f');
    await writeFile(host('docs/f'), ' and more', { flag: 'a' });
    const buffer = Buffer.alloc(20);
    expect(await file.readInto(buffer, 1)).toBe(3);
    expect(buffer.toString('utf8', 0, 4)).toBe('ext\0');
    for (const end of [4, 5, 99]) expect(await file.readInto(buffer, end)).toBe(0);
    expect(await file.readInto(Buffer.alloc(2), 0)).toBe(2);
    await file.close();
  });
});
