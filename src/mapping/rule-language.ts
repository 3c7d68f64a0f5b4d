/**
 * The rule language: turns a parsed rule-set file into mapping rules, or into every fault in it with its place and a remedy.
 * It refuses what it does not know and pins that do not pin; a rule is never skipped because it cannot be read.
 */
import { z } from 'zod';
import { identityKinds, type MappingRule } from './rule.ts';

const mostRules = 100;

const sha256 = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$|^[0-9A-Fa-f]{64}$/, {
    error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
  })
  .transform((text) => text.replaceAll(':', '').toLowerCase());

/** The first arc is 0, 1 or 2; no arc has leading zeros (X.660). */
const objectIdentifier = z
  .string()
  .max(256)
  .regex(/^[0-2](?:\.(?:0|[1-9]\d*))+$/, {
    error: 'must be an object identifier in dotted decimal, such as 1.3.6.1.4.1.311.21.8.1',
  });

const condition = z
  .strictObject({
    issuerSha256: z
      .array(sha256)
      .min(1)
      .max(100)
      .optional()
      .describe(
        'SHA-256 of the certificates of the CAs that issue the logon certificates, in hexadecimal; any of them',
      ),
    policies: z
      .array(objectIdentifier)
      .min(1)
      .max(100)
      .optional()
      .describe('Certificate policy OIDs; the certification path must be valid for at least one of them'),
  })
  .describe('Which certificates the rule concerns; all conditions must hold');

const rule = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, { error: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
    .describe('Names the rule in the audit log and in explanations'),
  when: condition.optional(),
  map: z
    .enum(identityKinds)
    .describe('What identifies the account: its SID, issuer and serial number, the exact certificate, or a UPN'),
  directory: z.string().min(1).max(64).optional().describe('The one directory to ask; default: all of the site'),
  onMiss: z.enum(['next', 'deny']).default('next').describe('After no account was found: next rule, or deny'),
});

/** What a rule-set file holds; a JSON Schema for editors can be generated from it. */
export const ruleSetSchema = z.strictObject({
  rules: z.array(rule).min(1).max(mostRules).describe('Tried in this order'),
});

export interface RuleFault {
  /** Keys and indices from the top of the file to the place of the fault. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

export type DecodedRules =
  | { readonly outcome: 'decoded'; readonly rules: readonly MappingRule[] }
  | { readonly outcome: 'faulty'; readonly faults: readonly RuleFault[] };

/** @param value what a YAML or JSON parser made of the file: plain objects, arrays and scalars */
export function decodeRules(value: unknown): DecodedRules {
  const decoded = ruleSetSchema.safeParse(value);
  if (!decoded.success) {
    return { outcome: 'faulty', faults: decoded.error.issues.map(faultOf) };
  }
  const faults = decoded.data.rules.flatMap((entry, index) => semanticFaults(decoded.data.rules, entry, index));
  if (faults.length > 0) return { outcome: 'faulty', faults };
  return { outcome: 'decoded', rules: decoded.data.rules.map(mappingRule) };
}

type DecodedRule = z.output<typeof rule>;

function mappingRule({ name, when, map, directory, onMiss }: DecodedRule): MappingRule {
  return {
    name,
    map,
    onMiss,
    ...(directory !== undefined && { directory }),
    ...(when && {
      when: {
        ...(when.issuerSha256 && { issuerSha256: when.issuerSha256 }),
        ...(when.policies && { policies: when.policies }),
      },
    }),
  };
}

function semanticFaults(rules: readonly DecodedRule[], entry: DecodedRule, index: number): readonly RuleFault[] {
  const faults: RuleFault[] = [];
  if (rules.findIndex(({ name }) => name === entry.name) !== index) {
    faults.push({
      path: ['rules', index, 'name'],
      message: `${entry.name} is used twice`,
      remedy: 'Give each rule a name of its own.',
    });
  }
  if (entry.when && !entry.when.issuerSha256 && !entry.when.policies) {
    faults.push({
      path: ['rules', index, 'when'],
      message: 'holds no condition',
      remedy: 'Give issuerSha256 or policies, or leave when out.',
    });
  }
  return faults;
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
