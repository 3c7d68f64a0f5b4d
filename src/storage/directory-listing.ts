/**
 * Streams a directory without holding it in memory. It leaves out unfinished uploads, links that do not lead to something
 * in the home, and names that no client could send back: control characters and bytes that are not UTF-8.
 */
import type { BigIntStats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import type { Confinement } from './confinement.ts';
import { toFileFacts } from './file-facts.ts';
import type { FileFacts } from './storage.ts';
import { errnoOf, toStorageError } from './storage-errors.ts';
import { isUploadName } from './upload-name.ts';

/** Entries looked at together: enough to keep Node’s four file threads busy, few enough to leave room for others. */
const lookAhead = 16;
/** Directory entries fetched from the kernel per trip through the thread pool. */
const fetchedEntries = 256;

const controlCharacter = /\p{Cc}/u;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export async function* listDirectory(confinement: Confinement, virtualPath: string): AsyncGenerator<FileFacts> {
  try {
    yield* entriesOf(confinement, virtualPath);
  } catch (error) {
    throw toStorageError(error, `list ${virtualPath}`);
  }
}

async function* entriesOf(confinement: Confinement, virtualPath: string): AsyncGenerator<FileFacts> {
  const directory = await confinement.pinDirectory(virtualPath);
  try {
    const factsOf = (name: string) => entryFacts(confinement, { link: directory.link, virtualPath }, name);
    let names: string[] = [];
    for await (const name of namesIn(directory.link)) {
      names.push(name);
      if (names.length < lookAhead) continue;
      yield* present(await Promise.all(names.map(factsOf)));
      names = [];
    }
    yield* present(await Promise.all(names.map(factsOf)));
  } finally {
    await directory.close();
  }
}

/** Names as the kernel hands them out, in its order, those left out that a client could not use. */
export async function* namesIn(hostPath: string): AsyncGenerator<string> {
  /** Read as Latin-1 a name loses nothing, so that bytes that are not UTF-8 are noticed. */
  for await (const entry of await opendir(hostPath, { encoding: 'latin1', bufferSize: fetchedEntries })) {
    const name = decoded(Buffer.from(entry.name, 'latin1'));
    if (name !== undefined && !controlCharacter.test(name)) yield name;
  }
}

function decoded(name: Buffer): string | undefined {
  try {
    return utf8.decode(name);
  } catch {
    return undefined;
  }
}

async function entryFacts(
  confinement: Confinement,
  directory: { readonly link: string; readonly virtualPath: string },
  name: string,
): Promise<FileFacts | undefined> {
  if (isUploadName(name)) return undefined;
  const stats = await lstatUnlessGone(`${directory.link}/${name}`);
  if (!stats?.isSymbolicLink()) return stats && toFileFacts(name, stats);
  const virtualPath = directory.virtualPath === '/' ? `/${name}` : `${directory.virtualPath}/${name}`;
  try {
    return await confinement.withObject(virtualPath, async (target) => toFileFacts(name, target.stats));
  } catch {
    return undefined;
  }
}

/** An entry may go away between reading its name and looking at it. */
async function lstatUnlessGone(hostPath: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(hostPath, { bigint: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function present(facts: readonly (FileFacts | undefined)[]): FileFacts[] {
  return facts.filter((entry) => entry !== undefined);
}
