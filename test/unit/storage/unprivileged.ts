/** Run with a home to work in: gives up the rights of root where it has them, tries operations, prints the kinds of failure. */
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { StorageError } from '../../../src/storage/storage.ts';
import { fullRights } from '../../support/access-rights.ts';
import { listNames, readText, store } from './temporary-home.ts';

const unprivilegedId = 65_534;
const [homeDirectory = ''] = process.argv.slice(2);
if (process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(unprivilegedId);
  process.setuid?.(unprivilegedId);
}
const storage = await openLocalStorage({ rights: () => fullRights, homeDirectory });
const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
  'read a file without the right to read': () => storage.openRead('/secret'),
  'replace a file without the right to write': () => storage.openWrite('/read-only', { kind: 'replace' }),
  'append to a file without the right to write': () => storage.openWrite('/read-only', { kind: 'append' }),
  'list a directory without the right to read': () => listNames(storage, '/drop'),
  'list a directory without the right to search': () => listNames(storage, '/names-only'),
  'stat in a directory without the right to search': () => storage.stat('/names-only/a'),
  'upload into a directory without the right to write': () => store(storage, '/fixed/a', ''),
  'remove from a directory without the right to write': () => storage.removeDirectory('/fixed/inner'),
  'upload into a directory that may only be written': () => store(storage, '/drop/a', 'dropped'),
  'read by name what was uploaded there': () => readText(storage, '/drop/a'),
};
const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) {
  outcomes[name] = await attempt().then(
    () => 'done',
    (error: unknown) => (error instanceof StorageError ? error.kind : String(error)),
  );
}
console.log(JSON.stringify(outcomes));
