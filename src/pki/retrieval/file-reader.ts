/** Reads what a `file:` URL names, when it is a regular file below one of the given directories, symbolic links resolved. */

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Octets } from '../../settings/units.ts';
import { RetrievalError } from './retrieval-error.ts';

/**
 * @param directories absolute paths
 * @throws RetrievalError, or the error of the file system
 */
export async function readFileUrl(url: URL, directories: readonly string[], maximumSize: Octets): Promise<Buffer> {
  if (url.hostname !== '' && url.hostname !== 'localhost') throw new RetrievalError('the file is of another machine');
  const path = await realpath(fileURLToPath(new URL(url.pathname, 'file:///')));
  const allowed = await Promise.all(directories.map((directory) => realpath(directory).catch(() => undefined)));
  if (!allowed.some((directory) => directory !== undefined && path.startsWith(directory + sep)))
    throw new RetrievalError('the file is below none of the directories that may be read');
  // A named pipe makes the opening wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat().then((found) => (found.isFile() ? found : { size: -1 }));
    if (size < 0) throw new RetrievalError('it is not a regular file');
    if (size > maximumSize) throw new RetrievalError(`it is larger than ${maximumSize} octets`);
    const bytes = Buffer.alloc(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
