/** An X.509 certificate as immutable facts, parsed once from strict DER. */
import { hash } from 'node:crypto';
import {
  type DistributionPoint,
  parseDistributionPoints,
  readableDistributionPoints,
} from '../crl/distribution-point.ts';
import { contextConstructed, contextPrimitive, DerReader, readSequence, tags } from '../encoding/der.ts';
import {
  checkInteger,
  decodeBigInteger,
  decodeCount,
  decodeOctetsInBitString,
  decodeTime,
} from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type DistinguishedName, distinguishedNameOf } from '../names/distinguished-name.ts';
import type { GeneralName } from '../names/general-name.ts';
import type { DerivedFacts } from './derived-facts.ts';
import { type Extension, helpOf, parseExtensions } from './extension-list.ts';
import * as extension from './extensions.ts';
import type { KeyUsage } from './key-usage.ts';

export interface Certificate {
  readonly der: Buffer;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly sha256: string;
  readonly version: 1 | 2 | 3;
  readonly serialNumber: bigint;
  /** Content octets of the INTEGER as encoded, sign octet included. */
  readonly serialOctets: Buffer;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DER of SubjectPublicKeyInfo. */
  readonly subjectPublicKeyInfo: Buffer;
  /** DER of TBSCertificate, which is what the signature covers. */
  readonly tbsCertificate: Buffer;
  /** DER of AlgorithmIdentifier. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly keyUsage?: ReadonlySet<KeyUsage> | undefined;
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[] | undefined;
  /** Dotted OIDs of Microsoft's application policies, which are purposes as well; see key-purposes.ts. */
  readonly applicationPolicies?: readonly string[] | undefined;
  readonly basicConstraints?: extension.BasicConstraints | undefined;
  readonly subjectKeyIdentifier?: Buffer | undefined;
  /** The keyIdentifier of the authority key identifier extension. */
  readonly authorityKeyIdentifier?: Buffer | undefined;
  readonly subjectAltName: readonly GeneralName[];
  /** Dotted OIDs as asserted, before any path processing. */
  readonly certificatePolicies?: readonly string[] | undefined;
  /** Of certificatePolicies, those that are not processed here; empty: none. */
  readonly unprocessedPolicyQualifiers: readonly string[];
  readonly policyMappings: readonly extension.PolicyMapping[];
  readonly policyConstraints?: extension.PolicyConstraints | undefined;
  readonly inhibitAnyPolicy?: number | undefined;
  readonly nameConstraints?: extension.NameConstraints | undefined;
  readonly crlDistributionPoints: readonly DistributionPoint[];
  /** Where the delta CRLs are. */
  readonly freshestCrl: readonly DistributionPoint[];
  /** Filled by those who compute it. */
  readonly derived: DerivedFacts;
}

const maximumCertificateOctets = 65_536;
/** RFC 5280 4.1.2.2 allows 20 octets; with the sign octet of a number that begins with a set bit, 21. */
const maximumSerialOctets = 21;

/** @throws MalformedError when `der` is not exactly one certificate in strict DER, or larger than 64 KiB */
export function parseCertificate(der: Buffer): Certificate {
  if (der.length > maximumCertificateOctets) throw new MalformedError('certificate is larger than 64 KiB');
  const outer = readSequence(der, 'certificate');
  const tbs = outer.expect(tags.sequence);
  const signatureAlgorithm = outer.expect(tags.sequence).der;
  const signature = decodeOctetsInBitString(outer.expect(tags.bitString).content, 'signature of the certificate');
  outer.end();

  const reader = new DerReader(tbs.content, 'tbsCertificate');
  const version = readVersion(reader);
  const serialOctets = reader.expect(tags.integer).content;
  checkInteger(serialOctets, 'serial number');
  if (serialOctets.length > maximumSerialOctets) throw new MalformedError('serial number is longer than 20 octets');
  // RFC 5280 4.1.1.2: the algorithm inside the signature is the one outside.
  if (!reader.expect(tags.sequence).der.equals(signatureAlgorithm))
    throw new MalformedError('signature algorithm differs inside and outside the signed part');
  const issuer = distinguishedNameOf(reader.expect(tags.sequence));
  if (issuer.rdns.length === 0) throw new MalformedError('issuer name is empty');
  const validity = reader.enter(tags.sequence, 'validity');
  const notBefore = decodeTime(validity.next(), 'notBefore');
  const notAfter = decodeTime(validity.next(), 'notAfter');
  validity.end();
  const subject = distinguishedNameOf(reader.expect(tags.sequence));
  const subjectPublicKeyInfo = reader.expect(tags.sequence).der;
  if (version > 1) {
    reader.optional(contextPrimitive(1));
    reader.optional(contextPrimitive(2));
  }
  const extensions = readExtensions(reader, version);
  reader.end();

  return {
    der,
    sha256: hash('sha256', der),
    version,
    serialNumber: decodeBigInteger(serialOctets, 'serial number'),
    serialOctets,
    issuer,
    subject,
    notBefore,
    notAfter,
    subjectPublicKeyInfo,
    tbsCertificate: tbs.der,
    signatureAlgorithm,
    signature,
    extensions,
    ...extensionFacts(extensions),
    derived: {},
  };
}

