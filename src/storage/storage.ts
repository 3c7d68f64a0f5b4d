/**
 * The storage port: file operations inside one account's home, under its rights. Paths are virtual: absolute, `/`-separated,
 * normalised, text as `decodeOctets` makes it. Nothing reachable through this interface lies outside the home, and nothing is
 * told or changed that the account may not read or write, whatever links lie in it.
 */
import type { Denial } from '../denial.ts';
import type { Facts } from '../explanation/steps.ts';

export type FileType = 'file' | 'directory' | 'link' | 'other';

export interface FileFacts {
  /** Last path segment; empty for the root. */
  readonly name: string;
  readonly type: FileType;
  /** Bytes; 0 for anything but a file. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** The nine permission bits. */
  readonly mode: number;
  readonly linkCount: number;
  /** Numbers of its owner and group on the host. */
  readonly owner: number;
  readonly group: number;
  /** Equal for two names of the same object, as RFC 3659 7.5.2 `unique` wants it. */
  readonly unique: string;
}

/** What the account may do with an entry; `move`: give it another name or place. */
export interface EntryAccess {
  readonly read: boolean;
  readonly write: boolean;
  readonly move: boolean;
  /** Whether a rule is for it or a rule’s path leads through it: as a link it cannot be removed either. */
  readonly isFixed: boolean;
}

/** A name in a directory, links not followed. */
export interface NamedEntry {
  /** Last path segment; empty for the root. */
  readonly name: string;
  /** `other` where the file system does not even say that much. */
  readonly type: FileType;
}

export interface DirectoryEntry extends NamedEntry {
  readonly access: EntryAccess;
  /** Absent when it cannot be looked at, or the account may not read it. */
  readonly facts?: FileFacts;
  /** A virtual directory, or only the way to one. */
  readonly isVirtual?: true;
  /** What a link says, as a virtual path if it is absolute; absent when that leads out of the home or is not to be read. */
  readonly target?: string;
}

