/** The Markdown documents of the product. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** Paths from the root of the repository. */
export function documents(): readonly string[] {
  const inFolder = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file));
  const atTop = readdirSync(root).filter((file) => file.endsWith('.md'));
  return [...atTop, ...['docs', 'mappings', 'test'].flatMap(inFolder)].sort();
}
