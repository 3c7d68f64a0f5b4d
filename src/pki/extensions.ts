/** Parsers of the certificate extensions that path validation processes (RFC 5280 4.2), and of the extension list itself. */
import { contextConstructed, contextPrimitive, DerReader, readSequence, readSingle, tags } from './der.ts';
import { decodeBoolean, decodeCount, decodeNamedBits, decodeObjectIdentifier } from './der-values.ts';
import { type GeneralName, generalNameOf, generalNamesOf } from './general-name.ts';
import { type KeyUsage, keyUsages } from './key-usage.ts';
import { MalformedError } from './malformed-error.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue. */
  readonly value: Buffer;
}

export interface BasicConstraints {
  readonly ca: boolean;
  /** The greatest number of non-self-issued intermediates below; absent: no limit. */
  readonly pathLength?: number;
}

export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

export interface PolicyConstraints {
  /** Certificates below that may still be without a valid policy. */
  readonly requireExplicitPolicy?: number;
  /** Certificates below that may still map policies. */
  readonly inhibitPolicyMapping?: number;
}

export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Buffer;
}

const maximumExtensions = 64;
const maximumPolicies = 256;
const maximumPurposes = 64;
const maximumSubtrees = 4096;

/**
 * The list of extensions of a certificate, a CRL or a CRL entry.
 * @param content of the Extensions SEQUENCE
 * @throws MalformedError when it is empty or holds an extension twice (RFC 5280 4.2)
 */
export function parseExtensions(content: Buffer, what: string): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const value of new DerReader(content, what).rest(maximumExtensions)) {
    if (value.tag !== tags.sequence) throw new MalformedError(`${what} holds something that is not a SEQUENCE`);
    const reader = new DerReader(value.content, 'extension');
    const oid = decodeObjectIdentifier(reader.expect(tags.objectIdentifier).content, 'extension type');
    const flag = reader.optional(tags.boolean);
    const critical = flag !== undefined && decodeBoolean(flag.content, 'critical');
    if (flag && !critical) throw new MalformedError(`extension ${oid} encodes the default of critical`);
    const octets = reader.expect(tags.octetString).content;
    reader.end();
    if (extensions.has(oid)) throw new MalformedError(`extension ${oid} appears twice`);
    extensions.set(oid, { oid, critical, value: octets });
  }
  if (extensions.size === 0) throw new MalformedError(`${what} is empty`);
  return extensions;
}

export function parseKeyUsage(der: Buffer): ReadonlySet<KeyUsage> {
  const bits = decodeNamedBits(readSingle(der, tags.bitString, 'keyUsage').content, 'keyUsage');
  return new Set(keyUsages.filter((_, bit) => bits.has(bit)));
}

export function parseExtendedKeyUsage(der: Buffer): readonly string[] {
  const purposes = readSequence(der, 'extKeyUsage').rest(maximumPurposes);
  if (purposes.length === 0) throw new MalformedError('extKeyUsage is empty');
  return purposes.map((purpose) => objectIdentifierOf(purpose, 'purpose in extKeyUsage'));
}

export function parseBasicConstraints(der: Buffer): BasicConstraints {
  const reader = readSequence(der, 'basicConstraints');
  // An explicitly encoded FALSE breaks DER, but so many CAs write it that refusing it would refuse their cards.
  const ca = reader.optional(tags.boolean);
  const pathLength = reader.optional(tags.integer);
  reader.end();
  return {
    ca: ca !== undefined && decodeBoolean(ca.content, 'cA'),
    ...(pathLength && { pathLength: decodeCount(pathLength.content, 'pathLenConstraint') }),
  };
}

