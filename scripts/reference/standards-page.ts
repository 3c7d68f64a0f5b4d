/** What the standards of FTP ask of a server, and what this one does. */
import { basename } from 'node:path';
import { code, page, table } from './markdown.ts';
import type { Conduct, Requirement } from './standards/requirement.ts';
import { standards } from './standards/standards.ts';

/** @returns the page of standards */
export function standardsPage(): string {
  return page(
    '# Standards',
    'What the standards of FTP ask of a server, what this one does, and the test that shows it. A setting is one of `sites[]` in [Settings](settings.md).',
    ...standards.flatMap(({ name, about, requirements }) => [
      `## ${name}`,
      about,
      table(['section', '', 'commands', 'requirement', 'here', 'test'], requirements.map(row)),
    ]),
  );
}

function row({ section, level, commands, text, conduct, test }: Requirement): readonly string[] {
  const link = `[${basename(test.file, '.test.ts')}](../../${test.file}): ${test.title}`;
  return [section, level, commands.join(' '), text, conductText(conduct), link];
}

function conductText(conduct: Conduct): string {
  switch (conduct.kind) {
    case 'done':
      return conduct.how === undefined ? 'done' : `done: ${conduct.how}`;
    case 'setting':
      return `by ${code(conduct.setting)}: ${conduct.how}`;
    case 'refused':
      return `refused, ${conduct.code}: ${conduct.reason}`;
  }
}
