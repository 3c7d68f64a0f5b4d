/** README and CHANGELOG say what the code does: tables are compared, names are looked up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentTables, fillTables } from '../scripts/document-tables.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const packageFile = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

describe('README', () => {
  it('holds every generated table as the code has it (scripts/print-tables.ts writes them)', () => {
    expect(fillTables(readme)).toBe(readme);
  });

  it.each(Object.keys(documentTables()))('shows the table %s', (name) => {
    expect(readme).toContain(`<!-- table: ${name} -->`);
  });

  it('links only to files that are there', () => {
    const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
    for (const target of targets) expect(() => readFileSync(join(root, target)), target).not.toThrow(/ENOENT/);
  });
});

describe('CHANGELOG', () => {
  it('has an entry for the version of the package', () => {
    expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toContain(`## ${packageFile.version}`);
  });
});
