/** Parsers of the certificate extensions that path validation processes (RFC 5280 4.2). */
import {
  contextConstructed,
  contextPrimitive,
  DerReader,
  type DerValue,
  readSequence,
  readSingle,
  tags,
} from '../encoding/der.ts';
import { decodeBoolean, decodeCount, decodeNamedBits, decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import {
  constrainedForm,
  type GeneralName,
  generalNameOf,
  generalNamesOf,
  readableNamesOf,
} from '../names/general-name.ts';
import { type KeyUsage, keyUsages } from './key-usage.ts';

export interface BasicConstraints {
  readonly ca: boolean;
  /** The greatest number of non-self-issued intermediates below; absent: no limit. */
  readonly pathLength?: number | undefined;
}

export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

export interface PolicyConstraints {
  /** Certificates below that may still be without a valid policy. */
  readonly requireExplicitPolicy?: number | undefined;
  /** Certificates below that may still map policies. */
  readonly inhibitPolicyMapping?: number | undefined;
}

/** By the form of the names they constrain (RFC 5280 4.2.1.10), since a login compares with those of one form only. */
export type NameConstraints = ReadonlyMap<string, Subtrees>;

export interface Subtrees {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface CertificatePolicies {
  /** Dotted OIDs, each once. */
  readonly policies: readonly string[];
  /** Dotted OIDs of qualifiers other than the two of RFC 5280, for which a critical extension must be refused. */
  readonly unprocessedQualifiers: readonly string[];
}

interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Buffer;
}

const maximumPolicies = 256;
const maximumQualifiers = 64;
const maximumPurposes = 64;
const maximumSubtrees = 4096;

/** RFC 5280 4.2.1.4: the pointer to a statement and the text to show; they are for people, and processed by leaving them to them. */
const displayQualifiers: ReadonlySet<string> = new Set([oids.certificationPracticeStatement, oids.userNotice]);

/**
 * RFC 5280 4.2.1.3.
 * @param der extnValue: a BIT STRING
 * @returns the purposes of the bits that are set; a bit without a name says nothing
 * @throws MalformedError when it is not one named bit list in DER
 */
export function parseKeyUsage(der: Buffer): ReadonlySet<KeyUsage> {
  const bits = decodeNamedBits(readSingle(der, tags.bitString, 'keyUsage').content, 'keyUsage');
  return new Set(keyUsages.filter((_, bit) => bits.has(bit)));
}

/**
 * RFC 5280 4.2.1.12.
 * @param der extnValue
 * @returns dotted OIDs, in their order
 * @throws MalformedError when it is empty, too long or not DER
 */
export function parseExtendedKeyUsage(der: Buffer): readonly string[] {
  const purposes = readSequence(der, 'extKeyUsage').rest(maximumPurposes);
  if (purposes.length === 0) throw new MalformedError('extKeyUsage is empty');
  return purposes.map((purpose) => objectIdentifierOf(purpose, 'purpose in extKeyUsage'));
}

export function parseBasicConstraints(der: Buffer): BasicConstraints {
  const reader = readSequence(der, 'basicConstraints');
  // An explicitly encoded FALSE breaks DER, but so many CAs write it that refusing it refuses their cards.
  const ca = reader.optional(tags.boolean);
  const pathLength = reader.optional(tags.integer);
  reader.end();
  return {
    ca: ca !== undefined && decodeBoolean(ca.content, 'cA'),
    pathLength: pathLength && decodeCount(pathLength.content, 'pathLenConstraint'),
  };
}

/** MS-WCCE 2.2.2.7.7.3: encoded as certificate policies are. The qualifiers say nothing about a purpose. */
export function parseApplicationPolicies(der: Buffer): readonly string[] {
  return parseCertificatePolicies(der, 'application policies').policies;
}

/**
 * The policy OIDs. A policy named twice breaks RFC 5280 4.2.1.4 but leaves no doubt about which policies are asserted.
 * @param der extnValue
 * @throws MalformedError when it is empty, too long or not DER
 */
export function parseCertificatePolicies(der: Buffer, what = 'certificatePolicies'): CertificatePolicies {
  const information = readSequence(der, what).rest(maximumPolicies);
  if (information.length === 0) throw new MalformedError(`${what} is empty`);
  const policies = new Set<string>();
  const unprocessedQualifiers: string[] = [];
  for (const { tag, content } of information) {
    if (tag !== tags.sequence) throw new MalformedError('policy information is not a SEQUENCE');
    const reader = new DerReader(content, 'policy information');
    policies.add(objectIdentifierOf(reader.next(), 'policy'));
    const qualifiers = reader.optional(tags.sequence);
    reader.end();
    if (qualifiers) unprocessedQualifiers.push(...unprocessedAmong(qualifiers.content));
  }
  return { policies: [...policies], unprocessedQualifiers };
}

/** Only a critical extension makes them matter, so what cannot be read must not make the certificate unreadable. */
function unprocessedAmong(content: Buffer): readonly string[] {
  try {
    return new DerReader(content, 'policy qualifiers')
      .rest(maximumQualifiers)
      .map((qualifier) => new DerReader(qualifier.content, 'policy qualifier').expect(tags.objectIdentifier))
      .map((type) => decodeObjectIdentifier(type.content, 'policy qualifier'))
      .filter((type) => !displayQualifiers.has(type));
  } catch (error) {
    if (error instanceof MalformedError) return ['that cannot be read'];
    throw error;
  }
}

/**
 * RFC 5280 4.2.1.5. A mapping from or to anyPolicy is returned: the path refuses it.
 * @param der extnValue
 * @throws MalformedError when it is empty, too long or not DER
 */
export function parsePolicyMappings(der: Buffer): readonly PolicyMapping[] {
  const mappings = readSequence(der, 'policyMappings').rest(maximumPolicies);
  if (mappings.length === 0) throw new MalformedError('policyMappings is empty');
  return mappings.map((mapping) => {
    if (mapping.tag !== tags.sequence) throw new MalformedError('policy mapping is not a SEQUENCE');
    const reader = new DerReader(mapping.content, 'policy mapping');
    const issuerDomainPolicy = objectIdentifierOf(reader.next(), 'issuerDomainPolicy');
    const subjectDomainPolicy = objectIdentifierOf(reader.next(), 'subjectDomainPolicy');
    reader.end();
    return { issuerDomainPolicy, subjectDomainPolicy };
  });
}

/**
 * RFC 5280 4.2.1.11.
 * @param der extnValue
 * @returns numbers of certificates that may still follow before each constraint counts
 * @throws MalformedError when it is empty or not DER
 */
export function parsePolicyConstraints(der: Buffer): PolicyConstraints {
  const reader = readSequence(der, 'policyConstraints');
  const requireExplicitPolicy = optionalCount(reader, 0, 'requireExplicitPolicy');
  const inhibitPolicyMapping = optionalCount(reader, 1, 'inhibitPolicyMapping');
  reader.end();
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined)
    throw new MalformedError('policyConstraints is empty');
  return {
    requireExplicitPolicy,
    inhibitPolicyMapping,
  };
}

