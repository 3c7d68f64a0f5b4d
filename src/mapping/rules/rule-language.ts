/**
 * The rule language: turns a parsed rule-set file into mapping rules, or into every fault in it with its place and a remedy.
 * It refuses what it does not know and pins that do not pin; a rule is never skipped because it cannot be read.
 */
import type { z } from 'zod';
import { searchOf } from '../sssd/sssd-map-rule.ts';
import { defaultMatchRule, parseSssdMatchRule } from '../sssd/sssd-match-rule.ts';
import type { MappingRule, RuleCondition } from './rule.ts';
import { type RuleFault, ruleFaults } from './rule-faults.ts';
import { type DecodedRule, ruleSetSchema } from './rule-schema.ts';

export type DecodedRules =
  | { readonly outcome: 'decoded'; readonly rules: readonly MappingRule[] }
  | { readonly outcome: 'faulty'; readonly faults: readonly RuleFault[] };

/** @param value what a YAML or JSON parser made of the file: plain objects, arrays and scalars */
export function decodeRules(value: unknown): DecodedRules {
  const decoded = ruleSetSchema.safeParse(value);
  if (!decoded.success) {
    return { outcome: 'faulty', faults: decoded.error.issues.map(faultOf) };
  }
  const { rules } = decoded.data;
  const faults = ruleFaults(rules);
  if (faults.length > 0) return { outcome: 'faulty', faults };
  return { outcome: 'decoded', rules: rules.map(mappingRule) };
}

function mappingRule({ when, matchrule, maprule, filter, priority: _, ...rule }: DecodedRule): MappingRule {
  const isSssd = rule.map === 'sssd';
  const search = searchOf({ map: rule.map, filter, maprule });
  const sssd = isSssd ? (matchrule ?? parseSssdMatchRule(defaultMatchRule)) : undefined;
  const conditions = when || sssd ? { ...conditionOf(when ?? {}), ...(sssd && { sssd }) } : undefined;
  return {
    ...present(rule),
    ...(conditions && { when: conditions }),
    ...(search && { filter: search }),
  };
}

function conditionOf(when: NonNullable<DecodedRule['when']>): RuleCondition {
  const { subjectAttributes, subjectAltName, ...others } = when;
  return {
    ...present(others),
    ...(subjectAttributes && { subjectAttributes: new Map(Object.entries(subjectAttributes)) }),
    ...(subjectAltName && { subjectAltName: mapOf(subjectAltName) }),
  };
}

/** The keys of an enum record are those of the enum; Object.entries forgets that. */
function mapOf<K extends string, V>(record: Partial<Record<K, V>>): ReadonlyMap<K, V> {
  return new Map(Object.entries(record) as [K, V][]);
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that stand there as undefined, which the schema leaves and the types of rules do not allow. */
function present<T extends object>(value: T): Present<T> {
  // entries that are left have a value, which the compiler cannot see
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Present<T>;
}

function faultOf(issue: z.core.$ZodIssue): RuleFault {
  const path = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
  if (issue.code === 'unrecognized_keys') {
    return {
      path: [...path, ...issue.keys.slice(0, 1)],
      message: `unknown key: ${issue.keys.join(', ')}`,
      remedy: 'Remove it, or correct its spelling; mappings/README.md lists the keys of a rule.',
    };
  }
  return { path, message: issue.message, remedy: 'See mappings/README.md for what stands here.' };
}
