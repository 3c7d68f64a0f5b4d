/**
 * What a rule-set file may hold, key by key: a JSON Schema for editors is made from it. Texts with a language of their own (names,
 * patterns, filters, SSSD rules) are parsed here, so that a mistake in one is a fault with its place like any other.
 */

import { z } from 'zod';
import { keyUsages } from '../../pki/certificate/key-usage.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { parseSssdMapRule } from '../sssd/sssd-map-rule.ts';
import { parseSssdMatchRule } from '../sssd/sssd-match-rule.ts';
import { attributeTypeNames, attributeTypeOf } from '../stored/attribute-names.ts';
import { parseFilterTemplate } from './filter-template.ts';
import { parseNameText } from './name-text.ts';
import { alternativeNameKinds, altForms, identityKinds, sha1PublicKeyInputs } from './rule.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';
import { parseTextPattern } from './text-pattern.ts';

const mostRules = 100;

/** A text parsed further; what the parser refuses becomes a fault at this place. */
function parsed<T>(parse: (text: string) => T) {
  return z
    .string()
    .min(1)
    .max(4096)
    .transform((text, context): T => {
      try {
        return parse(text);
      } catch (error) {
        if (!(error instanceof RuleSyntaxError)) throw error;
        context.addIssue({ code: 'custom', message: error.message, params: { meant: error.meant } });
        return z.NEVER;
      }
    });
}

const listOf = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(100);

const sha256 = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$|^[0-9A-Fa-f]{64}$/, {
    error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons',
  })
  .transform((text) => text.replaceAll(':', '').toLowerCase());

/** The first arc is 0, 1 or 2, the second below 40 but under 2; no arc has leading zeros (X.660). */
const dotted = /^(?:[01]\.[1-3]?\d|2\.(?:0|[1-9]\d*))(?:\.(?:0|[1-9]\d*))*$/;
export const objectIdentifier = z
  .string()
  .max(256)
  .regex(dotted, { error: 'must be an object identifier in dotted decimal, such as 1.3.6.1.4.1.311.21.8.1' });

const purposeNames: ReadonlyMap<string, string> = new Map([
  ['clientAuth', oids.clientAuth],
  ['smartCardLogon', oids.smartCardLogon],
  ['pkinitClientAuth', oids.pkinitClientAuth],
  ['emailProtection', oids.emailProtection],
  ['serverAuth', oids.serverAuth],
  ['codeSigning', oids.codeSigning],
]);
const purpose = z
  .union([z.enum([...purposeNames.keys()]), objectIdentifier])
  .transform((text) => purposeNames.get(text) ?? text);

const distinguishedName = parsed((text) => parseNameText(text).key);
const pattern = parsed(parseTextPattern);
const attributeType = parsed((text) => {
  const type = attributeTypeOf(text);
  if (type === undefined) {
    throw new RuleSyntaxError('is not a known attribute type; write its OID', nearest(text, attributeTypeNames));
  }
  return type;
});
const keyUsage = z.enum(keyUsages);
export const upnSuffix = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/, { error: 'must be what stands after the @, such as corp.example' });

const condition = z
  .strictObject({
    issuerSha256: listOf(sha256)
      .optional()
      .describe(
        'SHA-256 of the certificates of the CAs that issue the logon certificates, in hexadecimal; any of them',
      ),
    issuerKeySha256: listOf(sha256)
      .optional()
      .describe(
        'SHA-256 of the SubjectPublicKeyInfo of those CAs, which survives renewal with the same key; any of them',
      ),
    issuer: listOf(distinguishedName)
      .optional()
      .describe('Names of issuers in RFC 4514, any of them; a name pins nothing, any CA can bear it'),
    policies: listOf(objectIdentifier)
      .optional()
      .describe('Certificate policy OIDs; the certification path must be valid for at least one of them'),
    allPolicies: listOf(objectIdentifier)
      .optional()
      .describe('Certificate policy OIDs; the certification path must be valid for all of them'),
    extendedKeyUsage: listOf(purpose).optional().describe('Key purposes; the certificate must hold one of them'),
    allExtendedKeyUsage: listOf(purpose).optional().describe('Key purposes; the certificate must hold all of them'),
    keyUsage: listOf(keyUsage)
      .optional()
      .describe('Key usages; the certificate must allow all of them. One without the extension allows every use'),
    subject: listOf(distinguishedName).optional().describe('Subject names in RFC 4514, any of them'),
    subjectUnder: listOf(distinguishedName)
      .optional()
      .describe('Names in RFC 4514; the subject must be one of them or lie below it'),
    subjectAttributes: z
      .record(attributeType, listOf(pattern))
      .optional()
      .describe('By attribute type (OU, CN, an OID): one such attribute of the subject must match one of the patterns'),
    subjectAltName: z
      .partialRecord(z.enum(alternativeNameKinds), listOf(pattern))
      .optional()
      .describe('By kind: the certificate must hold such names, and each of them must match one of the patterns'),
  })
  .describe('Which certificates the rule concerns; all conditions must hold');

const ruleSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, { error: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
    .describe('Names the rule in the audit trail and in explanations'),
  when: condition.optional(),
  map: z.enum(identityKinds).describe('What identifies the account'),
  forms: listOf(z.enum(altForms))
    .optional()
    .describe('altSecurityIdentities: the forms that count; default issuerSerial, issuerSid and issuerSubject'),
  sha1PublicKeyOf: listOf(z.enum(sha1PublicKeyInputs))
    .optional()
    .describe('sha1PublicKey: what the value is the SHA-1 of; default: the certificate'),
  suffixes: listOf(upnSuffix)
    .optional()
    .describe('upn: only user principal names with one of these suffixes are looked for'),
  filter: parsed((text) => parseFilterTemplate(text, 'cardgate'))
    .optional()
    .describe('search: a filter with templates, such as (mail={subject_rfc822_name})'),
  matchrule: parsed(parseSssdMatchRule).optional().describe('sssd: the matching rule as SSSD has it'),
  maprule: parsed(parseSssdMapRule).optional().describe('sssd: the mapping rule as SSSD has it'),
  priority: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .optional()
    .describe('sssd: rules must stand in the order of their priorities'),
  domains: listOf(z.string().min(1).max(64)).optional().describe('sssd: names of the directories to ask'),
  strength: z
    .enum(['strong', 'weak'])
    .optional()
    .describe(
      'search, sssd: what an account found proves; default weak. strong needs a pinned issuer or a proving filter',
    ),
  severalAccounts: z
    .enum(['deny', 'userPicks'])
    .optional()
    .describe('userPicks: among accounts that all hold a strong value of this certificate, USER decides; default deny'),
  directory: z.string().min(1).max(64).optional().describe('The one directory to ask; default: all of the site'),
  base: z.string().min(1).max(1024).optional().describe('Distinguished name below which to search; needs directory'),
  onMiss: z.enum(['next', 'deny']).default('next').describe('After no account was found: next rule, or deny'),
});

/** What a rule-set file holds; a JSON Schema for editors can be generated from it. */
export const ruleSetSchema = z.strictObject({
  rules: z.array(ruleSchema).min(1).max(mostRules).describe('Tried in this order'),
});

export type DecodedRule = z.output<typeof ruleSchema>;