export interface ReadableFile {
  readonly facts: FileFacts;
  /**
   * Reads octets at an offset, as many as the buffer holds and the file had when it was opened.
   * @returns how many, never 0 before that end; a file that was cut short meanwhile is an error
   */
  readInto(buffer: Buffer, offset: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * `replace`: all or nothing under the final name; with `keepsPartial` what came of an upload that is given up stays under a name that was
 * free. `append` and `at`: the existing file grows or is overwritten from an offset in place; with `isHidden` a copy of it does, which
 * takes its place all or nothing.
 */
export type WriteMode =
  | { readonly kind: 'replace'; readonly keepsPartial?: boolean }
  | { readonly kind: 'append'; readonly isHidden?: boolean }
  | { readonly kind: 'at'; readonly offset: number; readonly isHidden?: boolean };

export interface SealedFile {
  /** Absolute host path. */
  readonly file: string;
  /** Of the whole file. */
  readonly bytes: number;
}

export interface Upload {
  readonly bytesWritten: number;
  /** Resolves when the chunk is handed to the file; the caller awaits it before the next (back pressure). */
  write(chunk: Buffer): Promise<void>;
  /**
   * Ends the writing of an upload that is not visible yet, so that it can be examined: nothing writes to the file any more, and `commit` gives its
   * name to that very file, unchanged, or rejects with `changed`.
   * @throws StorageError; `fault` for an upload that is visible while it is written
   */
  seal(): Promise<SealedFile>;
  /**
   * Makes the upload durable and visible under its name; rejects, with nothing made visible, when it is given up before that.
   * @throws StorageError `not-durable` when it is visible, but the disk did not confirm its name
   */
  commit(signal?: AbortSignal): Promise<void>;
  /** Gives the upload up: with `replace` the old file stays as it was. Never rejects. */
  abort(): Promise<void>;
  /** Virtual path of what was kept of an upload that was given up. */
  readonly keptAs?: string | undefined;
}

export interface Storage {
  /** Facts of what the path leads to, links followed. */
  stat(path: string): Promise<FileFacts>;
  /** The name itself, as a listing of its directory shows it. */
  entry(path: string): Promise<DirectoryEntry>;
  /**
   * Entries of a directory in the order of the file system, some at a time or none; the storage’s own temporary files are left out.
   * @param isWanted by its name, whether an entry is looked at; it may throw what ends the listing
   */
  list(path: string, isWanted?: (name: string) => boolean): AsyncIterable<readonly DirectoryEntry[]>;
  /** As `list`, what the directory itself says of its entries: none is looked at. */
  names(path: string, isWanted?: (name: string) => boolean): AsyncIterable<readonly NamedEntry[]>;
  /** Octets that may still be written in a directory, as the file system has it. */
  freeSpace(path: string): Promise<bigint>;
  openRead(path: string): Promise<ReadableFile>;
  /** @param umask permission bits that a file which is made by this does without */
  openWrite(path: string, mode: WriteMode, umask?: number): Promise<Upload>;
  /** @param umask as for `openWrite` */
  makeDirectory(path: string, umask?: number): Promise<void>;
  /** Removes an empty directory, or a link, which is not followed. */
  removeDirectory(path: string): Promise<void>;
  /** Removes anything but a directory; a link is not followed. */
  removeFile(path: string): Promise<void>;
  /** Of a file or a directory; links are followed. */
  setModifiedTime(path: string, time: Date, accessedAt?: Date): Promise<void>;
  /** Of a file or a directory; links are followed. A directory keeps its set-group-ID and sticky bits. */
  setMode(path: string, bits: number): Promise<void>;
  /** Makes a symbolic link to what is there, may be read and lies in the home. */
  makeLink(path: string, target: string): Promise<void>;
  /** Fails as `rename` does for its source. */
  requireMovable(path: string): Promise<void>;
  /** @param replace whether an existing target may be replaced; otherwise `exists` */
  rename(from: string, to: string, replace: boolean): Promise<void>;
}

export type StorageErrorKind =
  | 'not-found'
  | 'exists'
  | 'not-a-file'
  | 'not-a-directory'
  | 'not-empty'
  | 'no-space'
  /** The authorization rules do not allow it. */
  | 'denied'
  /** The file system does not allow it. */
  | 'forbidden'
  /** A link leads out of the home, whether to something or to nothing. */
  | 'outside'
  /** An authorization rule is for it, or its path leads through it. */
  | 'ruled'
  /** Request filtering hides the name, whether it exists or not. */
  | 'hidden'
  /** Request filtering refuses the name. */
  | 'filtered'
  /** Request filtering lets no file become so long. */
  | 'too-large'
  | 'other-file-system'
  | 'name-invalid'
  /** The offset lies beyond the end of the file. */
  | 'beyond-end'
  /** More names, directories or time than one operation may take. */
  | 'too-many'
  /** The new file is whole and in place, but may be gone after a power cut. */
  | 'not-durable'
  /** An upload writes into it. */
  | 'in-use'
  /** The name leads to another file, or other contents, than a moment ago. */
  | 'changed'
  /** A hook of the site refuses it. */
  | 'hook-refused'
  /** A hook of the site gives no answer, and its policy is to refuse. */
  | 'hook-unavailable'
  /** The file system does not answer; whether it has done what was asked is not known. */
  | 'unresponsive'
  | 'fault';

/** Every failure of a storage operation; `message` and `facts` are for the operator, the client is told by kind only. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly kind: StorageErrorKind;
  readonly facts: Facts;
  constructor(kind: StorageErrorKind, message: string, options: ErrorOptions & { readonly facts?: Facts } = {}) {
    super(message, options);
    this.kind = kind;
    this.facts = options.facts ?? {};
  }
}

type RefusedBy = Extract<StorageErrorKind, 'hidden' | 'filtered' | 'too-large'>;

/** What request filtering refuses. */
export class FilteredError extends StorageError {
  readonly denial: Denial;
  constructor(kind: RefusedBy, denial: Denial) {
    super(kind, denial.detail, { facts: denial.facts });
    this.denial = denial;
  }
}
