/**
 * A certificate revocation list (RFC 5280 section 5) as immutable facts. Entries are not read here: the list must be proved
 * authentic first, and only then is crl-entries.ts worth its work.
 */
import { hash } from 'node:crypto';
import { type ReadableExtensions, readExtensions, unknownCritical } from '../certificate/extension-list.ts';
import { parseAuthorityKeyIdentifier } from '../certificate/extensions.ts';
import {
  contextConstructed,
  contextPrimitive,
  DerReader,
  type DerValue,
  readSequence,
  readSingle,
  tags,
} from '../encoding/der.ts';
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
  readonly name?: DistributionPointName | undefined;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCaCerts: boolean;
  readonly onlyContainsAttributeCerts: boolean;
  /** Bits of ReasonFlags; absent: all reasons. */
  readonly onlySomeReasons?: ReadonlySet<number> | undefined;
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
  /** Absent in CRLs that break RFC 5280 5.1.2.5, and where it cannot be read; such a list does not say when it is out of date. */
  readonly nextUpdate?: Date | undefined;
  readonly tbsCertList: Buffer;
  /** DER of AlgorithmIdentifier. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
  /** Content of revokedCertificates, empty when the list lacks it. */
  readonly entries: Buffer;
  readonly crlNumber?: bigint | undefined;
  readonly authorityKeyIdentifier?: Buffer | undefined;
  readonly issuingDistributionPoint?: IssuingDistributionPoint | undefined;
  /** BaseCRLNumber; present: this is a delta CRL. */
  readonly deltaBase?: bigint | undefined;
  /**
   * What in it cannot be understood, for which it must not be used to tell that a certificate is good (RFC 5280 5.2). What it lists
   * is revoked all the same (X.509 7.3).
   */
  readonly notUnderstood?: string | undefined;
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
 * @throws MalformedError when `der` is not exactly one CRL in strict DER; faults of its extensions stand in `notUnderstood`
 */
export function parseCrl(der: Buffer, source: string): CertificateRevocationList {
  const outer = readSequence(der, 'CRL');
  const tbs = outer.expect(tags.sequence);
  const signatureAlgorithm = outer.expect(tags.sequence).der;
  const signature = decodeOctetsInBitString(outer.expect(tags.bitString).content, 'signature of the CRL');
  outer.end();

  const reader = new DerReader(tbs.content, 'tbsCertList');
  const version = reader.optional(tags.integer);
  // RFC 5280 5.1.2.1 leaves version 1 out; written out it means the same.
  const number = version ? decodeCount(version.content, 'version of the CRL') : 0;
  if (!reader.expect(tags.sequence).der.equals(signatureAlgorithm))
    throw new MalformedError('signature algorithm of the CRL differs inside and outside the signed part');
  const issuer = distinguishedNameOf(reader.expect(tags.sequence));
  const thisUpdate = decodeEvidenceTime(reader.next(), 'thisUpdate');
  const hasNextUpdate = reader.nextTag === tags.utcTime || reader.nextTag === tags.generalizedTime;
  const nextUpdate = hasNextUpdate ? readNextUpdate(reader.next()) : undefined;
  const entries = reader.optional(tags.sequence)?.content ?? Buffer.alloc(0);
  const explicit = reader.optional(contextConstructed(0));
  reader.end();
  const list = explicit ? readSingle(explicit.content, tags.sequence, 'CRL extensions').content : Buffer.alloc(0);
  const facts = crlExtensionFacts(readExtensions(list, 'CRL extensions'));
  const isOfVersion = number === 1 || (number === 0 && !explicit);
  const notUnderstood = isOfVersion ? facts.notUnderstood : 'it is of a version of CRLs that has no such content';

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
    nextUpdate,
    tbsCertList: tbs.der,
    signatureAlgorithm,
    signature,
    entries,
    ...facts,
    notUnderstood,
  };
}

/** A time that cannot be read says nothing of when the next update is due. */
function readNextUpdate(value: DerValue): Date | undefined {
  try {
    return decodeEvidenceTime(value, 'nextUpdate');
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

function crlExtensionFacts({ extensions, notUnderstood: fault }: ReadableExtensions) {
  let notUnderstood = fault ?? unknownCritical(extensions, processedExtensions);
  const read = <T>(oid: string, role: 'decides' | 'helps', parse: (der: Buffer) => T): T | undefined => {
    const extension = extensions.get(oid);
    try {
      return extension && parse(extension.value);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      if (role === 'decides' || extension?.critical) notUnderstood ??= error.message;
      return undefined;
    }
  };
  // Only delta CRLs are compared by it, and none belongs to a list without.
  const crlNumber = read(oids.crlNumber, 'helps', (der) => parseNumber(der, 'crlNumber'));
  const deltaBase = read(oids.deltaCrlIndicator, 'decides', (der) => parseNumber(der, 'deltaCRLIndicator'));
  const scope = read(oids.issuingDistributionPoint, 'decides', parseIssuingDistributionPoint);
  const authority = read(oids.authorityKeyIdentifier, 'helps', parseAuthorityKeyIdentifier);
  return {
    crlNumber,
    deltaBase,
    issuingDistributionPoint: scope,
    authorityKeyIdentifier: authority?.keyIdentifier,
    notUnderstood,
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
    name: name && distributionPointNameOf(name.content),
    onlyContainsUserCerts,
    onlyContainsCaCerts,
    onlyContainsAttributeCerts,
    onlySomeReasons: reasons && decodeNamedBits(reasons.content, 'onlySomeReasons'),
    indirectCrl,
    der,
  };
}