/**
 * The number of certificates below in which anyPolicy still counts.
 * @param der extnValue (RFC 5280 4.2.1.14)
 * @throws MalformedError when it is not one count
 */
export function parseInhibitAnyPolicy(der: Buffer): number {
  return decodeCount(readSingle(der, tags.integer, 'inhibitAnyPolicy').content, 'inhibitAnyPolicy');
}

/**
 * RFC 5280 4.2.1.10: at least one subtree; minimum is 0, whether written out or not; maximum is absent.
 * @param der extnValue
 * @throws MalformedError when it is empty, or holds something else
 */
export function parseNameConstraints(der: Buffer): NameConstraints {
  const reader = readSequence(der, 'nameConstraints');
  const permitted = reader.optional(contextConstructed(0));
  const excluded = reader.optional(contextConstructed(1));
  reader.end();
  if (!permitted && !excluded) throw new MalformedError('nameConstraints is empty');
  const allowed = Map.groupBy(permitted ? subtrees(permitted.content) : [], constrainedForm);
  const denied = Map.groupBy(excluded ? subtrees(excluded.content) : [], constrainedForm);
  const forms = new Set([...allowed.keys(), ...denied.keys()]);
  return new Map(
    [...forms].map((form) => [form, { permitted: allowed.get(form) ?? [], excluded: denied.get(form) ?? [] }]),
  );
}

