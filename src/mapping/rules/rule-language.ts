/**
 * The rule language: turns a parsed rule-set file into mapping rules, or into every fault in it with its place and a remedy.
 * It refuses what it does not know and pins that do not pin; a rule is never skipped because it cannot be read.
 */
import { repairedSettings } from '../../schema-faults/repaired-settings.ts';
import { type SchemaFault, schemaFaults } from '../../schema-faults/schema-issues.ts';
import { overlaps, type SettingPath } from '../../schema-faults/setting-path.ts';
import { defined } from '../../settings/defined.ts';
import { searchOf } from '../sssd/sssd-map-rule.ts';
import { defaultMatchRule, parseSssdMatchRule } from '../sssd/sssd-match-rule.ts';
import type { MappingRule, RuleCondition } from './rule.ts';
import { ruleFaults } from './rule-faults.ts';
import { type DecodedRule, ruleSetSchema } from './rule-schema.ts';

export type DecodedRules =
  | { readonly outcome: 'decoded'; readonly rules: readonly MappingRule[] }
  | { readonly outcome: 'faulty'; readonly faults: readonly SchemaFault[] };

interface RuleFile {
  /** How a value is spelled in the file. */
  readonly written?: (path: SettingPath) => string | undefined;
  /** Faults that only the owner of the rules knows, such as a directory that is not there. */
  readonly further?: (rules: readonly DecodedRule[]) => readonly SchemaFault[];
}

/** @param value what a YAML or JSON parser made of the file: plain objects, arrays and scalars */
export function decodeRules(value: unknown, { written = unspelled, further = none }: RuleFile = {}): DecodedRules {
  const decoded = ruleSetSchema.safeParse(value);
  const refused = decoded.success ? [] : schemaFaults(decoded.error.issues, { ...language, value, written });
  // What is right beside a fault is checked all the same, so that all faults come at once.
  const { settings, replaced } = decoded.success
    ? { settings: decoded.data, replaced: [] }
    : (repairedSettings(ruleSetSchema, structuredClone(value)) ?? { settings: { rules: [] }, replaced: [] });
  const { rules } = settings;
  const found = [...ruleFaults(rules), ...further(rules)].filter(
    ({ path }) => !replaced.some((place) => overlaps(dependsOn(path), place)),
  );
  const faults = [...refused, ...found];
  return faults.length > 0 ? { outcome: 'faulty', faults } : { outcome: 'decoded', rules: rules.map(mappingRule) };
}

const language = { schema: ruleSetSchema, guide: 'mappings/README.md' };
const unspelled = () => undefined;
const none = () => [];

/** These are judged by themselves, all other keys together with the rest of their rule. */
const independentKeys: ReadonlySet<unknown> = new Set(['name', 'directory'] satisfies (keyof DecodedRule)[]);

function dependsOn(path: SettingPath): SettingPath {
  return independentKeys.has(path[2]) ? path : path.slice(0, 2);
}

function mappingRule({ when, matchrule, maprule, filter, priority: _, ...rule }: DecodedRule): MappingRule {
  const isSssd = rule.map === 'sssd';
  const search = searchOf({ map: rule.map, filter, maprule });
  const sssd = isSssd ? (matchrule ?? parseSssdMatchRule(defaultMatchRule)) : undefined;
  const conditions = when || sssd ? { ...conditionOf(when ?? {}), sssd } : undefined;
  return {
    ...defined(rule),
    when: conditions,
    filter: search,
  };
}

function conditionOf(when: NonNullable<DecodedRule['when']>): RuleCondition {
  const { subjectAttributes, subjectAltName, ...others } = when;
  return {
    ...others,
    subjectAttributes: subjectAttributes && new Map(Object.entries(subjectAttributes)),
    subjectAltName: subjectAltName && mapOf(subjectAltName),
  };
}

/** The keys of an enum record are those of the enum; Object.entries forgets that. */
function mapOf<K extends string, V>(record: Partial<Record<K, V>>): ReadonlyMap<K, V> {
  return new Map(Object.entries(record) as [K, V][]);
}
