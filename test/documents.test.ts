/** The documents say what the code does: what is made from the code is compared, links and names of files are looked up. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, root } from '../scripts/reference/documents.ts';
import { fillParts, partNames, referencePages } from '../scripts/reference/pages.ts';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const files = documents();
const packageFile = JSON.parse(read('package.json')) as { version: string; files: readonly string[] };

/** Octets. */
const longestReadme = 10 * 1024;

describe('the reference (scripts/print-tables.ts writes it)', () => {
  const pages = referencePages();

  it.each([...pages.keys()])('has the page %s as the code has it', (file) => {
    expect(read(join('docs/reference', file))).toBe(pages.get(file));
  });

  it('holds no other page', () => {
    expect(readdirSync(join(root, 'docs/reference')).sort()).toEqual([...pages.keys()].sort());
  });
});

describe('documents', () => {
  it.each(files)('%s holds its generated parts as the code has them', (file) => {
    const text = read(file);
    expect(fillParts(text)).toBe(text);
  });

  it.each(partNames)('show the generated part %s', (name) => {
    expect(files.filter((file) => read(file).includes(`<!-- part: ${name} -->`))).toHaveLength(1);
  });

  it.each(files)('%s links to files and headings that are there', (file) => {
    expect(linksOf(file).filter(({ target, heading }) => !leads(target, heading))).toEqual([]);
  });

  it('are reached from README by links, all of them', () => {
    const reached = new Set(['README.md']);
    for (const file of reached) {
      const targets = linksOf(file).map(({ target }) => target);
      for (const target of targets.filter((name) => name.endsWith('.md'))) reached.add(target);
    }
    expect(files.filter((file) => !reached.has(file))).toEqual([]);
  });

  it('that are installed link to what is installed, and else to sources and tests only', () => {
    const isInstalled = (file: string) =>
      packageFile.files.some((part) => file === part || file.startsWith(`${part}/`));
    const isSource = (file: string) => /^(?:src|scripts|test)\//.test(file);
    const targets = files
      .filter(isInstalled)
      .flatMap((file) => linksOf(file).map(({ target }) => `${file}: ${target}`));
    const missing = targets.filter((line) => !isInstalled(line.split(': ')[1]!) && !isSource(line.split(': ')[1]!));
    expect(missing).toEqual([]);
  });

  it('begin with a README that is soon read', () => {
    expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(longestReadme);
  });

  it('name only files and folders of the repository that are there', () => {
    const named = files
      .filter((file) => file !== 'CHANGELOG.md' && !file.startsWith('docs/reference/'))
      .flatMap((file) =>
        [...read(file).matchAll(/`((?:src|test|scripts|mappings|docs)\/[\w./-]+)`/g)].map(
          ([, path]) => `${file}: ${path}`,
        ),
      );
    expect(named.filter((name) => !existsSync(join(root, name.split(': ')[1]!)))).toEqual([]);
  });
});

describe('decisions', () => {
  const decisions = files.filter((file) => /^docs\/decisions\/\d/.test(file));

  it('are numbered without a gap', () => {
    const numbers = decisions.map((file) => Number(file.slice('docs/decisions/'.length).slice(0, 3)));
    expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
  });

  it.each(decisions)('%s has its number, a status and every part', (file) => {
    const text = read(file);
    expect(text).toMatch(new RegExp(`^# ${file.slice('docs/decisions/'.length).slice(0, 3)}: .+\n\nStatus: .+\n`));
    const headings = Array.from(text.matchAll(/^## (.+)$/gm), ([, heading]) => heading);
    expect(headings).toEqual(['Context', 'Decision', 'Reasons', 'Consequences']);
  });
});

describe('CHANGELOG', () => {
  it('has an entry for the version of the package', () => {
    expect(read('CHANGELOG.md')).toContain(`## ${packageFile.version}`);
  });
});

interface Link {
  /** From the root of the repository. */
  readonly target: string;
  readonly heading: string | undefined;
}

/** Links to other documents and to headings; examples in code are no links. */
function linksOf(file: string): readonly Link[] {
  const prose = read(file).replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
  return Array.from(prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g), ([, path = '', heading]) => ({
    target: path === '' ? file : relative(root, join(root, dirname(file), path)),
    heading,
  }));
}

function leads(target: string, heading: string | undefined): boolean {
  if (!existsSync(join(root, target))) return false;
  if (heading === undefined) return true;
  const headings = [...read(target).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  return headings.includes(heading);
}
