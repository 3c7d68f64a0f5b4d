/** Every setting with its values, default and meaning, from the JSON Schema of the configuration. */
import { z } from 'zod';
import { configurationJsonSchema } from '../../src/config/schema.ts';
import { accountFileSchema } from '../../src/directory/account-file.ts';
import { code, page, table } from './markdown.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

const directoryTitles: Readonly<Record<string, string>> = {
  activeDirectory: 'Directories: Active Directory',
  ldap: 'Directories: OpenLDAP and others',
  file: 'Directories: a file of accounts',
};

/** @returns the page of all settings */
export function settingsPage(): string {
  const schema = configurationJsonSchema() as JsonSchema;
  const { directories, sites, mappingService, ...general } = schema.properties ?? {};
  const kinds = directories?.items?.oneOf ?? directories?.items?.anyOf ?? [];
  return page(
    '# Settings',
    'One YAML file holds the configuration. Unknown settings are faults. Paths of files are relative to the file they stand in. ' +
      'A duration is a number with its unit: `500ms`, `30s`, `5m`, `12h`, `7d`. `[]` after a name says that the setting is a list, ' +
      'and stands for each of its entries. The names are those of IIS FTP where IIS has the setting.',
    '`cardgate config-schema` prints the same as a JSON Schema, with which an editor completes and checks.',
    '## General',
    settingsTable({ properties: general }),
    ...kinds.flatMap((kind) => {
      const type = String(kind.properties?.['type']?.const);
      return [`## ${directoryTitles[type] ?? `Directories: ${type}`}`, settingsTable(kind, 'directories[].')];
    }),
    '## Account files',
    'The file that `accounts` of a directory with `type: file` names.',
    schemaTable(accountFileSchema),
    '## Sites',
    settingsTable(sites?.items ?? {}, 'sites[].'),
    '## Mapping service',
    settingsTable(mappingService ?? {}, 'mappingService.'),
  );
}

/** @returns the table of the settings of another kind of file */
export function schemaTable(schema: z.ZodType): string {
  return settingsTable(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema);
}

function settingsTable(schema: JsonSchema, prefix = ''): string {
  return table(['setting', 'values', 'default', 'meaning'], settingRows(schema, prefix));
}

function settingRows(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const setting = `${prefix}${name}`;
    if (property.properties) return settingRows(property, `${setting}.`);
    if (property.items?.properties) return settingRows(property.items, `${setting}[].`);
    const variants = property.items?.anyOf ?? property.items?.oneOf ?? [];
    const fields = variants
      .filter((variant) => variant.properties)
      .flatMap((variant) => settingRows(variant, `${setting}[].`));
    const required = schema.required?.includes(name) ?? false;
    const row = [code(setting), values(property), defaultOf(property, required), property.description ?? ''];
    return [row, ...withoutTwins(fields)];
  });
}

/** Variants of one object share most of their settings. */
function withoutTwins(rows: readonly string[][]): string[][] {
  return [...new Map(rows.map((row) => [row.join('\n'), row])).values()];
}

function values(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(values))].join(' or ');
  if (schema.items) return `list of ${values(schema.items)}`;
  if (schema.type === 'integer' || schema.type === 'number') return `number${range(schema)}`;
  if (schema.pattern?.endsWith('(ms|s|m|h|d)$')) return 'duration';
  return schema.type === 'string' ? 'text' : String(schema.type ?? '');
}

function range({ minimum, maximum }: JsonSchema): string {
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum === undefined || most === undefined) return '';
  return `, ${minimum} to ${most}`;
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (schema.default !== undefined) return code(JSON.stringify(schema.default).replaceAll('"', ''));
  return required ? '**required**' : '';
}
