/** Reads a site’s mapping rules from their own YAML file; faults name that file and line. */
import type { MappingRule } from '../mapping/rules/rule.ts';
import { decodeRules } from '../mapping/rules/rule-language.ts';
import type { SchemaFault } from '../schema-faults/schema-issues.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import { nearest } from '../schema-faults/suggestion.ts';
import type { MaterialReader } from './material.ts';
import type { SiteSettings } from './site-schema.ts';
import type { ConfigurationFault } from './yaml/fault.ts';
import { YamlSource } from './yaml/yaml-source.ts';

/** @param further receives faults that stand in the rules file */
export function readRules(
  reader: MaterialReader,
  setting: SettingPath,
  site: SiteSettings,
  further: ConfigurationFault[],
): readonly MappingRule[] | undefined {
  const { rules: file } = site.mapping;
  // A site that asks a remote service has no rules of its own.
  if (file === undefined) return [];
  const text = reader.text(setting, file);
  if (text === undefined) return undefined;
  const source = new YamlSource(reader.resolve(file), text);
  const isWhole = source.faults.length === 0;
  const rules = source.isReadable ? decoded(source, site) : undefined;
  further.push(...source.faults);
  return isWhole ? rules : undefined;
}

function decoded(source: YamlSource, site: SiteSettings): readonly MappingRule[] | undefined {
  const result = decodeRules(source.plain(), {
    written: (path) => source.written(path),
    further: (rules) => rules.flatMap(({ directory }, index) => directoryFaults(site, directory, index)),
  });
  if (result.outcome === 'decoded') return result.rules;
  for (const { path, message, remedy } of result.faults) source.fault(path, message, remedy);
  return undefined;
}

function directoryFaults(site: SiteSettings, directory: string | undefined, rule: number): readonly SchemaFault[] {
  if (directory === undefined || site.directories.includes(directory)) return [];
  const near = nearest(directory, site.directories);
  const list = `Use one of: ${site.directories.join(', ')}.`;
  return [
    {
      path: ['rules', rule, 'directory'],
      message: `site ${site.name} has no directory named ${directory}`,
      remedy: near === undefined ? list : `Did you mean ${near}? ${list}`,
    },
  ];
}
