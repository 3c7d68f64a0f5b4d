/** Writes a file as a whole: a process that reads it meanwhile gets the old content or the new one. */
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';

/** @param mode of the new file */
export async function replaceFile(path: string, content: string | Buffer, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, content, { mode });
  await rename(temporary, path);
}
