/** Reads a site’s mapping rules from their own YAML file; faults name that file and line. */
import type { MappingRule } from '../mapping/rules/rule.ts';
import { decodeRules } from '../mapping/rules/rule-language.ts';
import type { MaterialReader } from './material.ts';
import type { SiteSettings } from './site-schema.ts';
import type { ConfigurationFault, SettingPath } from './yaml/fault.ts';
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
  const rules = source.faults.length === 0 ? decoded(source, site) : undefined;
  further.push(...source.faults);
  return rules;
}

function decoded(source: YamlSource, site: SiteSettings): readonly MappingRule[] | undefined {
  const result = decodeRules(source.plain());
  if (result.outcome === 'faulty') {
    for (const { path, message, remedy } of result.faults) source.fault(path, message, remedy);
    return undefined;
  }
  result.rules.forEach(({ directory }, index) => {
    if (directory === undefined || site.directories.includes(directory)) return;
    const message = `site ${site.name} has no directory named ${directory}`;
    source.fault(['rules', index, 'directory'], message, `Use one of: ${site.directories.join(', ')}.`);
  });
  return result.rules;
}
