/** What cannot be recorded is not done: every command that reads or changes a file or directory is answered 451 while the audit trail is full. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../support/control-client.ts';
import { createIdentities, type ProtocolSite, startSite } from '../support/protocol-site.ts';

let site: ProtocolSite;
let client: ControlClient;
let before: string;

beforeAll(async () => {
  site = await startSite(await createIdentities(), {
    transferObstacle: 'the disk of the audit file is full',
    fileHandling: { compression: true, allowedModeBits: 0o777, allowSymbolicLinks: true },
  });
  await mkdir(join(site.home, 'docs'));
  for (const name of ['file', 'other', 'docs/inner']) await writeFile(join(site.home, name), `content of ${name}`);
  before = await mkdtemp(join(tmpdir(), 'cardgate-unrecordable-'));
  await cp(site.home, before, { recursive: true });
  client = await site.loggedIn();
});
afterAll(async () => {
  await site.close();
  await rm(before, { recursive: true, force: true });
});

async function contents(root: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(root.length), await readFile(path, 'utf8')] as const)),
  );
}

describe('while no record can be kept', () => {
  it.each([
    ['RETR file'],
    ['STOR file'],
    ['STOR new'],
    ['APPE file'],
    ['STOU'],
    ['REST 3|STOR file'],
    ['RANG 1 2|RETR file'],
    ['TYPE A|RETR file'],
    ['MODE Z|STOR new'],
    ['LIST'],
    ['NLST'],
    ['MLSD'],
    ['HASH file'],
    ['XCRC file'],
    ['XMD5 file 0 3'],
    ['XSHA512 file'],
    ['MD5 file'],
    ['MMD5 file,other'],
    ['COMB file other'],
    ['DELE file'],
    ['MKD new'],
    ['RMD docs'],
    ['RNFR file|RNTO new'],
    ['MFMT 20200101000000 file'],
    ['MFF Modify=20200101000000; file'],
    ['MDTM 20200101000000 file'],
    ['SITE CHMOD 600 file'],
    ['SITE UTIME 20200101000000 file'],
    ['SITE COPY file new'],
    ['SITE CPFR file|SITE CPTO new'],
    ['SITE SYMLINK file link'],
  ])('%s is answered 451, and changes nothing', async (lines) => {
    await client.passive();
    const answers: number[] = [];
    for (const line of lines.split('|')) answers.push((await client.command(line)).code);
    expect(answers.at(-1)).toBe(451);
    for (const line of ['ABOR', 'TYPE I', 'MODE S', 'RANG 1 0']) await client.command(line);
    expect(await contents(site.home)).toEqual(await contents(before));
    expect((await readdir(site.home)).sort()).toEqual(['docs', 'file', 'other']);
    expect(site.audit.filter((record) => record.event === 'transfer')).toEqual([]);
  });
});
