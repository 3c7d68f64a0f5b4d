/**
 * A certificate revocation list (RFC 5280 section 5) as immutable facts. Entries are not read here: the list must be proved
 * authentic first, and only then is crl-entries.ts worth its work.
 */
import { hash } from 'node:crypto';
import { type Extension, helpOf, parseAuthorityKeyIdentifier, parseExtensions } from '../certificate/extensions.ts';
import { contextConstructed, contextPrimitive, DerReader, readSequence, readSingle, tags } from '../encoding/der.ts';
import {
  decodeBigInteger,
  decodeBoolean,
  decodeCount,
  decodeEvidenceTime,
  decodeNamedBits,
  decodeOctetsInBitString,
} from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type DistinguishedName, distinguishedNameOf } from '../names/distinguished-name.ts';
import { type DistributionPointName, distributionPointNameOf } from './distribution-point.ts';

interface IssuingDistributionPoint {
  readonly name?: DistributionPointName;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCaCerts: boolean;
  readonly onlyContainsAttributeCerts: boolean;
  /** Bits of ReasonFlags; absent: all reasons. */
  readonly onlySomeReasons?: ReadonlySet<number>;
  readonly indirectCrl: boolean;
  /** DER, by which the scopes of a complete and a delta CRL are compared. */
  readonly der: Buffer;
}

export interface CertificateRevocationList {
  /** File or URL it came from. */
  readonly source: string;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly sha256: string;
  /** Octets of the whole DER. */
  readonly size: number;
  readonly issuer: DistinguishedName;
  readonly thisUpdate: Date;
  /** Absent in CRLs that break RFC 5280 5.1.2.5; such a list does not say when it is out of date. */
  readonly nextUpdate?: Date;
  readonly tbsCertList: Buffer;
  /** DER of AlgorithmIdentifier. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
  /** Content of revokedCertificates, empty when there is none. */
  readonly entries: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly crlNumber?: bigint;
  readonly authorityKeyIdentifier?: Buffer;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
  /** BaseCRLNumber; present: this is a delta CRL. */
  readonly deltaBase?: bigint;
}

const processedExtensions: ReadonlySet<string> = new Set([
  oids.authorityKeyIdentifier,
  oids.issuerAltName,
  oids.crlNumber,
  oids.deltaCrlIndicator,
  oids.issuingDistributionPoint,
  oids.freshestCrl,
]);

/**
 * @param source file or URL it came from, for records
 * @throws MalformedError when `der` is not exactly one CRL in strict DER
 */
export function parseCrl(der: Buffer, source: string): CertificateRevocationList {
  const outer = readSequence(der, 'CRL');
  const tbs = outer.expect(tags.sequence);
  const signatureAlgorithm = outer.expect(tags.sequence).der;
  const signature = decodeOctetsInBitString(outer.expect(tags.bitString).content, 'signature of the CRL');
  outer.end();

  const reader = new DerReader(tbs.content, 'tbsCertList');
  const version = reader.optional(tags.integer);
  const number = version ? decodeCount(version.content, 'version of the CRL') : 0;
  // RFC 5280 5.1.2.1 leaves version 1 out; written out it means the same.
  if (number > 1) throw new MalformedError('version of the CRL is neither 1 nor 2');
  if (!reader.expect(tags.sequence).der.equals(signatureAlgorithm))
    throw new MalformedError('signature algorithm of the CRL differs inside and outside the signed part');
  const issuer = distinguishedNameOf(reader.expect(tags.sequence));
  const thisUpdate = decodeEvidenceTime(reader.next(), 'thisUpdate');
  const hasNextUpdate = reader.nextTag === tags.utcTime || reader.nextTag === tags.generalizedTime;
  const nextUpdate = hasNextUpdate ? decodeEvidenceTime(reader.next(), 'nextUpdate') : undefined;
  const entries = reader.optional(tags.sequence)?.content ?? Buffer.alloc(0);
  const explicit = number === 1 ? reader.optional(contextConstructed(0)) : undefined;
  reader.end();
  const extensions = explicit
    ? parseExtensions(readSingle(explicit.content, tags.sequence, 'CRL extensions').content, 'CRL extensions')
    : new Map<string, Extension>();

  let digest: string | undefined;
  return {
    source,
    // Only when asked for: of a large CRL it takes as long as its signature.
    get sha256() {
      digest ??= hash('sha256', der);
      return digest;
    },
    size: der.length,
    issuer,
    thisUpdate,
    ...(nextUpdate && { nextUpdate }),
    tbsCertList: tbs.der,
    signatureAlgorithm,
    signature,
    entries,
    extensions,
    ...crlExtensionFacts(extensions),
  };
}

/** RFC 5280 5.2: the critical extension for which the CRL must not be used; undefined when there is none. */
export function unknownCriticalCrlExtension({ extensions }: CertificateRevocationList): string | undefined {
  for (const { oid, critical } of extensions.values()) if (critical && !processedExtensions.has(oid)) return oid;
  return undefined;
}

function crlExtensionFacts(extensions: ReadonlyMap<string, Extension>) {
  const value = (oid: string) => extensions.get(oid)?.value;
  // Only delta CRLs are compared by it, and none belongs to a list without.
  const crlNumber = helpOf(extensions.get(oids.crlNumber), (der) => parseNumber(der, 'crlNumber'));
  const deltaBase = value(oids.deltaCrlIndicator);
  const scope = value(oids.issuingDistributionPoint);
  const authority = helpOf(extensions.get(oids.authorityKeyIdentifier), parseAuthorityKeyIdentifier);
  const keyIdentifier = authority?.keyIdentifier;
  return {
    ...(crlNumber !== undefined && { crlNumber }),
    ...(deltaBase && { deltaBase: parseNumber(deltaBase, 'deltaCRLIndicator') }),
    ...(scope && { issuingDistributionPoint: parseIssuingDistributionPoint(scope) }),
    ...(keyIdentifier && { authorityKeyIdentifier: keyIdentifier }),
  };
}

function parseNumber(der: Buffer, what: string): bigint {
  const { content } = readSingle(der, tags.integer, what);
  if (content.length > 21) throw new MalformedError(`${what} is longer than 20 octets`);
  return decodeBigInteger(content, what);
}

function parseIssuingDistributionPoint(der: Buffer): IssuingDistributionPoint {
  const reader = readSequence(der, 'issuingDistributionPoint');
  const name = reader.optional(contextConstructed(0));
  const flag = (number: number) => {
    const value = reader.optional(contextPrimitive(number));
    return value !== undefined && decodeBoolean(value.content, 'flag of issuingDistributionPoint');
  };
  const onlyContainsUserCerts = flag(1);
  const onlyContainsCaCerts = flag(2);
  const reasons = reader.optional(contextPrimitive(3));
  const indirectCrl = flag(4);
  const onlyContainsAttributeCerts = flag(5);
  reader.end();
  if (Number(onlyContainsUserCerts) + Number(onlyContainsCaCerts) + Number(onlyContainsAttributeCerts) > 1)
    throw new MalformedError('issuingDistributionPoint limits its scope in more than one way');
  return {
    ...(name && { name: distributionPointNameOf(name.content) }),
    onlyContainsUserCerts,
    onlyContainsCaCerts,
    onlyContainsAttributeCerts,
    ...(reasons && { onlySomeReasons: decodeNamedBits(reasons.content, 'onlySomeReasons') }),
    indirectCrl,
    der,
  };
}