/** RFC 5280 6.1: a certificate is self-issued when subject and issuer are the same name. */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.key === certificate.issuer.key;
}

function readVersion(reader: DerReader): 1 | 2 | 3 {
  const explicit = reader.optional(contextConstructed(0));
  if (!explicit) return 1;
  const inner = new DerReader(explicit.content, 'version');
  const number = decodeCount(inner.expect(tags.integer).content, 'version');
  inner.end();
  // 1 is the default, which DER leaves out; written out it means the same.
  if (number === 0) return 1;
  if (number === 1) return 2;
  if (number === 2) return 3;
  throw new MalformedError('version is neither 1, 2 nor 3');
}

function readExtensions(reader: DerReader, version: number): ReadonlyMap<string, Extension> {
  const explicit = version === 3 ? reader.optional(contextConstructed(3)) : undefined;
  if (!explicit) return new Map();
  const inner = new DerReader(explicit.content, 'extensions');
  const list = inner.expect(tags.sequence);
  inner.end();
  return parseExtensions(list.content, 'extensions of the certificate');
}

type ExtensionFacts = Pick<
  Certificate,
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'applicationPolicies'
  | 'basicConstraints'
  | 'subjectKeyIdentifier'
  | 'authorityKeyIdentifier'
  | 'subjectAltName'
  | 'certificatePolicies'
  | 'unprocessedPolicyQualifiers'
  | 'policyMappings'
  | 'policyConstraints'
  | 'inhibitAnyPolicy'
  | 'nameConstraints'
  | 'crlDistributionPoints'
  | 'freshestCrl'
>;

function extensionFacts(extensions: ReadonlyMap<string, Extension>): ExtensionFacts {
  const parsed = <T>(oid: string, parse: (der: Buffer) => T): T | undefined => {
    const found = extensions.get(oid);
    return found && parse(found.value);
  };
  const help = <T>(oid: string, parse: (der: Buffer) => T): T | undefined => helpOf(extensions.get(oid), parse);
  const keyUsage = parsed(oids.keyUsage, extension.parseKeyUsage);
  const extendedKeyUsage = parsed(oids.extendedKeyUsage, extension.parseExtendedKeyUsage);
  const application = parsed(oids.applicationPolicies, extension.parseApplicationPolicies);
  const basicConstraints = parsed(oids.basicConstraints, extension.parseBasicConstraints);
  const subjectKeyIdentifier = help(oids.subjectKeyIdentifier, extension.parseSubjectKeyIdentifier);
  const authority = help(oids.authorityKeyIdentifier, extension.parseAuthorityKeyIdentifier);
  const asserted = parsed(oids.certificatePolicies, extension.parseCertificatePolicies);
  const policyConstraints = parsed(oids.policyConstraints, extension.parsePolicyConstraints);
  const inhibitAnyPolicy = parsed(oids.inhibitAnyPolicy, extension.parseInhibitAnyPolicy);
  const nameConstraints = parsed(oids.nameConstraints, extension.parseNameConstraints);
  return {
    keyUsage,
    extendedKeyUsage,
    applicationPolicies: application,
    basicConstraints,
    subjectKeyIdentifier,
    authorityKeyIdentifier: authority?.keyIdentifier,
    subjectAltName:
      parsed(oids.subjectAltName, (der) => extension.parseSubjectAltName(der, basicConstraints?.ca === true)) ?? [],
    certificatePolicies: asserted?.policies,
    unprocessedPolicyQualifiers: asserted?.unprocessedQualifiers ?? [],
    policyMappings: parsed(oids.policyMappings, extension.parsePolicyMappings) ?? [],
    policyConstraints,
    inhibitAnyPolicy,
    nameConstraints,
    crlDistributionPoints: distributionPointsIn(extensions.get(oids.crlDistributionPoints)),
    freshestCrl: distributionPointsIn(extensions.get(oids.freshestCrl)),
  };
}

function distributionPointsIn(found: Extension | undefined): readonly DistributionPoint[] {
  const parse = found?.critical ? parseDistributionPoints : readableDistributionPoints;
  return helpOf(found, parse) ?? [];
}

/** Those that can be parsed, for certificates that are only help: a strict parser leaves the others out. */
export function readableCertificates(ders: readonly Buffer[]): readonly Certificate[] {
  return ders.flatMap((der) => {
    try {
      return [parseCertificate(der)];
    } catch (error) {
      if (error instanceof MalformedError) return [];
      throw error;
    }
  });
}
