/**
 * A file that lines are appended to while log rotation moves, compresses, removes or truncates it. A look at the path comes
 * before and after every write. What went into a file that had just been moved is written again, since the copy that replaces
 * the file may have been made before; so is what was written shortly before a truncation.
 */
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LineTarget } from './line-target.ts';

/** Names, addresses and paths of people are in it. */
const fileMode = 0o640;
const directoryMode = 0o750;
/** Between the end of a copy and the truncation, logrotate waits until the copy is on the disk. */
const copyMilliseconds = 5000;
/** Octets kept to be written again. */
const maximumRecent = 1024 * 1024;
/** The last look before a silence comes this long after the copy must be done. */
const marginMilliseconds = 1000;

/** IOV_MAX of Linux. */
const maximumVector = 1024;

export interface FileTargetOptions {
  /** Whether the directory is made when it is missing, and those above it. Default: a missing one is an error. */
  readonly makesDirectory?: boolean;
  /** What comes before the first line of everything that is opened. Default: nothing. */
  readonly beginning?: () => Buffer;
}

interface Written {
  readonly octets: Buffer;
  readonly at: number;
}

export class FileTarget implements LineTarget {
  readonly name: string;
  readonly #options: FileTargetOptions;
  #handle: FileHandle | undefined;
  /** Given up when the process has no descriptor left, so that the file can be opened all the same. */
  #spare: FileHandle | undefined;
  #device = 0;
  #inode = 0;
  #isPlain = true;
  /** What the file held at least, when it was last looked at, and what was written since. */
  #size = 0;
  /** Whether the last write went into a file that had just been moved, and is written again. */
  #isAgain = false;
  #recent: Written[] = [];
  #recentLength = 0;
  /** Lost to a truncation, to be written before anything else. */
  #owed: Buffer[] = [];
  #later: NodeJS.Timeout | undefined;
  /** Writes, looks and reopenings go one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param path absolute; it is opened with the first line, and made when it is not there */
  constructor(path: string, options: FileTargetOptions = {}) {
    this.name = path;
    this.#options = options;
  }

