/**
 * Run with TMPDIR on a file system of 1 MiB: serves a home on it, fills it by uploads of every kind, and prints for each what the
 * client heard, what was recorded, and what is on the disk then.
 */
import { readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createIdentities, startSite } from '../support/protocol-site.ts';
import { uploadTo } from '../support/upload-outcome.ts';

const site = await startSite(await createIdentities());
const file = join(site.home, 'file');
const old = Buffer.alloc(100 * 1024, 'o');
const sent = Buffer.alloc(4096 * 1024, 'n');
const freeBlocks = async () => (await statfs(site.home)).bavail;

const kinds = {
  'STOR over a file': { commands: ['STOR file'], isThere: true, kept: old.length },
  'STOR of a new file': { commands: ['STOR file'], isThere: false, kept: 0 },
  APPE: { commands: ['APPE file'], isThere: true, kept: old.length },
  'APPE of a new file': { commands: ['APPE file'], isThere: false, kept: 0 },
  'REST and STOR': { commands: ['REST 1000', 'STOR file'], isThere: true, kept: 1000 },
};

const outcomes: Record<string, object> = {};
for (const [kind, { commands, isThere, kept }] of Object.entries(kinds)) {
  if (isThere) await writeFile(file, old);
  const before = await freeBlocks();
  const { code, record } = await uploadTo(site, commands, sent);
  const names = await readdir(site.home);
  const content = names.includes('file') ? await readFile(file) : Buffer.alloc(0);
  const afterwards = await freeBlocks();
  await rm(file, { force: true });
  const later = await uploadTo(site, ['STOR later'], old);
  await rm(join(site.home, 'later'));
  outcomes[kind] = {
    code,
    outcome: record.outcome,
    reason: record.facts?.['reason'],
    names,
    isOldWhole: content.equals(isThere ? old : Buffer.alloc(0)),
    isPrefixOfBoth: Buffer.concat([old.subarray(0, kept), sent])
      .subarray(0, content.length)
      .equals(content),
    isSpaceFreed: afterwards === before,
    later: later.code,
  };
}
await site.close();
console.log(JSON.stringify(outcomes));
