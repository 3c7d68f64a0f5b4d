/** The walks of docs/architecture.md are ways through the imports: each file is imported by one before it, or by the port it stands behind. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');
const pageText = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');

interface Step {
  readonly file: string;
  /** Ports between this file and one before it, in their order. */
  readonly ports: readonly string[];
}

const walks = Array.from(
  pageText.matchAll(/^## (The walk of .+)\n([\s\S]*?)(?=^## )/gm),
  ([, title = '', text = '']) => ({
    title,
    steps: Array.from(text.matchAll(/^\d+\. .+$/gm), ([line]): Step => {
      const [file = '', ...ports] = Array.from(line.matchAll(/\]\(\.\.\/src\/([^)]+)\)/g), ([, path = '']) => path);
      return { file, ports };
    }),
  }),
);

const imports = (file: string): ReadonlySet<string> =>
  new Set(
    Array.from(readFileSync(join(source, file), 'utf8').matchAll(/from '(\.[^']+)'/g), ([, path = '']) =>
      relative(source, join(source, dirname(file), path)),
    ),
  );

/** One imports the other: a port is imported from both sides. */
const areNeighbours = (one: string, other: string) => imports(one).has(other) || imports(other).has(one);

describe('the architecture page', () => {
  it('walks through a login, an upload and a CRL', () => {
    expect(walks.map(({ title }) => title)).toEqual([
      'The walk of a login',
      'The walk of an upload',
      'The walk of a CRL',
    ]);
  });

  it.each(walks)('$title names files in the order of their imports', ({ steps }) => {
    expect(steps.length).toBeGreaterThan(5);
    expect(steps.filter((step, index) => !isReached(step, steps.slice(0, index)))).toEqual([]);
  });

  function isReached({ file, ports }: Step, before: readonly Step[]): boolean {
    if (![file, ...ports].every((path) => existsSync(join(source, path)))) return false;
    if (before.length === 0) return true;
    if (ports.length === 0) return before.some((step) => imports(step.file).has(file));
    const way = [...ports, file];
    const isWhole = way.every((path, index) => index === 0 || areNeighbours(way[index - 1]!, path));
    return isWhole && before.some((step) => areNeighbours(step.file, way[0]!));
  }

  it('names five pieces to read first', () => {
    const [, text = ''] = pageText.split('## Five pieces to read first');
    expect(text.match(/^\d\. \*\*/gm)).toHaveLength(5);
  });
});
