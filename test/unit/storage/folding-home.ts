/** Run with a home on a file system that folds letter case: tries to pass rules by other spellings, prints what came of it. */
import type { AuthorizationRule } from '../../../src/authorization/authorization-rules.ts';
import { HomeLocation } from '../../../src/storage/home-location.ts';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { StorageError } from '../../../src/storage/storage.ts';
import { VirtualTree } from '../../../src/storage/tree/virtual-tree.ts';
import { authorize } from '../../support/authorize.ts';
import { listAll, listNames, readText, store } from './temporary-home.ts';

const [homeDirectory = ''] = process.argv.slice(2);

function rightsUnder(...rules: readonly Omit<AuthorizationRule, 'users'>[]) {
  const outcome = authorize(
    rules.map((rule) => ({ ...rule, users: '*' })),
    { accountName: 'ada', groups: [] },
  );
  if (outcome.outcome === 'denied') throw new Error(outcome.denial.detail);
  return outcome.accessRights;
}

function homeUnder(...rules: readonly Omit<AuthorizationRule, 'users'>[]) {
  const rights = rightsUnder(...rules);
  return openLocalStorage({ homeDirectory, rights: () => rights });
}

const both = ['Read', 'Write'] as const;
const everything = { accessType: 'Allow', permissions: both, path: '/' } as const;
const home = await homeUnder(
  everything,
  { accessType: 'Deny', permissions: both, path: '/private' },
  { accessType: 'Deny', permissions: both, path: '/öpen/later' },
);
const reading = await homeUnder(
  { accessType: 'Allow', permissions: ['Read'], path: '/private' },
  { accessType: 'Allow', permissions: ['Read'], path: '/öpen' },
);
const free = await homeUnder(everything);
const tree = new VirtualTree(new HomeLocation(homeDirectory), [{ path: '/private', physicalPath: '/elsewhere' }]);
const covered = await openLocalStorage({
  homeDirectory,
  part: { tree, at: '/' },
  rights: () => rightsUnder(everything),
});

const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
  'read /PRIVATE/s.txt': () => home.openRead('/PRIVATE/s.txt'),
  'list /Private': () => listNames(home, '/Private'),
  'list /pRIVATE': () => listNames(home, '/pRIVATE'),
  'store /PRIVATE/new': () => store(home, '/PRIVATE/new', 'x'),
  'move /PRIVATE': () => home.requireMovable('/PRIVATE'),
  'move a.txt into /PrivatE': () => home.rename('/a.txt', '/PrivatE/a.txt', false),
  'make /ÖPEN/LATER': () => home.makeDirectory('/ÖPEN/LATER'),
  'store /Öpen/Later': () => store(home, '/Öpen/Later', 'x'),
  'move a.txt to /öpen/LATER': () => home.rename('/a.txt', '/öpen/LATER', false),
  'make /Öpen/other': () => home.makeDirectory('/Öpen/other'),
  'look at /Öpen/OTHER': () => home.stat('/öPEN/OTHER'),
  'an Allow reaches other letters': () => reading.stat('/PRIVATE/S.TXT'),
  'an Allow reaches nothing beside': () => reading.stat('/a.txt'),
  'read where no rule is': () => readText(free, '/A.TXT'),
  'read what a virtual directory covers': () => covered.openRead('/PRIVATE/s.txt'),
  'move what a virtual directory covers': () => covered.requireMovable('/PRIVATE'),
};
const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  outcomes[name] = await attempt().then(
    () => 'done',
    (error: unknown) => (error instanceof StorageError ? error.kind : String(error)),
  );
}
const listed = await listAll(free, '/');
const of = (name: string) => listed.find((entry) => entry.name === name);
console.log(
  JSON.stringify({
    outcomes,
    listed: listed.length,
    inOpen: await listNames(free, '/öpen'),
    broken: { ...of('broken'), access: undefined },
    whole: { type: of('ä299')?.type, size: of('a.txt')?.facts?.size },
  }),
);
