/** Of a name that is missing under a rule that allows, other spellings tell nothing. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { authorize } from '../../../src/authorization/authorization-rules.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { createTemporaryHome, type TemporaryHome } from './temporary-home.ts';

let place: TemporaryHome;
let storage: Storage;

beforeEach(async () => {
  place = await createTemporaryHome();
  const outcome = authorize([{ accessType: 'Allow', users: '*', permissions: ['Read'], path: '/later' }], {
    accountName: 'ada',
    groups: [],
  });
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  storage = await openLocalStorage({ homeDirectory: place.home, rights: () => outcome.accessRights });
});
afterEach(() => place.remove());

describe('a missing name of a rule that allows', () => {
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
