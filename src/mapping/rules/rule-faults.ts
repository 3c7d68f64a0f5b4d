/** Faults that no single key of a rule shows: keys that do not belong to its kind, and strength or choice that is not earned. */
import type { SchemaFault } from '../../schema-faults/schema-issues.ts';
import { isProvingFilter, looksForHolder } from '../proving-filter.ts';
import { searchOf } from '../sssd/sssd-map-rule.ts';
import { isIssuerPinned } from '../strength.ts';
import { type IdentityKind, strongForms } from './rule.ts';
import type { DecodedRule } from './rule-schema.ts';

/** Keys that only some kinds have. */
const kindsOfKey = {
  forms: ['altSecurityIdentities'],
  sha1PublicKeyOf: ['altSecurityIdentities', 'sha1PublicKey'],
  suffixes: ['upn'],
  filter: ['search'],
  strength: ['search', 'sssd'],
  matchrule: ['sssd'],
  maprule: ['sssd'],
  priority: ['sssd'],
  domains: ['sssd'],
} as const satisfies Partial<Record<keyof DecodedRule, readonly IdentityKind[]>>;

type RuleFault = Omit<SchemaFault, 'path'> & { readonly key: keyof DecodedRule };

/** @returns every fault of a rule set that decoded */
export function ruleFaults(rules: readonly DecodedRule[]): readonly SchemaFault[] {
  return rules.flatMap((rule, index) =>
    [...keyFaults(rule), ...meaningFaults(rule), ...orderFaults(rules, rule, index)].map(
      ({ key, message, remedy }) => ({
        path: ['rules', index, key],
        message,
        remedy,
      }),
    ),
  );
}

function keyFaults(rule: DecodedRule): readonly RuleFault[] {
  return Object.entries(kindsOfKey).flatMap(([name, kinds]): readonly RuleFault[] => {
    // the keys of the table are keys of a rule, which Object.entries forgets
    const key = name as keyof typeof kindsOfKey;
    const allowed: readonly IdentityKind[] = kinds;
    if (rule[key] === undefined || allowed.includes(rule.map)) return [];
    return [{ key, message: `does not belong to map: ${rule.map}`, remedy: `It is for map: ${kinds.join(' or ')}.` }];
  });
}

function meaningFaults(rule: DecodedRule): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  if (rule.when && Object.values(rule.when).every((given) => given === undefined || isEmptyObject(given))) {
    const remedy = 'Give issuerSha256, policies or another condition, or leave when out.';
    faults.push({ key: 'when', message: 'holds no condition', remedy });
  }
  if (rule.map === 'search' && !rule.filter) {
    faults.push({
      key: 'map',
      message: 'needs a filter',
      remedy: 'Give filter: (mail={subject_rfc822_name}), for one.',
    });
  }
  const filter = searchOf(rule);
  const isPinned = isIssuerPinned(pinsOf(rule)) && (filter === undefined || looksForHolder(filter));
  const isProven = isPinned || (filter !== undefined && isProvingFilter(filter));
  if (rule.strength === 'strong' && !isProven) {
    const message = 'the filter finds accounts by what other certificates can hold too';
    const remedy =
      'Search for a name of the holder and pin the CA with when.issuerSha256 or when.issuerKeySha256, or search for issuer and serial or a digest.';
    faults.push({ key: 'strength', message, remedy });
  }
  if (rule.severalAccounts === 'userPicks' && !isExplicit(rule)) {
    const message = 'only accounts explicitly and strongly mapped to a certificate may be picked among';
    const remedy =
      'Use map: issuerSerial, issuerSid, ski, sha1PublicKey, certificate, or altSecurityIdentities with such forms.';
    faults.push({ key: 'severalAccounts', message, remedy });
  }
  if (rule.base !== undefined && rule.directory === undefined) {
    faults.push({ key: 'base', message: 'belongs to one directory', remedy: 'Name it with directory.' });
  }
  return faults;
}

function isExplicit({ map, forms }: DecodedRule): boolean {
  if (map === 'altSecurityIdentities') return forms?.every((form) => strongForms.has(form)) === true;
  return map === 'certificate' || [...strongForms].some((form) => form === map);
}

function pinsOf({ when }: DecodedRule) {
  const { issuerSha256, issuerKeySha256 } = when ?? {};
  return { when: { issuerSha256, issuerKeySha256 } };
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function orderFaults(rules: readonly DecodedRule[], rule: DecodedRule, index: number): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  if (rules.findIndex(({ name }) => name === rule.name) !== index) {
    faults.push({ key: 'name', message: `${rule.name} is used twice`, remedy: 'Give each rule a name of its own.' });
  }
  const priority = priorityOf(rule);
  const isLate = rules.slice(0, index).some((before) => before.map === 'sssd' && priorityOf(before) > priority);
  if (rule.map === 'sssd' && isLate) {
    const message = 'stands after a rule with a lower priority (a higher number, or none)';
    faults.push({ key: 'priority', message, remedy: 'Rules are tried in the order of the file: sort them.' });
  }
  return faults;
}

/** SSSD: 0 is the highest, none the lowest. */
function priorityOf({ priority }: DecodedRule): number {
  return priority ?? Number.POSITIVE_INFINITY;
}
