/** Reading one file as it was when it was opened: never beyond that size, and an error rather than a silent end before it. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { toFileFacts } from './file-facts.ts';
import type { PinnedObject } from './pinned-object.ts';
import { type ReadableFile, StorageError } from './storage.ts';
import { translated } from './storage-errors.ts';

/** Bytes read at a time. Larger chunks cost fewer trips through the thread pool and no more system calls. */
const chunkBytes = 256 * 1024;

/** @param file stays the caller’s to close; the reading has a descriptor of its own */
export async function openForReading(virtualPath: string, file: PinnedObject): Promise<ReadableFile> {
  requireFile(virtualPath, file);
  const facts = toFileFacts(virtualPath.slice(virtualPath.lastIndexOf('/') + 1), file.stats);
  const handle = await open(file.link, constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    facts,
    read: (offset) => chunks(handle, virtualPath, offset, facts.size),
    close: () => handle.close(),
  };
}

/** FIFOs, sockets and devices are never opened for input or output: they could block, or do something. */
export function requireFile(virtualPath: string, object: PinnedObject): void {
  if (!object.stats.isFile()) throw new StorageError('not-a-file', `${virtualPath}: not a regular file`);
}

async function* chunks(handle: FileHandle, virtualPath: string, start: number, end: number): AsyncGenerator<Buffer> {
  for (let position = start; position < end; ) {
    const wanted = Math.min(chunkBytes, end - position);
    const { bytesRead, buffer } = await translated(`read ${virtualPath}`, () =>
      handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position),
    );
    if (bytesRead === 0) throw new StorageError('fault', `read ${virtualPath}: the file was cut short while read`);
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}
