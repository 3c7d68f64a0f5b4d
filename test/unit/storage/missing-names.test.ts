/** Of a name that is missing under a rule that allows, other spellings tell nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { authorize } from '../../support/authorize.ts';
import { createTemporaryHome, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;

beforeEach(async () => {
  place = await createTemporaryHome();
});
afterEach(() => place.remove());

async function openUnder(...rules: Parameters<typeof authorize>[0]): Promise<void> {
  const outcome = authorize(rules, { accountName: 'ada', groups: [] });
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  storage = await openLocalStorage({ homeDirectory: place.home, rights: () => outcome.accessRights });
}

describe('a missing name of a rule that allows', () => {
  beforeEach(() => openUnder({ accessType: 'Allow', users: '*', permissions: ['Read'], path: '/later' }));

  it.each([
    ['/later', 'not-found'],
    ['/later/x', 'not-found'],
    ['/LATER', 'denied'],
    ['/LATER/x', 'denied'],
    ['/later.', 'denied'],
    ['/other', 'denied'],
  ])('%s is %s', async (path, kind) => {
    await expect(storage.stat(path)).rejects.toMatchObject({ kind });
    await expect(storage.entry(path)).rejects.toMatchObject({ kind });
  });
});

describe('a missing name of a rule that denies', () => {
  const common = { users: '*', permissions: ['Read'] } as const;
  beforeEach(() =>
    openUnder({ accessType: 'Allow', ...common, path: '/' }, { accessType: 'Deny', ...common, path: '/later/room' }),
  );

  it.each([
    ['/later/room', 'denied'],
    ['/later/room/x', 'denied'],
    ['/later/ROOM', 'denied'],
    ['/LATER/room/x', 'denied'],
    ['/later', 'not-found'],
    ['/later/other', 'not-found'],
    ['/other/room', 'not-found'],
    ['/room', 'not-found'],
  ])('%s is %s', async (path, kind) => {
    await expect(storage.stat(path)).rejects.toMatchObject({ kind });
    await expect(storage.entry(path)).rejects.toMatchObject({ kind });
  });
});
