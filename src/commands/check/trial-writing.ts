/** Tries whether a file or folder can be written to, and leaves nothing: no file, no octet, no time of modification. */
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileReason } from '../../config/yaml/file-reason.ts';

/** Linux: a file without a name, which is gone when it is closed (open(2)). */
const temporaryFile = 0o20000000 | constants.O_DIRECTORY;
/** File systems and kernels that do not know such files. */
const unsupported: ReadonlySet<unknown> = new Set(['EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT']);

/** @param path of a file or a folder; the folder above it is tried where it does not exist @returns why it cannot be written, or undefined */
export async function writingProblem(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return dirname(path) === path ? 'it does not exist' : writingProblem(dirname(path));
  try {
    const flags = found.isDirectory() ? constants.O_RDWR | temporaryFile : constants.O_WRONLY | constants.O_APPEND;
    await (await open(path, flags, 0o600)).close();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (!found.isDirectory() || !unsupported.has(code)) return fileReason(error);
    return access(path, constants.W_OK | constants.X_OK).then(() => undefined, fileReason);
  }
}
