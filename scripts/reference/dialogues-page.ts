/** Where the servers that dialogues are compared with answer otherwise, and why. */
import { comparedServers } from '../../test/support/dialogues/compared-servers.ts';
import { type Dialogue, type DialogueCase, type Expected, isExpected } from '../../test/support/dialogues/dialogue.ts';
import { dialogueFiles } from '../../test/support/dialogues/dialogue-files.ts';
import { code, page, table } from './markdown.ts';

const titles: ReadonlyMap<string, string> = new Map(comparedServers.map(({ name, title }) => [name, title]));

/** @returns the page of differences */
export function dialoguesPage(): string {
  const dialogues = dialogueFiles().map(({ dialogue }) => dialogue);
  const expectations = dialogues.flatMap(({ cases }) => cases.flatMap(({ steps }) => steps.filter(isExpected)));
  const counts = comparedServers.map(({ name, title, version }) => {
    const differing = expectations.filter(({ differences }) => differences.some(({ server }) => server === name));
    return [`${title} ${version}`, String(expectations.length), String(differing.length)];
  });
  return page(
    '# Replies beside those of other servers',
    'The dialogues in `test/protocol/dialogues` say what a client sends and what cardgate answers. They are played against cardgate, and against two servers of Debian 12: under TLS 1.2, a dialogue in a control connection, with a password, and with the rights and features of those servers turned on. What is said before AUTH goes in clear. Below stands each reply of theirs that is another one, with the reason for ours. A test fails on a difference that is not here, and on one that is gone.',
    table(['server', 'replies and transfers compared', 'others than ours'], counts),
    ...dialogues.flatMap(sectionOf),
  );
}

/** Nothing for a dialogue in which all answer alike. */
function sectionOf({ description, cases }: Dialogue): readonly string[] {
  const rows = cases.flatMap(rowsOf);
  if (rows.length === 0) return [];
  return [`## ${description.replace(/\.$/, '')}`, table(['rule', 'client', 'cardgate', 'others', 'why'], rows)];
}

function rowsOf({ title, steps }: DialogueCase): readonly (readonly string[])[] {
  let sent: readonly string[] = [];
  const rows: string[][] = [];
  for (const step of steps) {
    if (step.kind === 'send') sent = step.lines;
    if (!isExpected(step)) continue;
    const client = sent.map(code).join(', ');
    const alike = Map.groupBy(step.differences, ({ found, reason }) => `${found}: ${reason}`).values();
    for (const differences of alike) {
      const servers = differences.map(({ server }) => titles.get(server)).join(', ');
      for (const { found, reason } of differences.slice(0, 1))
        rows.push([title, client, expectedOf(step), `${servers}: ${otherwise(found)}`, reason]);
    }
  }
  return rows;
}

function expectedOf(expected: Expected): string {
  switch (expected.kind) {
    case 'reply':
      return code(`${expected.codes.join('/')} ${expected.text}`.replace(/ \*$/, ''));
    case 'closed':
      return 'closes the connection';
    case 'data':
      return expected.patterns.every((pattern) => pattern === '') ? 'no octets' : expected.patterns.map(code).join(' ');
  }
}

const kinds: Readonly<Record<string, string>> = {
  data: 'other octets',
  closed: 'closes the connection',
  nothing: 'no reply',
  any: 'depends on the time',
};

const otherwise = (found: string): string => kinds[found] ?? found.split(' ').map(code).join(', ');
