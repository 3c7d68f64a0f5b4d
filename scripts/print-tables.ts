#!/usr/bin/env node
/** Writes docs/reference and the generated parts of other documents anew: run it after changing settings, denials, records or commands. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents, root } from './reference/documents.ts';
import { fillParts, referencePages } from './reference/pages.ts';

const reference = join(root, 'docs', 'reference');
rmSync(reference, { recursive: true, force: true });
mkdirSync(reference, { recursive: true });
for (const [file, content] of referencePages()) writeFileSync(join(reference, file), content);
for (const file of documents()) {
  const path = join(root, file);
  const text = readFileSync(path, 'utf8');
  const filled = fillParts(text);
  if (filled !== text) writeFileSync(path, filled);
}
