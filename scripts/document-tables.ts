/** The tables of README, made from the code they describe. `print-tables` writes them; a test compares them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { configurationJsonSchema } from '../src/config/schema.ts';
import { type DenialEntry, denialTable } from '../src/denial.ts';
import { commandTable } from '../src/ftp/command-table.ts';
import { auditRecords, commonAuditFields } from '../src/operations/audit-fields.ts';
import { cardProfileSchema } from '../src/smartcard/card/card-profile.ts';
import { scenarios } from '../src/smartcard/scenario/scenarios.ts';
import { trialFindings } from '../src/smartcard/trial/trial-findings.ts';

/** Run by a test as it stands, with paths and ports replaced. */
const nginxExample = join(import.meta.dirname, '..', 'test', 'e2e', 'service', 'nginx-example.conf');

const profiles = join(import.meta.dirname, '..', 'mappings', 'cards');

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Name of a generated section -> its Markdown. */
export function documentTables(): Readonly<Record<string, string>> {
  const schema = configurationJsonSchema() as JsonSchema;
  const { directories, sites, ...general } = schema.properties ?? {};
  const { mappingService, ...withoutService } = general;
  const directoryKinds = directories?.items?.oneOf ?? directories?.items?.anyOf ?? [];
  return {
    'settings-general': settingsTable({ properties: withoutService }),
    'settings-mapping-service': settingsTable(mappingService ?? {}, 'mappingService.'),
    'settings-site': settingsTable(sites?.items ?? {}, 'sites[].'),
    ...Object.fromEntries(
      directoryKinds.map((kind) => [
        `settings-directory-${String(kind.properties?.['type']?.const)}`,
        settingsTable(kind, 'directories[].'),
      ]),
    ),
    nginx: `\`\`\`nginx\n${readFileSync(nginxExample, 'utf8').trimEnd()}\n\`\`\``,
    denials: table(
      ['code', 'reply', 'IIS sub-status', 'meaning', 'remedy'],
      Object.entries<DenialEntry>(denialTable).map(([code, entry]) => [
        `\`${code}\``,
        String(entry.reply),
        entry.subStatus === 0 ? '' : String(entry.subStatus),
        entry.meaning,
        entry.remedy,
      ]),
    ),
    'audit-records': table(
      ['event', 'when', 'what it holds'],
      Object.entries(auditRecords).map(([event, { when, fields }]) => [
        `\`${event}\``,
        when,
        Object.entries(fields)
          .map(([field, meaning]) => `\`${field}\`: ${meaning}`)
          .join('; '),
      ]),
    ),
    'audit-fields': table(
      ['field', 'meaning'],
      Object.entries(commonAuditFields).map(([field, meaning]) => [`\`${field}\``, meaning]),
    ),
    commands: table(
      ['command', 'standard', 'what it does'],
      commandTable.map(({ verb, syntax, rfc, help }) => [`\`${`${verb} ${syntax}`.trim()}\``, rfc, help]),
    ),
    profiles: table(
      ['profile', 'keys', 'what it is'],
      readdirSync(profiles)
        .sort()
        .map((file) => {
          const { certificates, description } = cardProfileSchema.parse(
            parse(readFileSync(join(profiles, file), 'utf8')),
          );
          const keys = certificates.map(({ slot, key }) => `${slot}: ${key}`).join(', ');
          return [`\`${file.replace('.yaml', '')}\``, keys, description];
        }),
    ),
    scenarios: table(
      ['scenario', 'what must come of its logins'],
      scenarios.map(({ name, expectations }) => [
        `\`${name}\``,
        expectations
          .map(({ card, slot, user, outcome }) => {
            const login = [card, slot, user === card ? undefined : `as ${user}`].filter(Boolean).join(' ');
            return `${login}: ${'granted' in outcome ? 'granted' : `\`${outcome.denied}\``}`;
          })
          .join('; '),
      ]),
    ),
    'trial-findings': table(
      ['finding', 'meaning', 'remedy'],
      Object.entries(trialFindings).map(([code, { meaning, remedy }]) => [`\`${code}\``, meaning, remedy]),
    ),
  };
}

function settingsTable(schema: JsonSchema, prefix = ''): string {
  return table(['setting', 'values', 'default', 'meaning'], settingRows(schema, prefix));
}

function settingRows(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const setting = `${prefix}${name}`;
    if (property.properties) return settingRows(property, `${setting}.`);
    if (property.items?.properties) return settingRows(property.items, `${setting}[].`);
    const required = schema.required?.includes(name) ?? false;
    return [[`\`${setting}\``, values(property), defaultOf(property, required), property.description ?? '']];
  });
}

function values(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(values))].join(' or ');
  if (schema.items) return `list of ${values(schema.items)}`;
  return schema.type === 'integer' ? 'number' : String(schema.type ?? '');
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (schema.default !== undefined) return `\`${JSON.stringify(schema.default).replaceAll('"', '')}\``;
  return required ? '**required**' : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Puts each table between its markers `<!-- table: name -->` and `<!-- end -->`. */
export function fillTables(document: string): string {
  const tables = documentTables();
  return document.replace(
    /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_all, start: string, name: string, end: string) => {
      const content = tables[name];
      if (content === undefined) throw new Error(`no table named ${name}`);
      return `${start}${content}\n${end}`;
    },
  );
}
