/** The language of card profiles (`mappings/cards/*.yaml`): which keys a card has, and what their certificates say. */
import { z } from 'zod';
import { keyUsages } from '../../pki/certificate/key-usage.ts';
import { crlReasons } from '../../pki/crl/crl-reason.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { extendedKeyUsages } from '../authority/certificate-extensions.ts';
import { isRevocationReason } from '../authority/certificate-revocation-list.ts';
import { type KeyType, keyTypeTable } from '../authority/key-type.ts';

const oid = z.string().regex(/^[0-2](\.\d{1,20}){1,20}$/, { error: 'must be a dotted object identifier' });

/** Text with `{variable}` in it; a value with `{variable?}` is left out when the person has no such variable. */
const template = z
  .string()
  .min(1)
  .max(256)
  .superRefine((text, context) => {
    const variables = [...text.matchAll(/\{([^}]*)\}?/g)];
    const wrong = variables.find(([whole, name = '']) => !whole.endsWith('}') || !isVariable(name));
    if (!wrong) return;
    const meant = nearest(wrong[1] ?? '', variableNames);
    context.addIssue({
      code: 'custom',
      message: 'names a variable that does not exist',
      params: { meant: meant && `{${meant}}` },
    });
  });
const templates = z.array(template).max(16).default([]);

const variableNames = [
  'name',
  'commonName',
  'organization',
  'upn',
  'upnDomain',
  'sid',
  'nextSid',
  'mail',
  'edipi',
  'uuid',
] as const;
export type VariableName = (typeof variableNames)[number];

function isVariable(text: string): boolean {
  return variableNames.some((name) => text === name || text === `${name}?`);
}

function names<Name extends string>(table: Readonly<Record<Name, unknown>>): [Name, ...Name[]] {
  const [first, ...rest] = Object.keys(table) as Name[];
  if (first === undefined) throw new TypeError('a table of names is empty');
  return [first, ...rest];
}

const purpose = z.union([z.enum(names(extendedKeyUsages)), oid]);

const certificate = z.strictObject({
  slot: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, { error: 'must be 1 to 32 letters, digits and hyphens' })
    .describe('Label of key and certificate on the card; 9A, 9C, 9D and 9E are those of a PIV card'),
  key: z
    .enum(names(keyTypeTable) satisfies KeyType[])
    .default('P-256')
    .describe('Kind of key'),
  subject: z
    .array(
      template.regex(/^[A-Za-z][A-Za-z0-9]{0,31}=.+$/, { error: 'must be type=value, for example CN={commonName}' }),
    )
    .max(16)
    .default(['CN={commonName}'])
    .describe('Relative distinguished names, the most significant first'),
  keyUsage: z.array(z.enum(keyUsages)).min(1).describe('RFC 5280 4.2.1.3'),
  extendedKeyUsage: z.array(purpose).max(16).default([]).describe('Purposes, by name or OID; none: any'),
  criticalExtendedKeyUsage: z.boolean().default(false),
  policies: z.array(oid).max(16).default([]).describe('Certificate policies'),
  userPrincipalNames: templates,
  rfc822Names: templates,
  uniformResourceIdentifiers: templates,
  sid: template.optional().describe('Security identifier, for the extension of MS-WCCE 2.2.2.7.7.4'),
  validity: z
    .strictObject({ startDays: z.number().int().min(-3650).max(3650), days: z.number().int().min(1).max(3650) })
    .optional()
    .describe('Days from today to the first, and from the first to the last; default: from now, for --days'),
  issuer: z.enum(['issuing', 'foreign']).default('issuing').describe('foreign: an authority that no site trusts'),
  revoked: z
    .enum(crlReasons.filter(isRevocationReason))
    .optional()
    .describe('Revoke the certificate as soon as it is issued'),
  repeatSubjectAltName: z.boolean().default(false).describe('Write that extension twice'),
});

export const cardProfileSchema = z.strictObject({
  description: z.string().min(1).max(200),
  certificates: z
    .array(certificate)
    .min(1)
    .max(24)
    .refine((list) => new Set(list.map(({ slot }) => slot)).size === list.length, {
      error: 'names a slot more than once',
    }),
});

export type CardProfile = z.output<typeof cardProfileSchema>;
export type ProfileCertificate = CardProfile['certificates'][number];
