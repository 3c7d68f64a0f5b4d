/**
 * The storage port: file operations inside one account's home. Paths are virtual: absolute, `/`-separated, normalised, and
 * nothing reachable through this interface lies outside the home, whatever links lie in it.
 */
import type { Readable } from 'node:stream';

export interface FileFacts {
  /** Last path segment; empty for the root. */
  readonly name: string;
  readonly type: 'file' | 'directory' | 'other';
  /** Bytes; 0 for anything but a file. */
  readonly size: number;
  readonly modifiedAt: Date;
  /** The nine permission bits. */
  readonly mode: number;
  readonly linkCount: number;
  /** Equal for two names of the same object, as RFC 3659 7.5.2 `unique` wants it. */
  readonly unique: string;
}

export interface ReadableFile {
  readonly facts: FileFacts;
  /** Bytes from `offset` to the end as it was when the file was opened. May be called once. */
  read(offset: number): Readable;
  close(): Promise<void>;
}

/** `replace`: all or nothing under the final name. `append` and `at`: the existing file grows or is overwritten from an offset in place. */
export type WriteMode =
  | { readonly kind: 'replace' }
  | { readonly kind: 'append' }
  | { readonly kind: 'at'; readonly offset: number };

export interface Upload {
  readonly bytesWritten: number;
  /** Resolves when the chunk is handed to the file; the caller awaits it before the next (back pressure). */
  write(chunk: Buffer): Promise<void>;
  /** Makes the upload durable and visible under its name; rejects, with nothing made visible, when it is given up before that. */
  commit(signal?: AbortSignal): Promise<void>;
  /** Gives the upload up: with `replace` the old file stays as it was. Never rejects. */
  abort(): Promise<void>;
}

export interface Storage {
  stat(path: string): Promise<FileFacts>;
  /** Entries of a directory in the order of the file system; the storage’s own temporary files are left out. */
  list(path: string): AsyncIterable<FileFacts>;
  openRead(path: string): Promise<ReadableFile>;
  openWrite(path: string, mode: WriteMode): Promise<Upload>;
  makeDirectory(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
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
  | 'forbidden'
  | 'name-invalid'
  /** The offset lies beyond the end of the file. */
  | 'beyond-end'
  | 'fault';

/** Every failure of a storage operation; `message` is for the log, the client is told by kind only. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly kind: StorageErrorKind;
  constructor(kind: StorageErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
