/** The pages of docs/reference, and the parts of other documents that are made from the code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cardsPage } from './card-page.ts';
import { clientsPage } from './clients-page.ts';
import { commandsPage, ftpCommandsPage } from './command-pages.ts';
import { decisionsList } from './decisions.ts';
import { dialoguesPage } from './dialogues-page.ts';
import { iisPage } from './iis-page.ts';
import { page } from './markdown.ts';
import { denialsPage, findingsPage, recordsPage } from './record-pages.ts';
import { roomsTable } from './rooms-table.ts';
import { settingsPage } from './settings-tables.ts';
import { standardsPage } from './standards-page.ts';

/** Run by a test as it stands, with paths and ports replaced. */
const nginxExample = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'service', 'nginx-example.conf');

/** Likewise. */
const clamdExample = join(import.meta.dirname, '..', '..', 'test', 'e2e', 'transfers', 'clamd-hook.py');

const pages = {
  'settings.md': { title: 'Settings', make: settingsPage },
  'iis.md': { title: 'Settings of IIS FTP, and what stands for each', make: iisPage },
  'denials.md': { title: 'Denials: every reason for a refusal, with its remedy', make: denialsPage },
  'records.md': { title: 'Records: the audit trail and the log', make: recordsPage },
  'commands.md': { title: 'Commands of cardgate', make: commandsPage },
  'ftp-commands.md': { title: 'FTP commands', make: ftpCommandsPage },
  'standards.md': { title: 'Standards of FTP: what each asks, and what the server does', make: standardsPage },
  'try-card-findings.md': { title: 'Findings of try-card', make: findingsPage },
  'clients.md': { title: 'Clients that the gateway is tried with', make: clientsPage },
  'dialogues.md': { title: 'Replies beside those of vsftpd and ProFTPD', make: dialoguesPage },
  'cards.md': { title: 'Card profiles and scenarios', make: cardsPage },
} as const;

const notice = '<!-- Made from the code by scripts/print-tables.ts. Changes by hand are lost. -->';

/** @returns file name below docs/reference -> content */
export function referencePages(): ReadonlyMap<string, string> {
  const made = Object.entries(pages).map(([file, { make }]) => [file, `${notice}\n\n${make()}`] as const);
  const links = Object.entries(pages).map(([file, { title }]) => `- [${title}](${file})`);
  const index = page('# Reference', 'Made from the code; tests hold it to the code.', links.join('\n'));
  return new Map([...made, ['README.md', `${notice}\n\n${index}`]]);
}

const parts: Readonly<Record<string, () => string>> = {
  nginx: () => `\`\`\`nginx\n${readFileSync(nginxExample, 'utf8').trimEnd()}\n\`\`\``,
  'clamd-hook': () => `\`\`\`python\n${readFileSync(clamdExample, 'utf8').trimEnd()}\n\`\`\``,
  rooms: roomsTable,
  decisions: decisionsList,
};

/** Names of what `fillParts` can put in. */
export const partNames: readonly string[] = Object.keys(parts);

/** Puts each part between its markers `<!-- part: name -->` and `<!-- end -->`. @throws Error for a name that is unknown */
export function fillParts(document: string): string {
  return document.replace(
    /(<!-- part: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_all, start: string, name: string, end: string) => {
      const make = parts[name];
      if (make === undefined) throw new Error(`no part named ${name}`);
      return `${start}${make()}\n${end}`;
    },
  );
}
