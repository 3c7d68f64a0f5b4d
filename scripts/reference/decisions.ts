/** The index of the decisions. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './documents.ts';

const folder = join(root, 'docs', 'decisions');

/** @returns links with the titles of the decisions, in their order */
export function decisionsList(): string {
  const files = readdirSync(folder).filter((file) => /^\d{3}-/.test(file));
  return files
    .sort()
    .map((file) => {
      const [, title = file] = /^# (.+)$/m.exec(readFileSync(join(folder, file), 'utf8')) ?? [];
      return `- [${title}](${file})`;
    })
    .join('\n');
}
