/**
 * What goes over the wire between the mapping service and those who call it, once: the service writes by these schemas, the
 * remote authenticator believes nothing that does not fit them, and the OpenAPI description is made from them.
 */
import { z } from 'zod';
import { type DenialCode, denialTable } from '../denial.ts';
import type { Stage } from '../explanation/steps.ts';

/** Bounds of a request. A TLS peer cannot send more than about 100 KiB of certificates either (OpenSSL's max_cert_list). */
export const maximumCertificates = 20;
/** A larger one is malformed for the validator too. */
export const maximumCertificateOctets = 65_536;
export const maximumUserLength = 512;
export const maximumBodyOctets = 256 * 1024;

/** Bounds of an answer; groups are what can be many. */
const maximumGroups = 20_000;
export const maximumAnswerOctets = 16 * 1024 * 1024;

/** What the OpenAPI description calls by name. */
export const wireSchemas = z.registry<{ id: string }>();

const text = (most: number) => z.string().min(1).max(most);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const sid = z.string().regex(/^S-1-[0-9-]{1,180}$/);
const dateTime = z.iso.datetime();
const reference = z
  .string()
  .regex(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
  .describe('Names the audit record of this decision');

/** IPv4, IPv6 or IPv4 in IPv6, with a zone: near enough for a record, which is all it is for. */
export const addressPattern = /^[0-9A-Fa-f:.]{2,45}(?:%[\w.-]{1,16})?$/;

export const resolveRequestSchema = z
  .strictObject({
    certificates: z
      .array(
        z
          .base64()
          .min(4)
          .max(Math.ceil(maximumCertificateOctets / 3) * 4),
      )
      .min(1)
      .max(maximumCertificates)
      .describe('DER in base 64, end entity first'),
    user: z
      .string()
      .max(maximumUserLength)
      .optional()
      .describe('The name the client gave; the certificate must lead to that account'),
    site: text(64).optional().describe('Site whose trust anchors, rules and rights decide; the first when absent'),
    remoteAddress: z
      .string()
      .regex(addressPattern)
      .optional()
      .describe('Address of the holder of the certificate, for the audit record'),
    tls: z
      .strictObject({ protocol: text(32), cipher: text(128) })
      .optional()
      .describe('Of the connection on which the holder proved the certificate, for the audit record'),
  })
  .register(wireSchemas, { id: 'ResolveRequest' });

const groupSchema = z
  .strictObject({
    sid: sid.optional(),
    distinguishedName: text(4096).optional(),
    name: text(1024).optional(),
  })
  .register(wireSchemas, { id: 'Group' });

const accountSchema = z
  .strictObject({
    directory: text(64).describe('Name of the directory that holds the account'),
    name: text(256).describe('sAMAccountName or uid'),
    distinguishedName: text(4096),
    sid: sid.optional(),
    userPrincipalName: text(1024).optional(),
    dnsDomain: text(255).optional(),
    homeDirectory: text(4096).optional().describe('As the directory says; the service looks at no file system'),
    groups: z.array(groupSchema).max(maximumGroups).describe('Nested ones included'),
  })
  .register(wireSchemas, { id: 'Account' });

const certificateSchema = z
  .strictObject({
    subject: z.string().max(8192).describe('RFC 4514'),
    issuer: z.string().max(8192).describe('RFC 4514'),
    serialNumber: z.string().regex(/^-?[0-9a-f]{2,42}$/),
    sha256,
    subjectKeyIdentifier: z
      .string()
      .regex(/^[0-9a-f]{0,1024}$/)
      .optional(),
    userPrincipalNames: z.array(z.string().max(1024)).max(64).optional(),
    sid: sid.optional(),
    notBefore: dateTime,
    notAfter: dateTime,
  })
  .register(wireSchemas, { id: 'Certificate' });

const evidenceSchema = z
  .object({
    certificateSha256: sha256,
    status: text(64),
    method: text(64),
    source: z.string().max(4096),
    thisUpdate: dateTime.optional(),
    nextUpdate: dateTime.optional(),
    ageSeconds: z.number().optional(),
  })
  .catchall(z.union([z.string().max(4096), z.number(), z.boolean()]))
  .register(wireSchemas, { id: 'Evidence' });

const validationFields = {
  certificate: certificateSchema,
  path: z.array(sha256).min(1).max(100).describe('SHA-256 of the certificates, end entity first'),
  trustAnchor: sha256,
  policies: z.union([z.literal('any-policy'), z.array(z.string().max(256)).max(1000)]),
  evidence: z.array(evidenceSchema).max(1000).describe('Revocation evidence'),
} as const;

const factsSchema = z.record(
  z.string().max(128),
  z.union([z.string().max(65_536), z.number(), z.boolean(), z.array(z.string().max(65_536)).max(maximumGroups)]),
);

const stages = [
  'connection',
  'certificate',
  'revocation',
  'mapping',
  'directory',
  'account',
  'authorization',
  'data-channel',
] as const satisfies readonly Stage[];

const stepSchema = z
  .strictObject({
    stage: z.enum(stages),
    check: text(1024),
    verdict: z.enum(['passed', 'failed', 'skipped', 'noted']),
    citation: z.string().max(256).optional(),
    facts: factsSchema.optional(),
    atMilliseconds: z.number().optional(),
  })
  .register(wireSchemas, { id: 'Step' });

const steps = z.array(stepSchema).max(10_000).optional().describe('With explain=1, for callers who may ask for it');

export const grantedSchema = z
  .strictObject({
    outcome: z.literal('granted'),
    reference,
    account: accountSchema,
    rule: text(256).describe('Mapping rule that led to the account'),
    reason: text(256).describe('Why the mapping is strong'),
    permissions: z
      .strictObject({ read: z.boolean(), write: z.boolean() })
      .describe('What the authorization rules of the site allow at its root'),
    validUntil: dateTime.describe('When the first certificate of the path expires'),
    ...validationFields,
    steps,
  })
  .register(wireSchemas, { id: 'Granted' });

// The keys of the table are exactly the codes; Object.keys forgets that.
const codes = Object.keys(denialTable) as DenialCode[];

export const deniedSchema = z
  .strictObject({
    outcome: z.enum(['denied', 'unavailable']),
    reference,
    code: z.enum(codes),
    meaning: z.string().max(2048),
    remedy: z.string().max(2048).optional(),
    detail: z.string().max(65_536).optional(),
    facts: factsSchema.optional(),
    steps,
  })
  .register(wireSchemas, { id: 'Denied' });

export const verdictSchema = z
  .discriminatedUnion('outcome', [grantedSchema, deniedSchema])
  .register(wireSchemas, { id: 'Verdict' });

/** A request that was not decided: it is wrong, too large, or there are too many. */
const refusedRequestSchema = z
  .strictObject({ error: text(64), message: text(512) })
  .register(wireSchemas, { id: 'RefusedRequest' });

const healthSchema = z
  .strictObject({ status: z.literal('ok'), sites: z.array(text(64)) })
  .register(wireSchemas, { id: 'Health' });

export type ResolveRequest = z.output<typeof resolveRequestSchema>;
export type GrantedAnswer = z.output<typeof grantedSchema>;
export type DeniedAnswer = z.output<typeof deniedSchema>;
export type VerdictAnswer = GrantedAnswer | DeniedAnswer;
export type RefusedAnswer = z.output<typeof refusedRequestSchema>;
export type HealthAnswer = z.output<typeof healthSchema>;
