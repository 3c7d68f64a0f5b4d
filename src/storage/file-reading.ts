/** Reading one file as it was when it was opened: never beyond that size, and an error rather than a silent end before it. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { toFileFacts } from './file-facts.ts';
import type { PinnedObject } from './pinned-object.ts';
import { type ReadableFile, StorageError } from './storage.ts';
import { translated } from './storage-errors.ts';

/** @param file stays the caller’s to close; the reading has a descriptor of its own */
export async function openForReading(virtualPath: string, file: PinnedObject): Promise<ReadableFile> {
  requireFile(virtualPath, file);
  const facts = toFileFacts(virtualPath.slice(virtualPath.lastIndexOf('/') + 1), file.stats);
  const handle = await open(file.link, constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    facts,
    readInto: (buffer, offset) => readInto(handle, virtualPath, buffer, offset, facts.size),
    close: () => handle.close(),
  };
}

/**
 * FIFOs, sockets and devices are never opened for input or output: they could block, or do something.
 * @throws StorageError for anything but a plain file
 */
export function requireFile(virtualPath: string, object: PinnedObject): void {
  if (!object.stats.isFile()) throw new StorageError('not-a-file', `${virtualPath}: not a regular file`);
}

async function readInto(handle: FileHandle, virtualPath: string, buffer: Buffer, offset: number, size: number) {
  const wanted = Math.min(buffer.length, size - offset);
  if (wanted <= 0) return 0;
  return translated(`read ${virtualPath}`, async () => {
    const { bytesRead } = await handle.read(buffer, 0, wanted, offset);
    if (bytesRead === 0) throw new StorageError('fault', `read ${virtualPath}: the file was cut short while read`);
    return bytesRead;
  });
}
