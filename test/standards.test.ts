/** The tables of standards name commands, settings and tests that are there, and leave out no command. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../scripts/reference/documents.ts';
import { standards } from '../scripts/reference/standards/standards.ts';
import { findCommand, notOffered } from '../src/ftp/command.ts';
import { commandTable } from '../src/ftp/command-table.ts';

const requirements = standards.flatMap(({ name, requirements: rows }) => rows.map((one) => ({ ...one, name })));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const settings = read('docs/reference/settings.md');

describe('every requirement', () => {
  it('names a test that is there, by the title it has', () => {
    const missing = requirements.filter(({ test: { file, title } }) => {
      if (title === '' || !existsSync(join(root, file))) return true;
      const text = read(file);
      return !["'", '"', '`'].some((mark) => text.includes(`${mark}${title.replaceAll(mark, `\\${mark}`)}${mark},`));
    });
    expect(missing.map(({ test: { file, title } }) => `${file}: ${title}`)).toEqual([]);
  });

  it('is about commands that are in the command table, or known and not offered', () => {
    const unknown = requirements.flatMap(({ commands }) =>
      commands.filter((verb) => !findCommand(verb) && !notOffered.has(verb)),
    );
    expect(unknown).toEqual([]);
  });

  it('that is refused as a command is known and not offered: 502', () => {
    for (const { conduct, commands } of requirements) {
      const isRefused = conduct.kind === 'refused' && conduct.code === 502;
      for (const verb of commands) expect(notOffered.has(verb), verb).toBe(isRefused);
    }
  });

  it('that a setting decides names one that is there', () => {
    const named = requirements.flatMap(({ conduct }) => (conduct.kind === 'setting' ? [conduct.setting] : []));
    expect(named.filter((name) => !settings.includes(`\`sites[].${name}\``))).toEqual([]);
  });

  it('stands under its standard once', () => {
    const lines = requirements.map(({ name, section, text }) => `${name} ${section} ${text}`);
    expect(new Set(lines).size).toBe(lines.length);
  });
});

describe('every command', () => {
  it.each([...commandTable.map(({ verb }) => verb), ...notOffered.keys()])('%s is in a table of a standard', (verb) => {
    expect(requirements.filter(({ commands }) => commands.includes(verb))).not.toEqual([]);
  });

  it.each(commandTable.filter(({ rfc }) => rfc.startsWith('RFC')).map(({ verb, rfc }) => [verb, rfc] as const))(
    '%s is in that of the %s which it cites',
    (verb, rfc) => {
      const [standard = ''] = /^RFC \d+/u.exec(rfc) ?? [];
      const rows = requirements.filter(({ name, commands }) => name.startsWith(standard) && commands.includes(verb));
      expect(rows).not.toEqual([]);
    },
  );
});
