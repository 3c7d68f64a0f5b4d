/**
 * A disk that fails in the middle of an upload, or at its end: the client is told that it failed, the old file stays whole, and the
 * record says why. What was appended or continued stays, so that the client can go on from there.
 */
import { type FileHandle, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Transfer } from '../../src/operations/audit.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { openData } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite } from '../support/protocol-site.ts';
import { siteFactory } from '../support/site-factory.ts';

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

const refuseSync = (errno: string) => void vi.spyOn(handles, 'datasync').mockRejectedValue(failed(errno));

interface Outcome {
  readonly code: number;
  readonly record: Transfer;
}

async function upload(site: ProtocolSite, commands: readonly string[]): Promise<Outcome> {
  const client = await site.loggedIn();
  const data = await openData(await client.passive(), {
    ...identities.ada,
    ...(client.session && { session: client.session }),
  });
  for (const command of commands.slice(0, -1)) await client.command(command);
  client.write(`${commands.at(-1)}\r\n`);
  data.resume();
  data.end(sent);
  await client.reply();
  const { code } = await client.reply();
  const record = (await site.record(({ event }) => event === 'transfer')) as Transfer;
  expect((await client.command('NOOP')).code).toBe(200);
  client.destroy();
  return { code, record };
}

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
  outcome: Outcome,
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