/** The policy OIDs; qualifiers are read over, for no decision rests on them. */
export function parseCertificatePolicies(der: Buffer): readonly string[] {
  const policies = readSequence(der, 'certificatePolicies')
    .rest(maximumPolicies)
    .map((information) => {
      if (information.tag !== tags.sequence) throw new MalformedError('policy information is not a SEQUENCE');
      const reader = new DerReader(information.content, 'policy information');
      const policy = objectIdentifierOf(reader.next(), 'policy');
      reader.optional(tags.sequence);
      reader.end();
      return policy;
    });
  if (policies.length === 0) throw new MalformedError('certificatePolicies is empty');
  if (new Set(policies).size !== policies.length) throw new MalformedError('certificatePolicies names a policy twice');
  return policies;
}

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

export function parsePolicyConstraints(der: Buffer): PolicyConstraints {
  const reader = readSequence(der, 'policyConstraints');
  const requireExplicitPolicy = optionalCount(reader, 0, 'requireExplicitPolicy');
  const inhibitPolicyMapping = optionalCount(reader, 1, 'inhibitPolicyMapping');
  reader.end();
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined)
    throw new MalformedError('policyConstraints is empty');
  return {
    ...(requireExplicitPolicy !== undefined && { requireExplicitPolicy }),
    ...(inhibitPolicyMapping !== undefined && { inhibitPolicyMapping }),
  };
}

/** The number of certificates below in which anyPolicy still counts. */
export function parseInhibitAnyPolicy(der: Buffer): number {
  return decodeCount(readSingle(der, tags.integer, 'inhibitAnyPolicy').content, 'inhibitAnyPolicy');
}

/** RFC 5280 4.2.1.10: at least one subtree; minimum is 0 and so not encoded; maximum is absent. */
export function parseNameConstraints(der: Buffer): NameConstraints {
  const reader = readSequence(der, 'nameConstraints');
  const permitted = reader.optional(contextConstructed(0));
  const excluded = reader.optional(contextConstructed(1));
  reader.end();
  if (!permitted && !excluded) throw new MalformedError('nameConstraints is empty');
  return {
    permitted: permitted ? subtrees(permitted.content) : [],
    excluded: excluded ? subtrees(excluded.content) : [],
  };
}

export function parseAuthorityKeyIdentifier(der: Buffer): AuthorityKeyIdentifier {
  const reader = readSequence(der, 'authorityKeyIdentifier');
  const keyIdentifier = reader.optional(contextPrimitive(0));
  const issuer = reader.optional(contextConstructed(1));
  const serialNumber = reader.optional(contextPrimitive(2));
  reader.end();
  if ((issuer === undefined) !== (serialNumber === undefined))
    throw new MalformedError('authorityKeyIdentifier has only one of issuer and serial number');
  return keyIdentifier ? { keyIdentifier: keyIdentifier.content } : {};
}

export function parseSubjectKeyIdentifier(der: Buffer): Buffer {
  return readSingle(der, tags.octetString, 'subjectKeyIdentifier').content;
}

export function parseSubjectAltName(der: Buffer): readonly GeneralName[] {
  const { content } = readSingle(der, tags.sequence, 'subjectAltName');
  // An empty one breaks RFC 5280 4.2.1.6 but names nobody; whether that matters is decided where names are asked for.
  const names = content.length > 0 ? generalNamesOf(content, 'subjectAltName') : [];
  for (const name of names) {
    if (name.kind === 'iPAddress' && name.octets.length !== 4 && name.octets.length !== 16)
      throw new MalformedError('iPAddress in subjectAltName is neither IPv4 nor IPv6');
  }
  return names;
}

function subtrees(content: Buffer): readonly GeneralName[] {
  const values = new DerReader(content, 'subtrees of nameConstraints').rest(maximumSubtrees);
  if (values.length === 0) throw new MalformedError('subtrees of nameConstraints are empty');
  return values.map((value) => {
    if (value.tag !== tags.sequence) throw new MalformedError('subtree of nameConstraints is not a SEQUENCE');
    const reader = new DerReader(value.content, 'subtree of nameConstraints');
    const base = generalNameOf(reader.next());
    reader.end();
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