/**
 * RFC 5280 4.2.1.1.
 * @param der extnValue
 * @returns the key identifier alone; issuer and serial number are read over
 * @throws MalformedError
 */
export function parseAuthorityKeyIdentifier(der: Buffer): AuthorityKeyIdentifier {
  const reader = readSequence(der, 'authorityKeyIdentifier');
  const keyIdentifier = reader.optional(contextPrimitive(0));
  // Nothing is decided by issuer and serial number, so that one of them without the other (RFC 5280 A.2) does no harm.
  reader.optional(contextConstructed(1));
  reader.optional(contextPrimitive(2));
  reader.end();
  return keyIdentifier ? { keyIdentifier: keyIdentifier.content } : {};
}

/**
 * RFC 5280 4.2.1.2.
 * @param der extnValue
 * @returns the octets of the identifier, without tag and length
 * @throws MalformedError
 */
export function parseSubjectKeyIdentifier(der: Buffer): Buffer {
  return readSingle(der, tags.octetString, 'subjectKeyIdentifier').content;
}

/**
 * @param isCa the names of a CA do not serve as identities here: one that cannot be read is kept as unreadable, which name constraints above refuse.
 *   Of an end entity every name must be read without doubt.
 */
export function parseSubjectAltName(der: Buffer, isCa: boolean): readonly GeneralName[] {
  const { content } = readSingle(der, tags.sequence, 'subjectAltName');
  // An empty one breaks RFC 5280 4.2.1.6 but names no subject. The code that asks for names decides whether that matters.
  if (content.length === 0) return [];
  return isCa
    ? readableNamesOf(content, 'subjectAltName', subjectNameOf)
    : generalNamesOf(content, 'subjectAltName', subjectNameOf);
}

function subjectNameOf(value: DerValue): GeneralName {
  const name = generalNameOf(value);
  if (name.kind === 'iPAddress' && name.octets.length !== 4 && name.octets.length !== 16)
    throw new MalformedError('iPAddress in subjectAltName is neither IPv4 nor IPv6');
  return name;
}

function subtrees(content: Buffer): readonly GeneralName[] {
  const values = new DerReader(content, 'subtrees of nameConstraints').rest(maximumSubtrees);
  if (values.length === 0) throw new MalformedError('subtrees of nameConstraints are empty');
  return values.map((value) => {
    if (value.tag !== tags.sequence) throw new MalformedError('subtree of nameConstraints is not a SEQUENCE');
    const reader = new DerReader(value.content, 'subtree of nameConstraints');
    const base = generalNameOf(reader.next());
    const minimum = optionalCount(reader, 0, 'minimum of a subtree') ?? 0;
    reader.end();
    if (minimum !== 0) throw new MalformedError('subtree of nameConstraints has a minimum other than 0');
    return base;
  });
}

function optionalCount(reader: DerReader, number: number, what: string): number | undefined {
  const value = reader.optional(contextPrimitive(number));
  return value && decodeCount(value.content, what);
}

function objectIdentifierOf(value: { readonly tag: number; readonly content: Buffer }, what: string): string {
  if (value.tag !== tags.objectIdentifier) throw new MalformedError(`${what} is not an OBJECT IDENTIFIER`);
  return decodeObjectIdentifier(value.content, what);
}
