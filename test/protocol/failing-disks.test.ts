/**
 * A disk that fails in the middle of an upload, or at its end: the client is told that it failed, the old file stays whole, and the
 * record says why. What was appended or continued stays, so that the client can go on from there.
 */
import { spawnSync } from 'node:child_process';
import { type FileHandle, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { StorageError } from '../../src/storage/storage.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';
import { type UploadOutcome, uploadTo } from '../support/upload-outcome.ts';

const identities = await createIdentities();
const siteWith = siteFactory(identities);

const kibibyte = 1024;
const sent = Buffer.alloc(4096 * kibibyte, 'n');
const old = Buffer.alloc(100 * kibibyte, 'o');

/** What every open file of this process inherits. */
let handles: FileHandle;
beforeAll(async () => {
  const handle = await open('/dev/null');
  handles = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
});
afterEach(() => void vi.restoreAllMocks());

const failed = (errno: string) => Object.assign(new Error(`${errno}: as a disk reports it`), { code: errno });

/** From now on files take so many octets together, the last of them by a short write, as write(2) does at the edge. */
function takeOctets(room: number, errno: string): void {
  const write = handles.write as (...words: readonly unknown[]) => Promise<{ bytesWritten: number }>;
  let left = room;
  vi.spyOn(handles, 'write').mockImplementation(async function (this: FileHandle, ...words: readonly unknown[]) {
    const [chunk, offset, length, position] = words as [Buffer, number, number, number | null];
    if (left === 0) throw failed(errno);
    const some = Math.min(left, length);
    left -= some;
    return write.call(this, chunk, offset, some, position) as never;
  });
}

/** The directory that holds the new name; files themselves are put on the disk by fdatasync. */
const refuseDirectorySync = (errno: string) => void vi.spyOn(handles, 'sync').mockRejectedValue(failed(errno));
const refuseSync = (errno: string) => void vi.spyOn(handles, 'datasync').mockRejectedValue(failed(errno));

const upload = (site: ProtocolSite, commands: readonly string[]) => uploadTo(site, commands, sent);

const errors = [
  ['ENOSPC', 452],
  ['EDQUOT', 452],
  ['EFBIG', 452],
  ['EIO', 451],
] as const;
const room = 1000 * kibibyte;
const arrived = (before: Buffer) => Buffer.concat([before, sent.subarray(0, room)]);

const kinds = [
  ['STOR over a file', ['STOR file'], old, old],
  ['STOR of a new file', ['STOR file'], undefined, undefined],
  ['APPE', ['APPE file'], old, arrived(old)],
  ['APPE of a new file', ['APPE file'], undefined, arrived(Buffer.alloc(0))],
  ['REST and STOR', ['REST 1000', 'STOR file'], old, arrived(old.subarray(0, 1000))],
] as const;

async function expectFailure(
  site: ProtocolSite,
  outcome: UploadOutcome,
  code: number,
  errno: string,
  file: Buffer | undefined,
) {
  expect(outcome.code).toBe(code);
  expect(outcome.record).toMatchObject({ outcome: 'failed', facts: { reason: expect.stringContaining(errno) } });
  expect(await readdir(site.home)).toEqual(file ? ['file'] : []);
  if (file) expect((await readFile(join(site.home, 'file'))).equals(file)).toBe(true);
}

describe.each(errors)('%s is answered %d', (errno, code) => {
  it.each(kinds)('in the middle of %s', async (_kind, commands, before, after) => {
    const site = await siteWith();
    if (before) await writeFile(join(site.home, 'file'), before);
    takeOctets(room, errno);
    await expectFailure(site, await upload(site, commands), code, errno, after);
  });

  it.each(kinds)('when the octets of %s are to be on the disk', async (_kind, commands, before) => {
    const site = await siteWith();
    if (before) await writeFile(join(site.home, 'file'), before);
    refuseSync(errno);
    const inPlace = commands.at(-1) === 'APPE file' ? Buffer.concat([before ?? Buffer.alloc(0), sent]) : undefined;
    const continued = commands.length === 2 ? Buffer.concat([old.subarray(0, 1000), sent]) : undefined;
    await expectFailure(site, await upload(site, commands), code, errno, inPlace ?? continued ?? before);
  });
});

describe('a disk that is full', () => {
  const namespace = ['--user', '--map-root-user', '--mount'];
  const canMount = spawnSync('unshare', [...namespace, 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;

  it('is answered 452, keeps what was there, gives back the space of a failed file, and serves on', async ({
    skip,
  }) => {
    if (!canMount) skip('this machine does not let the tests mount a small disk');
    const disk = await mkdtemp(join(tmpdir(), 'cardgate-disk-'));
    const script = 'mount -t tmpfs -o size=1m none "$0" && TMPDIR="$0" exec "$@"';
    const site = join(import.meta.dirname, 'full-disk-site.ts');
    const words = [...namespace, 'sh', '-c', script, disk, process.execPath, site];
    const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', timeout: 60_000 });
    await rm(disk, { recursive: true });
    const common = { code: 452, outcome: 'failed', reason: expect.stringContaining('ENOSPC'), later: 226 };
    const whole = { ...common, isOldWhole: true, isSpaceFreed: true };
    const grown = { ...common, names: ['file'], isOldWhole: false, isPrefixOfBoth: true };
    expect(JSON.parse(stdout || JSON.stringify({ stderr }))).toMatchObject({
      'STOR over a file': { ...whole, names: ['file'] },
      'STOR of a new file': { ...whole, names: [] },
      APPE: grown,
      'APPE of a new file': grown,
      'REST and STOR': grown,
    });
  });
});

describe('a file that is in place, but whose name the disk does not confirm', () => {
  it.each([
    ['STOR over a file', 'STOR file', old, 'EIO'],
    ['STOR of a new file', 'STOR file', undefined, 'ENOSPC'],
    ['APPE of a new file', 'APPE file', undefined, 'EDQUOT'],
  ])(
    '%s is answered 451 and recorded as failed, and both say that the file is there',
    async (_kind, command, before, errno) => {
      const site = await siteWith();
      if (before) await writeFile(join(site.home, 'file'), before);
      refuseDirectorySync(errno);
      const outcome = await upload(site, [command]);
      expect(outcome.text).toContain('in place');
      await expectFailure(site, outcome, 451, errno, sent);
      expect(outcome.record.facts?.['reason']).toContain('whole and in place');
    },
  );

  it.each(['EACCES', 'EINVAL', 'ENOTSUP'])(
    'is stored where directories cannot be put on the disk at all (%s)',
    async (errno) => {
      const site = await siteWith();
      refuseDirectorySync(errno);
      expect(await upload(site, ['STOR file'])).toMatchObject({ code: 226, record: { outcome: 'complete' } });
    },
  );
});

describe('what the disk does not let begin is recorded with its reason', () => {
  const broken = (kind: 'no-space' | 'fault', errno: string) =>
    siteWith({
      wrapStorage: (storage) => {
        const refuse = (what: string) => () => Promise.reject(new StorageError(kind, `${what}: ${errno}`));
        const openRead = refuse('open');
        const openWrite = refuse('store');
        return { ...storage, openRead, openWrite, makeDirectory: refuse('make'), removeFile: refuse('remove') };
      },
    });

  it.each([
    ['STOR file', 'store'],
    ['APPE file', 'append'],
    ['RETR file', 'retrieve'],
    ['MKD file', 'make-directory'],
    ['DELE file', 'delete'],
  ])('%s', async (command, operation) => {
    for (const [kind, errno, code] of [
      ['no-space', 'EDQUOT', 452],
      ['fault', 'EIO', 451],
    ] as const) {
      const site = await broken(kind, errno);
      const client = await site.loggedIn();
      await client.passive();
      expect((await client.command(command)).code).toBe(code);
      const record = await site.record(({ event }) => event === 'transfer');
      expect(record).toMatchObject({ operation, outcome: 'failed', facts: { reason: expect.stringContaining(errno) } });
      client.destroy();
    }
  });
});
