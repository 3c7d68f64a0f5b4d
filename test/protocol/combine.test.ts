/** COMB over the wire: parts become one file, whole or not at all, under the rights of each. */
import { access, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Storage, StorageError } from '../../src/storage/storage.ts';
import type { ControlClient } from '../support/control-client.ts';
import {
  createIdentities,
  type ProtocolSite,
  type SiteChanges,
  startSite,
  type TestIdentities,
} from '../support/protocol-site.ts';

let identities: TestIdentities;
const sites: ProtocolSite[] = [];
beforeAll(async () => {
  identities = await createIdentities();
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

const rules = [
  { accessType: 'Deny', users: '*', permissions: ['Write'], path: '/kept' },
  { accessType: 'Deny', users: '*', permissions: ['Read'], path: '/dropped' },
  { accessType: 'Deny', users: '*', permissions: ['Read', 'Write'], path: '/secret' },
] as const satisfies SiteChanges['rules'];

async function siteWith(files: Readonly<Record<string, string>>, changes: SiteChanges = {}) {
  const site = await startSite(identities, { rules, ...changes });
  sites.push(site);
  for (const [name, content] of Object.entries(files)) await writeFile(join(site.home, name), content);
  const client: ControlClient = await site.loggedIn();
  return {
    site,
    client,
    say: async (line: string) => (await client.command(line)).code,
    content: (name: string) => readFile(join(site.home, name), 'utf8'),
    names: async () => (await readdir(site.home)).sort(),
    transfers: () => site.audit.filter((record) => record.event === 'transfer'),
  };
}

const parts = { 'part 1': 'one ', part2: 'two ', 'part "3"': 'three' };

describe('COMB', () => {
  it('makes a new file of its parts in their order, and removes them', async () => {
    const { say, content, names, transfers } = await siteWith(parts);
    expect(await say('COMB "whole" "part 1" part2 "part ""3"""')).toBe(250);
    expect(await content('whole')).toBe('one two three');
    expect(await names()).toEqual(['whole']);
    expect(transfers()).toMatchObject([
      {
        operation: 'combine',
        path: '/whole',
        outcome: 'complete',
        bytes: 13,
        facts: { parts: Object.keys(parts).map((name) => `/${name}`) },
      },
      { operation: 'delete', path: '/part 1', outcome: 'complete' },
      { operation: 'delete', path: '/part2', outcome: 'complete' },
      { operation: 'delete', path: '/part "3"', outcome: 'complete' },
    ]);
  });

  it('appends to a target that is there, and keeps its mode', async () => {
    const { say, content, names } = await siteWith({ ...parts, whole: 'zero ' });
    expect(await say('COMB whole "part 1" part2')).toBe(250);
    expect(await content('whole')).toBe('zero one two ');
    expect(await names()).toEqual(['part "3"', 'whole']);
  });

  it('combines files of many buffers', async () => {
    const large = 'x'.repeat(1_000_003);
    const { say, content } = await siteWith({ a: large, b: 'end' });
    expect(await say('COMB whole a b')).toBe(250);
    expect((await content('whole')) === `${large}end`).toBe(true);
  });

  it.each([
    ['one path', 'COMB whole', 501],
    ['an open quotation mark', 'COMB whole "part2', 501],
    ['a part twice', 'COMB whole part2 part2', 501],
    ['a part twice, by another path', 'COMB whole part2 ./part2', 501],
    ['the target among its parts', 'COMB part2 "part 1" part2', 501],
    ['too many parts', `COMB whole ${'x '.repeat(129)}`, 501],
    ['a missing part', 'COMB whole part2 none', 550],
    ['a directory as a part', 'COMB whole part2 directory', 550],
    ['a directory as the target', 'COMB directory part2', 550],
    ['a target in a missing directory', 'COMB none/whole part2', 550],
    ['a part that may not be removed', 'COMB whole part2 kept', 550],
    ['a part that may not be read', 'COMB whole part2 dropped', 550],
    ['a part that may not be known', 'COMB whole part2 secret', 550],
    ['a target that may not be written', 'COMB kept part2', 550],
    ['a target that may not be known', 'COMB secret part2', 550],
    ['a part of no name', 'COMB whole ""', 501],
    ['two spaces', 'COMB whole  part2', 501],
  ])('with %s changes nothing', async (_kind, line, expected) => {
    const files = { ...parts, kept: 'kept', dropped: 'dropped', secret: 'secret' };
    const { site, say, content, names } = await siteWith(files);
    await mkdir(join(site.home, 'directory'));
    expect(await say(line)).toBe(expected);
    expect(await names()).toEqual([...Object.keys(files), 'directory'].sort());
    for (const [name, before] of Object.entries(files)) expect(await content(name)).toBe(before);
  });

  it('tells no difference between a part that may not be known and one that is not there', async () => {
    const { client } = await siteWith({ ...parts, secret: 'x' });
    const { text } = await client.command('COMB whole part2 secret');
    expect((await client.command('COMB whole part2 secret/none')).text).toBe(text);
  });

  it('one file by two links is one file', async () => {
    const { site, say, content } = await siteWith(parts);
    await symlink('part2', join(site.home, 'link'));
    expect(await say('COMB whole part2 link')).toBe(501);
    expect(await content('part2')).toBe('two ');
  });

  const refusing =
    (operation: 'write' | 'commit', kind: 'no-space' | 'fault') =>
    (storage: Storage): Storage => ({
      ...storage,
      openWrite: async (path, mode) => {
        const upload = await storage.openWrite(path, mode);
        const refuse = () => Promise.reject(new StorageError(kind, `${operation}: refused`));
        return {
          bytesWritten: 0,
          write: operation === 'write' ? refuse : (chunk) => upload.write(chunk),
          seal: () => upload.seal(),
          commit: operation === 'commit' ? refuse : (signal) => upload.commit(signal),
          abort: () => upload.abort(),
        };
      },
    });

  it.each([
    ['write', 'no-space', 452],
    ['write', 'fault', 451],
    ['commit', 'fault', 451],
  ] as const)('leaves target and parts as they are when %s fails (%s)', async (operation, kind, expected) => {
    const { say, content, names, transfers } = await siteWith(
      { ...parts, whole: 'zero ' },
      { wrapStorage: refusing(operation, kind) },
    );
    expect(await say('COMB whole part2')).toBe(expected);
    expect(await content('whole')).toBe('zero ');
    expect(await names()).toEqual([...Object.keys(parts), 'whole'].sort());
    expect(transfers()).toMatchObject([{ operation: 'combine', outcome: 'failed' }]);
  });

  it('does not remove a part that came anew while it was combined', async () => {
    let home = '';
    const replacing = (storage: Storage): Storage => ({
      ...storage,
      openWrite: async (path, mode) => {
        const upload = await storage.openWrite(path, mode);
        const commit = async (signal?: AbortSignal) => {
          await upload.commit(signal);
          await writeFile(join(home, 'part2'), 'a new upload');
        };
        const seal = () => upload.seal();
        return { bytesWritten: 0, write: (chunk) => upload.write(chunk), seal, commit, abort: () => upload.abort() };
      },
    });
    const { site, say, content, transfers } = await siteWith(parts, { wrapStorage: replacing });
    home = site.home;
    expect(await say('COMB whole part2 "part 1"')).toBe(451);
    expect(await content('whole')).toBe('two one ');
    expect(await content('part2')).toBe('a new upload');
    await expect(access(join(site.home, 'part 1'))).rejects.toThrow('ENOENT');
    expect(transfers()).toMatchObject([
      { operation: 'combine', outcome: 'complete' },
      { operation: 'delete', path: '/part2', outcome: 'failed' },
      { operation: 'delete', path: '/part 1', outcome: 'complete' },
    ]);
  });

  it('is given up by ABOR, and nothing has changed', async () => {
    const hold = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const holding = (storage: Storage): Storage => ({
      ...storage,
      openWrite: async (path, mode) => {
        const upload = await storage.openWrite(path, mode);
        const write = async (chunk: Buffer) => {
          begun.resolve();
          await hold.promise;
          await upload.write(chunk);
        };
        return {
          bytesWritten: 0,
          write,
          seal: () => upload.seal(),
          commit: (signal) => upload.commit(signal),
          // What clears away takes its time, and the reply waits for it.
          abort: () => delay(50).then(() => upload.abort()),
        };
      },
    });
    const { client, names, transfers } = await siteWith(parts, { wrapStorage: holding });
    client.write('COMB whole part2 "part 1"\r\n');
    await begun.promise;
    // Both come together, so the answer to the first says that the second is heard.
    client.write('STAT\r\nABOR\r\n');
    expect((await client.reply()).code).toBe(211);
    hold.resolve();
    expect([(await client.reply()).code, (await client.reply()).code]).toEqual([426, 226]);
    expect(await names()).toEqual(Object.keys(parts).sort());
    expect(transfers()).toMatchObject([{ operation: 'combine', outcome: 'aborted' }]);
  });
});
