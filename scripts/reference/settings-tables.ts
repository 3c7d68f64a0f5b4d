/** Every setting with its values, default, place in IIS and meaning, from the schema of the configuration. */
import { z } from 'zod';
import { configurationSchema } from '../../src/config/schema.ts';
import { accountFileSchema } from '../../src/directory/account-file.ts';
import { code, page, table } from './markdown.ts';

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  /** See settings/iis-name. */
  readonly iis?: string;
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
  const schema = jsonSchema(configurationSchema);
  const { directories, sites, mappingService, ...general } = schema.properties ?? {};
  const kinds = directories?.items?.oneOf ?? directories?.items?.anyOf ?? [];
  return page(
    '# Settings',
    'One YAML file holds the configuration. Unknown settings are faults. Paths of files are relative to the file they stand in. ' +
      'A duration is a number with its unit: `500ms`, `30s`, `5m`, `12h`, `7d`. `[]` after a name says that the setting is a list, ' +
      'and stands for each of its entries. The names are those of IIS FTP where IIS has the setting. The column IIS says where that setting ' +
      'stands in applicationHost.config: the path of its element, then `@` and the attribute; `ftpServer` stands below `site`. ' +
      'Values and units are those of the columns before it, not those of IIS.',
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
  return settingsTable(jsonSchema(schema));
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function settingsTable(schema: JsonSchema, prefix = ''): string {
  const rows = settingRows(schema, prefix);
  const hasIisNames = rows.some(({ iis }) => iis !== undefined);
  return table(
    ['setting', 'values', 'default', ...(hasIisNames ? ['IIS'] : []), 'meaning'],
    rows.map(({ setting, values, byDefault, iis, meaning }) => [
      code(setting),
      values,
      byDefault,
      ...(hasIisNames ? [iis === undefined ? '' : code(iis)] : []),
      meaning,
    ]),
  );
}

interface SettingRow {
  readonly setting: string;
  readonly values: string;
  readonly byDefault: string;
  readonly iis: string | undefined;
  readonly meaning: string;
}

/** Every setting of the configuration with its name in IIS, where it has one. */
export function iisNames(): ReadonlyMap<string, string | undefined> {
  return new Map(settingRows(jsonSchema(configurationSchema), '').map(({ setting, iis }) => [setting, iis]));
}

/** Every setting of the configuration with its default as the tables print it. */
export function settingDefaults(): ReadonlyMap<string, string> {
  return new Map(
    settingRows(jsonSchema(configurationSchema), '').map(({ setting, byDefault }) => [setting, byDefault]),
  );
}

function settingRows(schema: JsonSchema, prefix: string): SettingRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const setting = `${prefix}${name}`;
    if (property.properties) return settingRows(property, `${setting}.`);
    if (property.items?.properties) return settingRows(property.items, `${setting}[].`);
    const variants = property.items?.anyOf ?? property.items?.oneOf ?? [];
    const fields = variants
      .filter((variant) => variant.properties)
      .flatMap((variant) => settingRows(variant, `${setting}[].`));
    const required = schema.required?.includes(name) ?? false;
    const row: SettingRow = {
      setting,
      values: values(property),
      byDefault: defaultOf(property, required),
      iis: property.iis,
      meaning: property.description ?? '',
    };
    return [row, ...withoutTwins(fields)];
  });
}

/** Variants of one object share most of their settings. */
function withoutTwins(rows: readonly SettingRow[]): SettingRow[] {
  return [...new Map(rows.map((row) => [Object.values(row).join('\n'), row])).values()];
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
