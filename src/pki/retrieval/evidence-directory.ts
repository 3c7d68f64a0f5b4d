/**
 * A directory of evidence files that several processes share without locks: each file is written beside its place and renamed
 * into it. Files are bounded in number and octets; only names of this directory's own making are ever read or removed.
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Logger } from '../../operations/log.ts';
import type { Octets } from '../../settings/units.ts';
import { decodeEvidence, encodeEvidence, evidenceFileName } from './evidence-file.ts';
import type { ConfirmedEvidence } from './retrieved-evidence.ts';
import type { RetrievalRequest } from './retriever.ts';

export interface EvidenceDirectoryOptions {
  /** Absolute path; made with mode 0700 when absent. No other user may write there. */
  readonly path: string;
  /** For all files together; the oldest goes first. */
  readonly maximumSize: Octets;
  readonly maximumFiles: number;
  /** Nothing is written, removed or made there. Default `false`. */
  readonly isReadOnly?: boolean;
}

interface EvidenceDirectoryTools {
  readonly clock: Clock;
  readonly logger: Logger;
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

const ownName = /^[0-9a-f]{64}$/;
const ownTemporaryName = /^[0-9a-f]{64}\.[0-9a-f]{16}\.new$/;
/** What is written takes moments; a file that stayed behind for so long belongs to a process that died. */
const temporaryMilliseconds = 600_000;
/** The part of the bounds that may be written before the directory is looked through again. */
const pruningSlack = 16;
const worldWritable = 0o002;

export class EvidenceDirectory {
  readonly #options: EvidenceDirectoryOptions;
  readonly #tools: EvidenceDirectoryTools;
  #isReported = false;
  #isPruning = false;
  #filesUntilPruning = 0;
  #octetsUntilPruning = 0;

  constructor(options: EvidenceDirectoryOptions, tools: EvidenceDirectoryTools) {
    this.#options = options;
    this.#tools = tools;
  }

  /** Undefined when there is none. A file that does not read back is removed, unless read-only. Never rejects. */
  async read(key: string, request: RetrievalRequest): Promise<ConfirmedEvidence | undefined> {
    const path = this.#pathOf(key);
    try {
      const content = await this.#content(path);
      const evidence = content && (await decodeEvidence(content, request));
      if (evidence) return evidence;
      if (this.#options.isReadOnly) return undefined;
      this.#tools.logger.warn('evidence-file-removed', { path, url: request.url });
      await rm(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#report('read', error);
    }
    return undefined;
  }

  /** Never rejects: without a directory, evidence is kept in memory alone. */
  async write(key: string, evidence: ConfirmedEvidence): Promise<void> {
    const { path, maximumSize, isReadOnly } = this.#options;
    if (isReadOnly) return;
    try {
      const parts = await encodeEvidence(evidence);
      const octets = parts.reduce((sum, { length }) => sum + length, 0);
      // It pushes out everything, and then itself.
      if (octets > afterPruning(maximumSize)) return;
      await mkdir(path, { recursive: true, mode: 0o700 });
      if (((await stat(path)).mode & worldWritable) !== 0)
        throw new Error('every user of the machine may write to the directory');
      const temporary = `${this.#pathOf(key)}.${randomBytes(8).toString('hex')}.new`;
      try {
        await writeFile(temporary, parts, { mode: 0o600, flag: 'wx' });
        await rename(temporary, this.#pathOf(key));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      this.#isReported = false;
      await this.#pruneAfter(octets);
    } catch (error) {
      this.#report('written', error);
    }
  }

  #pathOf(key: string): string {
    return join(this.#options.path, evidenceFileName(key));
  }

  /** Undefined when the file could not be evidence. @throws the error of the file system */
  async #content(path: string): Promise<Buffer | undefined> {
    // A link may lead anywhere, and the opening of a named pipe waits for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      const isUsable = found.isFile() && found.size <= this.#options.maximumSize;
      return isUsable ? await file.readFile() : undefined;
    } finally {
      await file.close();
    }
  }

  /** Looks through the directory once in a while only: it may hold a hundred thousand files. */
  async #pruneAfter(octets: number): Promise<void> {
    const { maximumFiles, maximumSize } = this.#options;
    this.#filesUntilPruning -= 1;
    this.#octetsUntilPruning -= octets;
    if (this.#isPruning || (this.#filesUntilPruning >= 0 && this.#octetsUntilPruning >= 0)) return;
    this.#isPruning = true;
    try {
      const { files, size } = await this.#prune();
      // Other processes write too, so not all of the room that is left is for this one.
      this.#filesUntilPruning = Math.min(maximumFiles - files, maximumFiles / pruningSlack) - 1;
      this.#octetsUntilPruning = Math.min(maximumSize - size, maximumSize / pruningSlack) - 1;
    } finally {
      this.#isPruning = false;
    }
  }

  /** What is left. When there was too much, some room is made for what comes next. */
  async #prune(): Promise<{ readonly files: number; readonly size: number }> {
    const { path, maximumFiles, maximumSize } = this.#options;
    const found: FoundFile[] = [];
    for (const name of (await readdir(path)).filter(isOwn)) found.push(...(await filesAt(join(path, name))));
    const [temporary, kept] = [found.filter(isTemporary), found.filter((file) => !isTemporary(file))];
    const oldest = this.#tools.clock.now().getTime() - temporaryMilliseconds;
    for (const { path: file, mtimeMs } of temporary) if (mtimeMs < oldest) await rm(file, { force: true });
    const oldestFirst = kept.sort((left, right) => left.mtimeMs - right.mtimeMs);
    let files = oldestFirst.length;
    let size = oldestFirst.reduce((sum, file) => sum + file.size, 0);
    if (files <= maximumFiles && size <= maximumSize) return { files, size };
    for (const file of oldestFirst) {
      if (files <= afterPruning(maximumFiles) && size <= afterPruning(maximumSize)) break;
      await rm(file.path, { force: true });
      files -= 1;
      size -= file.size;
    }
    return { files, size };
  }

  /** Once, until a file can be written again. */
  #report(what: 'read' | 'written', error: unknown): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const { path } = this.#options;
    this.#tools.logger.error('evidence-directory-unusable', { path, reason: `a file cannot be ${what}`, error });
  }
}

/** None when another process was faster to remove it. */
async function filesAt(path: string): Promise<readonly FoundFile[]> {
  const found = await stat(path).catch(() => undefined);
  return found ? [{ path, size: found.size, mtimeMs: found.mtimeMs }] : [];
}

function isTemporary({ path }: FoundFile): boolean {
  return path.endsWith('.new');
}

function afterPruning(bound: number): number {
  return bound - Math.floor(bound / pruningSlack);
}

function isOwn(name: string): boolean {
  return ownName.test(name) || ownTemporaryName.test(name);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
