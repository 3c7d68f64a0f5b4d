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
import { decodeEvidence, encodeEvidence, evidenceFileName } from './evidence-file.ts';
import type { ConfirmedEvidence } from './evidence-store.ts';
import type { RetrievalRequest } from './retriever.ts';

export interface EvidenceDirectoryOptions {
  /** Absolute path; made with mode 0700 when absent. Nobody else may write there. */
  readonly path: string;
  /** For all files together; the oldest goes first. */
  readonly maximumOctets: number;
  readonly maximumFiles: number;
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

const ownName = /^[0-9a-f]{64}$/;
const ownTemporaryName = /^[0-9a-f]{64}\.[0-9a-f]{16}\.new$/;
/** What is written takes moments; a file that stayed behind for so long belongs to a process that died. */
const temporaryMilliseconds = 600_000;
const worldWritable = 0o002;

export class EvidenceDirectory {
  readonly #options: EvidenceDirectoryOptions;
  readonly #tools: Tools;
  #isReported = false;

  constructor(options: EvidenceDirectoryOptions, tools: Tools) {
    this.#options = options;
    this.#tools = tools;
  }

  /** Undefined when there is none. A file that does not read back is removed. Never rejects. */
  async read(key: string, request: RetrievalRequest): Promise<ConfirmedEvidence | undefined> {
    const path = this.#pathOf(key);
    try {
      const content = await this.#content(path);
      const evidence = content && (await decodeEvidence(content, request));
      if (evidence) return evidence;
      this.#tools.logger.warn('evidence-file-removed', { path, url: request.url });
      await rm(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') this.#report('read', error);
    }
    return undefined;
  }

  /** Never rejects: without a directory, evidence is kept in memory alone. */
  async write(key: string, evidence: ConfirmedEvidence): Promise<void> {
    const { path, maximumOctets } = this.#options;
    try {
      const content = await encodeEvidence(evidence);
      if (content.length > maximumOctets) return;
      await mkdir(path, { recursive: true, mode: 0o700 });
      if (((await stat(path)).mode & worldWritable) !== 0) throw new Error('everybody may write to the directory');
      const temporary = `${this.#pathOf(key)}.${randomBytes(8).toString('hex')}.new`;
      try {
        await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
        await rename(temporary, this.#pathOf(key));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      this.#isReported = false;
      await this.#prune();
    } catch (error) {
      this.#report('written', error);
    }
  }

  #pathOf(key: string): string {
    return join(this.#options.path, evidenceFileName(key));
  }

  /** Undefined when it is no file that could be evidence. @throws the error of the file system */
  async #content(path: string): Promise<Buffer | undefined> {
    // A link may lead anywhere, and the opening of a named pipe would wait for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      const isUsable = found.isFile() && found.size <= this.#options.maximumOctets;
      return isUsable ? await file.readFile() : undefined;
    } finally {
      await file.close();
    }
  }

  async #prune(): Promise<void> {
    const { path, maximumFiles, maximumOctets } = this.#options;
    const names = await readdir(path);
    const files = await Promise.all(names.filter(isOwn).map((name) => this.#fileAt(join(path, name))));
    const newestFirst = files.filter((file) => file !== undefined).sort((left, right) => right.mtimeMs - left.mtimeMs);
    const oldest = this.#tools.clock.now().getTime() - temporaryMilliseconds;
    let octets = 0;
    let count = 0;
    for (const { path: file, size, mtimeMs } of newestFirst) {
      const isLeftover = file.endsWith('.new');
      if (!isLeftover) {
        octets += size;
        count += 1;
      }
      if (isLeftover ? mtimeMs < oldest : count > maximumFiles || octets > maximumOctets)
        await rm(file, { force: true });
    }
  }

  /** Undefined when another process was faster to remove it. */
  async #fileAt(path: string) {
    const found = await stat(path).catch(() => undefined);
    return found && { path, size: found.size, mtimeMs: found.mtimeMs };
  }

  /** Once, until a file can be written again. */
  #report(what: 'read' | 'written', error: unknown): void {
    if (this.#isReported) return;
    this.#isReported = true;
    const { path } = this.#options;
    this.#tools.logger.error('evidence-directory-unusable', { path, reason: `a file cannot be ${what}`, error });
  }
}

function isOwn(name: string): boolean {
  return ownName.test(name) || ownTemporaryName.test(name);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
