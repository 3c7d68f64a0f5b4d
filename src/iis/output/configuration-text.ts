/** The configuration as YAML: directories, sites that run, and sites as comments, each with what an administrator has to know of it. */
import { printable } from '../../operations/printable.ts';
import { type ImportOptions, placeholder } from '../translation/import-options.ts';
import type { SettingValue, SiteDraft } from '../translation/site-draft.ts';
import { itemLines, yamlLines } from './yaml-text.ts';

export interface ConfigurationParts {
  /** Name and SHA-256 of each file that it is made from. */
  readonly sources: readonly string[];
  readonly denyByFailure: { readonly [name: string]: SettingValue } | undefined;
  readonly drafts: readonly SiteDraft[];
  readonly options: ImportOptions;
}

/** Values to fill in, with which a configuration of Active Directory is complete. */
const directoryToFillIn = {
  name: placeholder,
  type: 'activeDirectory',
  discovery: { domain: `${placeholder}.example` },
  certificateAuthorities: [`${placeholder}/directory-ca.pem`],
  bindDn: `CN=${placeholder},DC=${placeholder},DC=example`,
  bindPasswordFile: `${placeholder}/bind-password`,
  searchBase: `DC=${placeholder},DC=example`,
  resolveGroupNames: true,
};

export function configurationText({ sources, denyByFailure, drafts, options }: ConfigurationParts): string {
  const isGiven = options.directories.length > 0;
  const directories = (isGiven ? options.directories : [directoryToFillIn]) as readonly SettingValue[];
  const anyIisHomes = drafts.some(({ site }) => site.ftp.below('userIsolation').text('mode') === 'ActiveDirectory');
  const lines = [
    `# Made by cardgate import-iis from ${sources.join(',\n#   ')}.`,
    `# What says ${placeholder} has to be filled in. Then: cardgate check-config.`,
    ...(denyByFailure ? ['', 'denyByFailure:', ...yamlLines(denyByFailure, '  ')] : []),
    '',
    'directories:',
    ...(isGiven
      ? []
      : ['  # needs a decision: where the accounts are. --directory FILE takes the entries of a file over.']),
    ...(!isGiven && anyIisHomes
      ? ['  # homes by msIIS-FTPRoot and msIIS-FTPDir: set homeDirectoryFrom to iisFtp']
      : []),
    ...directories.flatMap((entry) => itemLines(entry, '  ')),
    '',
    drafts.some(isWritten) ? 'sites:' : 'sites: []',
    ...drafts.flatMap(siteLines),
  ];
  return `${lines.join('\n')}\n`;
}

/** Whether the site is more than a comment. */
export function isWritten({ stoppedBecause }: SiteDraft): boolean {
  return stoppedBecause.length === 0;
}

function siteLines(draft: SiteDraft): readonly string[] {
  const { name, id, place } = draft.site;
  const head = [
    `  # site "${printable(name)}", id ${printable(id)}, at ${place.line}:${place.column}`,
    ...draft.stoppedBecause.map((reason) => `  # not written: ${printable(reason)}`),
    ...draft.closedBecause.map((reason) => `  # lets no account in: ${printable(reason)}`),
    ...draft.decisions.map((decision) => `  # needs a decision: ${printable(decision)}`),
  ];
  const lines = itemLines(draft.settings as SettingValue, '  ');
  return ['', ...head, ...(isWritten(draft) ? lines : lines.map((line) => line.replace(/^ {2}/, '  # ')))];
}
