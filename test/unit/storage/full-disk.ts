/** Run on a file system of 256 KiB: fills it by an upload over a file, and prints what became of everything. */
import { readdir } from 'node:fs/promises';
import { openLocalStorage } from '../../../src/storage/local-storage.ts';
import { StorageError } from '../../../src/storage/storage.ts';
import { fullRights } from '../../support/access-rights.ts';
import { readText, store } from './temporary-home.ts';

const [homeDirectory = ''] = process.argv.slice(2);
const storage = await openLocalStorage({ rights: () => fullRights, homeDirectory });
await store(storage, '/old.txt', 'old contents');
const upload = await storage.openWrite('/old.txt', { kind: 'replace' });
let failure: unknown;
try {
  for (;;) await upload.write(Buffer.alloc(10_000));
} catch (error) {
  failure = error;
}
await upload.abort();
const afterAbort = { text: await readText(storage, '/old.txt'), names: await readdir(homeDirectory) };
await store(storage, '/old.txt', 'there is room again');
console.log(
  JSON.stringify({
    kind: failure instanceof StorageError ? failure.kind : String(failure),
    bytesWritten: upload.bytesWritten,
    afterAbort,
    later: await readText(storage, '/old.txt'),
  }),
);
