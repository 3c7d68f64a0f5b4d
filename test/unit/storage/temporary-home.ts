/** A home in a temporary directory, with a neighbour that nothing in the home may reach. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DirectoryEntry, ReadableFile, Storage } from '../../../src/storage/storage.ts';

export interface TemporaryHome {
  /** Host path of the home. */
  readonly home: string;
  /** Host path of a directory beside the home that holds `secret.txt` and `inner/`. */
  readonly outside: string;
  remove(): Promise<void>;
}

export async function createTemporaryHome(): Promise<TemporaryHome> {
  const root = await mkdtemp(join(tmpdir(), 'cardgate-storage-'));
  const home = join(root, 'home');
  const outside = join(root, 'outside');
  await mkdir(home);
  await mkdir(join(outside, 'inner'), { recursive: true });
  await writeFile(join(outside, 'secret.txt'), 'secret');
  return { home, outside, remove: () => rm(root, { recursive: true, force: true }) };
}

export async function listAll(storage: Storage, path: string): Promise<DirectoryEntry[]> {
  const entries: DirectoryEntry[] = [];
  for await (const batch of storage.list(path)) entries.push(...batch);
  return entries;
}

export async function listNames(storage: Storage, path: string): Promise<string[]> {
  return (await listAll(storage, path)).map(({ name }) => name).sort();
}

/** All octets from an offset to the end, read a few at a time. */
export async function octetsFrom(file: ReadableFile, offset: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = offset; at < file.facts.size; ) {
    const piece = Buffer.alloc(65_536);
    const length = await file.readInto(piece, at);
    pieces.push(piece.subarray(0, length));
    at += length;
  }
  return Buffer.concat(pieces);
}

export async function readText(storage: Storage, path: string, offset = 0): Promise<string> {
  const file = await storage.openRead(path);
  try {
    return (await octetsFrom(file, offset)).toString();
  } finally {
    await file.close();
  }
}

export async function store(storage: Storage, path: string, text: string): Promise<void> {
  const upload = await storage.openWrite(path, { kind: 'replace' });
  await upload.write(Buffer.from(text));
  await upload.commit();
}