  /**
   * @returns how many octets lie in the file; what was lost with a moved file is asked for again
   * @throws system errors
   */
  write(octets: Buffer): Promise<number> {
    return this.#inTurn(async () => {
      await this.#look(0);
      const handle = await this.#opened();
      await this.#settleDebt(handle);
      const { bytesWritten } = await handle.write(octets);
      this.#size += bytesWritten;
      this.#remember(octets.subarray(0, bytesWritten));
      this.#lookLater();
      const fate = await this.#look(bytesWritten);
      // Once only: a file system that numbers its files anew each time has every line written for ever.
      const mayBeLost = fate === 'removed' || (fate === 'moved' && !this.#isAgain);
      this.#isAgain = mayBeLost;
      return mayBeLost ? 0 : bytesWritten;
    });
  }

  reopen(): Promise<void> {
    return this.#inTurn(async () => {
      // A file that still is that of its path is kept, and with it what a truncation may take.
      await this.#look(0);
      if (!this.#isPlain) await this.#forget();
      // The administrator who rotates expects the file to be there.
      await this.#settleDebt(await this.#opened());
    }).catch(() => undefined); // The next line says what is wrong.
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      clearTimeout(this.#later);
      try {
        if (this.#handle) await this.#look(0);
        if (this.#owed.length > 0) await this.#settleDebt(await this.#opened());
      } finally {
        // A full disk takes nothing more, and must not keep the descriptors.
        await this.#forget();
        await this.#spare?.close();
        this.#spare = undefined;
      }
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    const handle = await this.#open();
    this.#handle = handle;
    const stats = await handle.stat();
    this.#device = stats.dev;
    this.#inode = stats.ino;
    this.#size = stats.size;
    this.#isPlain = stats.isFile();
    // With what was lost, and before it, so that a write that takes a part of it is gone on with.
    const beginning = this.#options.beginning?.();
    if (beginning) {
      this.#owed.unshift(beginning);
      await this.#settleDebt(handle);
    }
    return handle;
  }

  async #open(): Promise<FileHandle> {
    if (this.#options.makesDirectory) await mkdir(dirname(this.name), { recursive: true, mode: directoryMode });
    try {
      return await open(this.name, 'a', fileMode);
    } catch (error) {
      if (!this.#spare || !isOutOfDescriptors(error)) throw error;
      await this.#spare.close();
      this.#spare = undefined;
      return await open(this.name, 'a', fileMode);
    } finally {
      this.#spare ??= await open('/dev/null', 'r').catch(() => undefined);
    }
  }

  /** @param justWritten octets of the write before @returns `removed` when that write went into a file that has no name any more */
  async #look(justWritten: number): Promise<'current' | 'moved' | 'removed'> {
    const handle = this.#handle;
    if (!handle || !this.#isPlain) return 'current';
    const found = await stat(this.name).catch(() => undefined);
    if (!found || found.dev !== this.#device || found.ino !== this.#inode) {
      const { nlink } = await handle.stat();
      await this.#forget();
      return nlink === 0 ? 'removed' : 'moved';
    }
    if (found.size < this.#size) this.#truncated(found.size >= justWritten ? justWritten : 0);
    this.#size = found.size;
    while (this.#recent[0] && performance.now() - this.#recent[0].at > copyMilliseconds) this.#dropOldest();
    return 'current';
  }

  /** @param standing octets of the last write that stand in the truncated file */
  #truncated(standing: number): void {
    const stands = standing > 0 ? this.#recent.splice(-1) : [];
    const beginning = this.#options.beginning?.();
    if (beginning) this.#owed.push(beginning);
    this.#owed.push(...this.#recent.map(({ octets }) => octets));
    this.#recent = stands;
    this.#recentLength = standing;
    this.#lookLater();
  }

  async #settleDebt(handle: FileHandle): Promise<void> {
    while (this.#owed.length > 0) {
      // At once, so that they stand in the file before it can be copied and truncated again.
      let { bytesWritten } = await handle.writev(this.#owed.slice(0, maximumVector));
      this.#size += bytesWritten;
      while (this.#owed[0] && bytesWritten > 0) {
        const piece = this.#owed[0].subarray(0, bytesWritten);
        // One by one: each is forgotten as its age demands.
        this.#remember(piece);
        bytesWritten -= piece.length;
        if (piece.length < this.#owed[0].length) this.#owed[0] = this.#owed[0].subarray(piece.length);
        else this.#owed.shift();
      }
    }
  }

  #remember(octets: Buffer): void {
    this.#recent.push({ octets, at: performance.now() });
    this.#recentLength += octets.length;
    while (this.#recentLength > maximumRecent) this.#dropOldest();
  }

  /** With what completes its last line, so that no line is written again without its beginning. */
  #dropOldest(): void {
    let dropped: Buffer | undefined;
    do {
      dropped = this.#recent.shift()?.octets;
      this.#recentLength -= dropped?.length ?? 0;
    } while (dropped && dropped.at(-1) !== newline && this.#recent.length > 0);
  }

  /** The last lines before a silence can be lost to a truncation too. */
  #lookLater(): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      void this.#inTurn(async () => {
        await this.#look(0);
        if (this.#owed.length > 0) await this.#settleDebt(await this.#opened());
      })
        .catch(() => undefined)
        .then(() => {
          if (this.#recent.length > 0 || this.#owed.length > 0) this.#lookLater();
        });
    }, copyMilliseconds + marginMilliseconds).unref();
  }

  /** The file is no longer that of the path: what stands in it stays there. */
  async #forget(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    this.#recent = [];
    this.#recentLength = 0;
    await handle?.close().catch(() => undefined);
  }
}

const newline = 0x0a;

function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE';
}
