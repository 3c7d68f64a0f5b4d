/** Every element and attribute of IIS FTP with its fate, out of the tables that `cardgate import-iis` works by. */

import { ftpServerRows } from '../../src/iis/rows/ftp-server-rows.ts';
import { runtimeRows, serverRows, siteRows } from '../../src/iis/rows/server-rows.ts';
import type { SettingRow } from '../../src/iis/rows/setting-row.ts';
import type { ElementSchema, ValueType } from '../../src/iis/schema/element-schema.ts';
import { serverSections } from '../../src/iis/schema/server-sections.ts';
import { sites } from '../../src/iis/schema/site-elements.ts';
import { code, page, sentence, table } from './markdown.ts';
import { settingDefaults } from './settings-tables.ts';

interface SchemaAttribute {
  readonly iis: string;
  readonly type: ValueType;
  readonly default: string | undefined;
}

/** @returns every attribute of the schema that FTP reads, in its order */
export function schemaAttributes(): readonly SchemaAttribute[] {
  const site = sites.collection?.entry;
  if (!site) throw new Error('sites are a collection');
  const { ftpServer, bindings } = site.elements;
  const rest = { ...site, elements: { ...(bindings && { bindings }) } };
  return [
    ...attributesOf('site', rest),
    ...(ftpServer ? attributesOf('ftpServer', ftpServer) : []),
    ...Object.entries(serverSections).flatMap(([name, { schema }]) => attributesOf(`system.ftpServer/${name}`, schema)),
  ];
}

function attributesOf(path: string, schema: ElementSchema): readonly SchemaAttribute[] {
  if (schema.isUnread) return [];
  const { attributes, elements, collection } = schema;
  return [
    ...Object.entries(attributes).map(([name, attribute]) => ({
      iis: `${path}@${name}`,
      type: attribute.type,
      default: attribute.default,
    })),
    ...(collection ? attributesOf(`${path}/${collection.add}`, collection.entry) : []),
    ...Object.entries(elements)
      .filter(([name]) => name !== 'virtualDirectoryDefaults')
      .flatMap(([name, element]) => attributesOf(`${path}/${name}`, element)),
  ];
}

/** @returns the rows of the import, by attribute */
export function importRows(): readonly SettingRow[] {
  return [...siteRows, ...ftpServerRows, ...serverRows];
}

const fates = { same: 'same', different: 'different', leftOut: 'left out' } as const;

/** @returns the page */
export function iisPage(): string {
  const rows = new Map(importRows().map((row) => [row.iis, row]));
  const ours = settingDefaults();
  const body = schemaAttributes().map(({ iis, type, default: byDefault }) => {
    const row = rows.get(iis);
    if (!row) throw new Error(`no row says what becomes of ${iis}`);
    const { setting, fate, why = '' } = row;
    const there = setting === undefined ? '' : (ours.get(setting) ?? ours.get(`sites[].${setting}`) ?? '');
    return [
      code(iis),
      defaultText(byDefault, type),
      setting === undefined ? '' : code(setting),
      there,
      fates[fate],
      why === '' ? '' : sentence(why),
    ];
  });
  return page(
    '# Settings of IIS FTP',
    'Every attribute of the FTP server of IIS with what stands for it. `cardgate import-iis` works by this table; [moving from IIS](../administration/moving-from-iis.md) says how. ' +
      'Paths are those of applicationHost.config: `ftpServer` stands below `site`, or below `siteDefaults`. A setting without `[]` before it is one of a site.',
    table(['IIS', 'default there', 'setting', 'default here', 'is', 'why'], body),
    '## What is in no file',
    table(
      ['IIS', 'in its place'],
      runtimeRows.map(({ name, instead }) => [name, sentence(instead)]),
    ),
  );
}

function defaultText(byDefault: string | undefined, { kind }: ValueType): string {
  if (byDefault === undefined) return '';
  if (byDefault === '') return kind === 'flags' ? 'no flag' : 'empty';
  return code(byDefault);
}
