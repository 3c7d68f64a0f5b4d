/**
 * Sentences name the actor (client, administrator, caller, person, card holder, attacker, stranger) and say what is: some words hide
 * the actor, bend the sentence, or say what is not the case.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folders = ['src', 'scripts', 'test', 'mappings', 'docs'];
const singleFiles = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md'];

/** Between two words of a sentence, which may go on in the next line of a comment. */
const gap = String.raw`[ \t]*(?:\n[ \t]*(?:\*|//|#)?)?[ \t]*`;
const hidden = `nobody|somebody|anybody|everybody|someone|anyone|everyone|whoever|whomever|no${gap}one(?!-)`;
/** "The range is none" says that it is no range; "there is none" says that it is absent, as everywhere. */
const bent = `(?<!\\bthere${gap})(?<=\\s)(?:is|are|was|were)${gap}none`;
/** Lower case only: in capitals the words are those of RFC 2119. */
const unreal = `[Ww]ould|[Ss]hould|[Mm]ight|were${gap}to`;
const searches = [new RegExp(`\\b(?:${hidden}|${bent})\\b`, 'gi'), new RegExp(`\\b(?:${unreal})\\b`, 'g')];

/** This file has the words as data. */
const ownFile = relative(root, import.meta.filename);
/** Names in protocols and quoted data, which stay as they are: file -> the text that holds the word, and why. */
const exceptions: Readonly<Record<string, { readonly text: string; readonly because: string }>> = {
  'src/iis/translation/rules/rule-people.ts': { text: "'everyone'", because: 'Windows calls a group so' },
  'test/unit/iis/security.test.ts': { text: 'roles="Everyone"', because: 'Windows calls a group so' },
};

describe('sentences', () => {
  it('name their actor and say what is, in source, scripts, tests, rule sets, documents and what CHANGELOG says of the next version', () => {
    expect(checkedTexts().flatMap(([file, text]) => faults(file, text))).toEqual([]);
  });

  it.each([
    ['Whoever asks is told.', ['a:1: Whoever']],
    ['Fine.\nIt is somebody’s card.', ['a:2: somebody']],
    ['/**\n * A field that no\n * one wants.\n */', ['a:2: no one']],
    ['The range is none.', ['a:1: is none']],
    ['# The range is\n# none.', ['a:1: is none']],
    ['undefined when there is none; why there\n * are none', []],
    ['It would fail, were\n// to end, and might.', ['a:1: would', 'a:1: were to', 'a:2: might']],
    ['Should it? A client SHOULD; shoulder, wouldBeMade, they were told', ['a:1: Should']],
    ["mode === 'none', a no one-way rule, nobodyElse", []],
  ])('are searched so that %j has its faults found', (text, found) => {
    expect(faults('a', text)).toEqual(found);
  });

  it('need every exception that is made', () => {
    for (const [file, { text }] of Object.entries(exceptions))
      expect(readFileSync(join(root, file), 'utf8'), file).toContain(text);
  });
});

/** `file:line: words`, by the line where the words begin. */
function faults(file: string, text: string): readonly string[] {
  const excepted = exceptions[file]?.text;
  const judged = excepted === undefined ? text : text.replaceAll(excepted, excepted.replace(/[^\n]/g, '-'));
  const found = searches.flatMap((search) => [...judged.matchAll(search)]);
  return found.map(({ 0: words, index }) => {
    const line = judged.slice(0, index).split('\n').length;
    return `${file}:${line}: ${words.replace(/[^a-z]+/gi, ' ')}`;
  });
}

function checkedTexts(): readonly (readonly [file: string, text: string])[] {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => file !== ownFile),
  );
  const texts = [...singleFiles, ...files].map((file) => [file, readFileSync(join(root, file), 'utf8')] as const);
  // Sentences of versions that are out stay as they were.
  const [nextVersion = ''] = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split(/^## \d/m);
  return [...texts, ['CHANGELOG.md', nextVersion] as const].filter(([, text]) => !text.includes('\0'));
}
