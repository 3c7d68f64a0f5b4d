/**
 * Filters filled with the facts of one certificate. Where it holds several alternative names of a kind, each is tried, so that all of
 * them must lead to one account; alternatives of a filter for which it holds nothing fall away, and nothing is ever left empty.
 */
import type { FilterTree } from '../directory/directory.ts';
import type { FilterTemplate, ValuePart } from './rules/filter-template.ts';
import {
  type AlternativeValue,
  alternativeValues,
  type CertificateWithIdentity,
  templateValue,
  type Value,
} from './sssd/certificate-values.ts';
import type { AlternativeSource, Template } from './sssd/template.ts';
import { formatLdap } from './stored/name-formats.ts';

/** A certificate with more combinations of names is not searched for: each costs a search, and none has so many. */
const mostFillings = 8;
/** What the directory port searches for at most. */
const longestValue = 8192;

type FilledChoice = ReadonlyMap<AlternativeSource, AlternativeValue>;

/** @returns the filters to search by; none when the certificate holds nothing to fill the template with */
export function fillFilter(template: FilterTemplate, facts: CertificateWithIdentity): readonly FilterTree[] {
  const sources = [
    ...new Set(templatesOf(template).flatMap((entry) => (entry.of === 'alternativeName' ? [entry.source] : []))),
  ];
  let choices: readonly FilledChoice[] = [new Map()];
  for (const source of sources) {
    const values = alternativeValues(facts, source);
    if (values.length === 0) continue;
    if (choices.length * values.length > mostFillings) return [];
    choices = choices.flatMap((choice) => values.map((value) => new Map([...choice, [source, value]])));
  }
  return choices.map((choice) => filled(template, facts, choice)).filter((tree) => tree !== undefined);
}

function templatesOf(filter: FilterTemplate): readonly Template[] {
  switch (filter.operator) {
    case 'and':
    case 'or':
      return filter.operands.flatMap(templatesOf);
    case 'not':
      return templatesOf(filter.operand);
    case 'equals':
      return filter.parts.filter((part) => typeof part !== 'string');
    case 'present':
      return [];
  }
}

/** @returns undefined when it cannot be filled: of an `and` every part must be, of an `or` one */
function filled(filter: FilterTemplate, facts: CertificateWithIdentity, choice: FilledChoice): FilterTree | undefined {
  switch (filter.operator) {
    case 'and':
    case 'or': {
      const operands = filter.operands.map((operand) => filled(operand, facts, choice));
      const present = operands.filter((operand) => operand !== undefined);
      const isEnough = filter.operator === 'and' ? present.length === operands.length : present.length > 0;
      return isEnough ? { operator: filter.operator, operands: present } : undefined;
    }
    case 'not': {
      const operand = filled(filter.operand, facts, choice);
      return operand && { operator: 'not', operand };
    }
    case 'present':
      return filter;
    case 'equals': {
      const { attribute, parts } = filter;
      const value = filledValue(parts, facts, choice);
      if (value === undefined || value.length === 0 || value.length > longestValue) return undefined;
      const isExact = attribute.toLowerCase() === 'usercertificate' && isExactAssertion(parts);
      return { operator: 'equals', attribute, value, stored: isExact ? facts.certificate.der : undefined };
    }
  }
}

function filledValue(
  parts: readonly ValuePart[],
  facts: CertificateWithIdentity,
  choice: FilledChoice,
): Value | undefined {
  const isAssertion = isExactAssertion(parts);
  const values = parts.map((part) => {
    if (typeof part === 'string') return part;
    // the server reads the name, and knows no E: what is asserted is the same name
    if (isAssertion && part.of === 'issuer') return formatLdap(facts.certificate.issuer);
    return templateValue(part, facts, (source) => choice.get(source));
  });
  const [only, ...more] = values;
  if (more.length === 0) return only;
  const texts = values.map((value, index) =>
    // GSER (RFC 3641 3.2): a quotation mark in a string is doubled
    isAssertion && typeof parts[index] !== 'string' && typeof value === 'string' ? value.replaceAll('"', '""') : value,
  );
  return texts.every((text) => typeof text === 'string') ? texts.join('') : undefined;
}

/** certificateExactMatch (RFC 4523 3.1) finds by serial number and issuer; the whole certificate is compared afterwards. */
function isExactAssertion(parts: readonly ValuePart[]): boolean {
  const [first] = parts;
  if (typeof first === 'string') return first.trimStart().startsWith('{');
  return first?.of === 'certificate' && first.as === 'exact';
}
