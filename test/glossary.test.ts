/** One name for each thing: docs/glossary.md says which, and the code keeps to it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, root } from '../scripts/reference/documents.ts';

const source = join(root, 'src');
const sources = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const textOf = new Map(sources.map((file) => [file, readFileSync(join(source, file), 'utf8')]));

interface Term {
  readonly term: string;
  readonly forbidden: readonly string[];
  readonly place: string;
}

const terms = readFileSync(join(root, 'docs', 'glossary.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [^-]/.test(line) && !line.startsWith('| term |'))
  .map((line): Term => {
    const [, term = '', , forbidden = '', place = ''] = line.split('|').map((cell) => cell.trim());
    return { term, forbidden: forbidden === '' ? [] : forbidden.split(', '), place };
  });

describe('the glossary', () => {
  it('has one line for a term, and at least forty terms', () => {
    const names = terms.map(({ term }) => term);
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
  });

  const places = terms.filter(({ place }) => place !== '');

  it.each(places)('$term is where it says: $place', ({ place }) => {
    const [file = '', name] = Array.from(place.matchAll(/`([^`]+)`/g), ([, text = '']) => text);
    expect(existsSync(join(source, file)), file).toBe(true);
    if (name !== undefined) expect(exportsOf(textOf.get(file) ?? '')).toContain(name);
  });

  const words = terms.flatMap(({ term, forbidden }) => forbidden.map((word) => ({ term, word })));

  it.each(words)('$term is never called $word, in code and in sentences', ({ word }) => {
    // `trusted root`, `trusted-root` and `trustedRoot`.
    const spelling = new RegExp(`(?<![a-z])${word.split(' ').join('[\\s_-]?')}(?![a-z])`, 'i');
    const texts = [
      ...Array.from(textOf, ([file, text]) => [`src/${file}`, text] as const),
      ...documents()
        .filter((file) => !['docs/glossary.md', 'CHANGELOG.md', 'test/mutants.md'].includes(file))
        .map((file) => [file, readFileSync(join(root, file), 'utf8')] as const),
    ];
    expect(texts.filter(([, text]) => spelling.test(text)).map(([file]) => file)).toEqual([]);
  });
});

describe('names of the code', () => {
  it('are exported by one file each', () => {
    const files = Map.groupBy(
      Array.from(textOf, ([file, text]) => exportsOf(text).map((name) => ({ name, file }))).flat(),
      ({ name }) => name,
    );
    const twice = [...files].filter(([, places]) => new Set(places.map(({ file }) => file)).size > 1);
    expect(twice.map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(', ')}`)).toEqual([]);
  });

  it('of types that are exported are no other file’s for something else', () => {
    const exported = new Map(
      Array.from(textOf, ([file, text]) => typesOf(text, 'export ').map((name) => [name, file] as const)).flat(),
    );
    const others = Array.from(textOf, ([file, text]) =>
      typesOf(text, '')
        .filter((name) => exported.has(name))
        .map((name) => `${name}: ${file}, exported by ${exported.get(name)}`),
    );
    expect(others.flat()).toEqual([]);
  });
});

function exportsOf(text: string): readonly string[] {
  const declared = /^export (?:abstract )?(?:async )?(?:type|interface|class|function\*?|const) (\w+)/gm;
  return [...new Set(Array.from(text.matchAll(declared), ([, name = '']) => name))];
}

function typesOf(text: string, prefix: '' | 'export '): readonly string[] {
  return Array.from(
    text.matchAll(new RegExp(`^${prefix}(?:type|interface|class) (\\w+)`, 'gm')),
    ([, name = '']) => name,
  );
}
