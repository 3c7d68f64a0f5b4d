/** Run with a home that holds mounts: a dead one, a second file system, and a directory mounted a second time. */

import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { StorageError } from '../../../src/storage/storage.ts';
import { authorize } from '../../support/authorize.ts';
import { listAll, listNames } from './temporary-home.ts';

const [homeDirectory = ''] = process.argv.slice(2);
const outcome = authorize(
  [
    { accessType: 'Allow', users: '*', permissions: ['Read', 'Write'], path: '/' },
    { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/secret' },
  ],
  { accountName: 'ada', groups: [] },
);
if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
const { accessRights } = outcome;
const home = await openLocalStorage({ homeDirectory, rights: () => accessRights });
const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
  'list the dead mount': () => listNames(home, '/dead'),
  'list what holds it': () => listNames(home, '/'),
  'move a file to another file system': () => home.rename('/file', '/other/file', false),
  'move a directory there': () => home.rename('/directory', '/other/directory', false),
  'replace there': () => home.rename('/file', '/other/file', true),
  'read a denied directory by its second mount': () => home.stat('/again/f'),
  'read a directory of a denied one by its second mount': () => home.stat('/part/g'),
  'look for what is missing there': () => home.stat('/part/none'),
  'read below it': () => home.stat('/part/deep/h'),
  'read a file of a denied directory by its mount': () => home.stat('/one file'),
  'read a directory that is mounted beside it': () => home.stat('/beside/g'),
  'move a mounted directory that a rule is for': () => home.requireMovable('/again'),
};
const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  outcomes[name] = await attempt().then(
    () => 'done',
    (error: unknown) => (error instanceof StorageError ? error.kind : String(error)),
  );
}
const listed = await listAll(home, '/');
console.log(
  JSON.stringify({
    outcomes,
    names: listed.map(({ name }) => name).sort(),
    dead: listed.find(({ name }) => name === 'dead'),
    other: await listNames(home, '/other'),
  }),
);
