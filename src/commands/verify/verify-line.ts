/** One line of `cardgate verify --json-lines`: a request of JSON, decoded by its schema, with every fault in it told at once. */
import { z } from 'zod';
import { schemaFaults } from '../../schema-faults/schema-issues.ts';
import { formatSetting } from '../../schema-faults/setting-path.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import { repeatedMember } from './repeated-member.ts';
import { certificatesIn, crlsIn, type NamedDer, ocspResponsesIn, type Read } from './verify-material.ts';
import { oidOf, purposeNames, purposeOf, revocationChoices, timeOf, type VerifySettings } from './verify-request.ts';
import { VerifyUsageError } from './verify-usage-error.ts';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const der = z
  .string()
  .refine((text) => text !== '' && base64.test(text), { error: 'must be base 64 of DER' })
  .transform((text) => Buffer.from(text, 'base64'));

/** What the reader refuses is a fault at this place. @param allowed what it takes, in words */
function readBy<T>(read: (text: string) => T, allowed: string, names: readonly string[] = []) {
  return z.string().transform((text, context): T => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof VerifyUsageError)) throw error;
      const meant = nearest(text, names);
      const message = meant === undefined ? `must be ${allowed}` : `is not ${allowed}`;
      context.addIssue({ code: 'custom', message, params: { meant } });
      return z.NEVER;
    }
  });
}

const settingsSchema = z.strictObject({
  trustAnchors: z.array(der).optional(),
  untrusted: z.array(der).optional(),
  crls: z.array(der).optional(),
  ocsp: z.array(der).optional(),
  at: readBy(timeOf, 'a time such as 2026-06-01T12:00:00Z').optional(),
  policies: z.array(readBy(oidOf, 'a dotted OID')).optional(),
  requireExplicitPolicy: z.boolean().optional(),
  inhibitPolicyMapping: z.boolean().optional(),
  inhibitAnyPolicy: z.boolean().optional(),
  eku: z.array(readBy(purposeOf, `a dotted OID or one of ${purposeNames.join(', ')}`, purposeNames)).optional(),
  revocation: z.enum(revocationChoices).optional(),
});
const certificateSchema = z.object({ certificate: z.array(der) });
const lineSchema = z.strictObject({
  id: z.unknown().optional(),
  ...certificateSchema.shape,
  ...settingsSchema.shape,
});

export interface RequestLine {
  /** Whatever the caller knows the request by. */
  readonly id: unknown;
  /** The text of all settings, the same for requests with the same ones. */
  readonly settingsText: string;
  /** End entity first. @throws VerifyUsageError */
  peerCertificates(): readonly Buffer[];
  /** Decodes the whole line. @throws VerifyUsageError */
  settings(defaults: VerifySettings): VerifySettings;
}

/** Settings of many octets are decoded only when they are asked for: most lines of a fleet repeat them. @throws VerifyUsageError */
export function readLine(text: string): RequestLine {
  const value = objectOf(text);
  const { id, certificate, ...rest } = value;
  return {
    id,
    settingsText: JSON.stringify(rest),
    peerCertificates: () => decode(certificateSchema, { certificate }).certificate,
    settings: (defaults) => settingsOf(decode(lineSchema, value), defaults),
  };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new VerifyUsageError('the line is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new VerifyUsageError('the line is not a JSON object');
  const twice = repeatedMember(text);
  if (twice !== undefined) throw new VerifyUsageError(`${twice} stands twice. Keep one of the two.`);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asList(name, member)]));
}

/** Where a list stands, one will do. */
function asList(name: string, value: unknown): unknown {
  return typeof value === 'string' && lists.has(name) ? [value] : value;
}

const lists: ReadonlySet<string> = new Set<keyof z.output<typeof lineSchema>>([
  'certificate',
  'trustAnchors',
  'untrusted',
  'crls',
  'ocsp',
  'policies',
  'eku',
]);

function decode<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const decoded = schema.safeParse(value);
  if (decoded.success) return decoded.data;
  const faults = schemaFaults(decoded.error.issues, {
    schema,
    value,
    written: () => undefined,
    guide: 'docs/administration/certificates.md',
  });
  throw new VerifyUsageError(
    faults.map(({ path, message, remedy }) => `${formatSetting(path)} ${message}. ${remedy}`).join(' '),
  );
}

function settingsOf(line: z.output<typeof lineSchema>, defaults: VerifySettings): VerifySettings {
  const leftOut = [...defaults.leftOut];
  const material = <T>(
    name: 'trustAnchors' | 'untrusted' | 'crls' | 'ocsp',
    read: (given: readonly NamedDer[]) => Read<T>,
    fallback: readonly T[],
  ) => {
    const given = line[name];
    if (given === undefined) return fallback;
    const result = read(given.map((bytes, index) => ({ file: `${name}[${index}]`, der: bytes })));
    leftOut.push(...result.leftOut);
    return result.found;
  };
  const at = line.at ?? defaults.at;
  const revocation = line.revocation ?? defaults.revocation;
  return {
    trustAnchors: material('trustAnchors', certificatesIn, defaults.trustAnchors),
    untrusted: material('untrusted', certificatesIn, defaults.untrusted),
    crls: material('crls', crlsIn, defaults.crls),
    ocspResponses: material('ocsp', ocspResponsesIn, defaults.ocspResponses),
    leftOut,
    at,
    policies: line.policies ?? defaults.policies,
    requireExplicitPolicy: line.requireExplicitPolicy ?? defaults.requireExplicitPolicy,
    inhibitPolicyMapping: line.inhibitPolicyMapping ?? defaults.inhibitPolicyMapping,
    inhibitAnyPolicy: line.inhibitAnyPolicy ?? defaults.inhibitAnyPolicy,
    purposes: line.eku ?? defaults.purposes,
    revocation,
  };
}
