/** The rule sets of mappings/, decoded as the configuration does it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { MappingRule } from '../../src/mapping/rules/rule.ts';
import { decodeRules } from '../../src/mapping/rules/rule-language.ts';

export function rulesFromFile(name: string): readonly MappingRule[] {
  const file = path.join(import.meta.dirname, '../../mappings', name);
  const decoded = decodeRules(parse(readFileSync(file, 'utf8')));
  if (decoded.outcome === 'faulty') throw new Error(`${name}: ${JSON.stringify(decoded.faults)}`);
  return decoded.rules;
}
