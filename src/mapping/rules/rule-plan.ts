/** Which directories each rule of a site asks. A rule that none of them can answer is a fault of the configuration. */
import type { Directory } from '../../directory/directory.ts';
import { lookupsOfKind, type MappingRule } from './rule.ts';

export interface PlannedRule {
  readonly rule: MappingRule;
  readonly directories: readonly Directory[];
}

/** @throws TypeError when a rule names an unknown directory, or no directory can answer it */
export function planRules(rules: readonly MappingRule[], directories: readonly Directory[]): readonly PlannedRule[] {
  return rules.map((rule) => ({ rule, directories: directoriesFor(rule, directories) }));
}

function directoriesFor(rule: MappingRule, directories: readonly Directory[]): readonly Directory[] {
  const { directory, domains } = rule;
  for (const wanted of domains ?? []) {
    if (!directories.some(({ name }) => name === wanted)) {
      throw new TypeError(`rule ${rule.name}: the site has no directory named ${wanted}`);
    }
  }
  const named = directories.filter(
    ({ name }) => (directory === undefined || name === directory) && (domains === undefined || domains.includes(name)),
  );
  const able = named.filter(({ lookups }) => lookupsOfKind(rule.map).some((kind) => lookups.has(kind)));
  if (able.length === 0) {
    const remedy = 'remove the rule, or configure the attribute it needs';
    throw new TypeError(`no directory of the site can answer rule ${rule.name} (map: ${rule.map}): ${remedy}`);
  }
  if (rule.base !== undefined && able.some(({ kind }) => kind === 'file')) {
    throw new TypeError(`rule ${rule.name}: an account file has no entry ${rule.base} to search below`);
  }
  return able;
}
