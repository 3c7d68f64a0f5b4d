/**
 * An OCSP response (RFC 6960 4.2) as immutable facts, parsed from strict DER within bounds. Nothing in it is to be believed before
 * ocsp-check.ts has proved who signed it.
 */
import { createHash } from 'node:crypto';
import { defined } from '../../settings/defined.ts';
import { type Extension, readExtensions, unknownCritical } from '../certificate/extension-list.ts';
import { type CrlReason, crlReasonOf } from '../crl/crl-reason.ts';
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
  checkInteger,
  decodeCount,
  decodeEvidenceTime,
  decodeObjectIdentifier,
  decodeOctetsInBitString,
  decodeRevocationTime,
  paddingOf,
} from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { type DistinguishedName, parseDistinguishedName } from '../names/distinguished-name.ts';
import { BroughtCertificates } from './brought-certificates.ts';
import { type CertId, certIdHashes } from './ocsp-request.ts';

/** OCSPResponseStatus (RFC 6960 4.2.1) by number; 4 is not used. */
const statusNames: ReadonlyMap<number, string> = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized'],
]);

export type ResponderId =
  | { readonly kind: 'byName'; readonly name: DistinguishedName }
  /** SHA-1 of the responder's public key. */
  | { readonly kind: 'byKey'; readonly keyHash: Buffer };

type CertStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly revocationDate: Date; readonly reason: CrlReason }
  | { readonly status: 'unknown' };

export interface SingleResponse {
  /** Absent when the hash function is not known here, so that it can match nothing. */
  readonly certId?: CertId | undefined;
  readonly certStatus: CertStatus;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date | undefined;
  /** What in it cannot be understood, so that it tells of no certificate that it is good, but a revocation counts (as in CRLs). */
  readonly notUnderstood?: string | undefined;
}

/** BasicOCSPResponse. */
export interface OcspResponse {
  /** URL it came from. */
  readonly source: string;
  readonly der: Buffer;
  /** SHA-256 of the whole, lower-case hexadecimal. */
  readonly sha256: string;
  /** DER of ResponseData, which is what the signature covers. */
  readonly responseData: Buffer;
  /** DER of AlgorithmIdentifier. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
  readonly responderId: ResponderId;
  readonly producedAt: Date;
  readonly responses: readonly SingleResponse[];
  /** What in its own extensions cannot be understood; it concerns every single response. */
  readonly notUnderstood?: string | undefined;
  readonly nonce?: Buffer | undefined;
  /** DER of certificates that may help to verify the signature, unread. */
  readonly certificates: readonly Buffer[];
  readonly brought: BroughtCertificates;
}

const maximumSize = 65_536;
const maximumResponses = 64;
/** Some responders send the certificates of all their keys; the octets are bounded anyway. */
const maximumCertificates = 256;
const keyHashOctets = 20;

/**
 * @param source URL it came from, for records
 * @returns the response, or the name of the error the responder answered with
 * @throws MalformedError when `der` is not exactly one OCSPResponse in strict DER, or larger than 64 KiB
 */
export function parseOcspResponse(der: Buffer, source: string): OcspResponse | string {
  if (der.length > maximumSize) throw new MalformedError('OCSP response is larger than 64 KiB');
  const outer = readSequence(der, 'OCSP response');
  const { content: status } = outer.expect(tags.enumerated);
  checkInteger(status, 'responseStatus');
  const bytes = outer.optional(contextConstructed(0));
  outer.end();
  const [number] = status;
  if (status.length !== 1 || number === undefined) throw new MalformedError('responseStatus is out of range');
  if (number !== 0) {
    const name = statusNames.get(number);
    if (!name) throw new MalformedError(`responseStatus ${number} is not defined`);
    return name;
  }
  if (!bytes) throw new MalformedError('OCSP response is successful but empty');
  const responseBytes = readSequence(bytes.content, 'responseBytes');
  const type = decodeObjectIdentifier(responseBytes.expect(tags.objectIdentifier).content, 'responseType');
  const basic = responseBytes.expect(tags.octetString).content;
  responseBytes.end();
  if (type !== oids.ocspBasic) throw new MalformedError(`OCSP response is of the unknown type ${type}`);
  return { source, der, sha256: createHash('sha256').update(der).digest('hex'), ...basicResponseOf(basic) };
}

function basicResponseOf(der: Buffer) {
  const reader = readSequence(der, 'BasicOCSPResponse');
  const data = reader.expect(tags.sequence);
  const signatureAlgorithm = reader.expect(tags.sequence).der;
  const signature = decodeOctetsInBitString(reader.expect(tags.bitString).content, 'signature of the OCSP response');
  const explicit = reader.optional(contextConstructed(0));
  reader.end();
  const certificates = explicit
    ? readSequence(explicit.content, 'certificates of the OCSP response').rest(maximumCertificates).map(derOf)
    : [];
  return {
    ...responseDataOf(data.content),
    responseData: data.der,
    signatureAlgorithm,
    signature,
    certificates,
    brought: new BroughtCertificates(certificates),
  };
}

function responseDataOf(content: Buffer) {
  const reader = new DerReader(content, 'ResponseData');
  // The only version is the default, which DER does not encode; but responders do, and it says nothing else.
  const version = reader.optional(contextConstructed(0));
  if (version && decodeCount(readSingle(version.content, tags.integer, 'version').content, 'version') !== 0)
    throw new MalformedError('OCSP response is not of version 1');
  const responderId = responderIdOf(reader.next());
  const producedAt = generalizedTimeOf(reader.next(), 'producedAt');
  const responses = new DerReader(reader.expect(tags.sequence).content, 'responses')
    .rest(maximumResponses)
    .map(singleResponseOf);
  const { extensions, notUnderstood } = extensionsOf(reader, 'responseExtensions');
  reader.end();
  const nonce = nonceOf(extensions);
  return {
    responderId,
    producedAt,
    responses,
    ...defined({ nonce, notUnderstood }),
  };
}

function responderIdOf({ tag, content }: DerValue): ResponderId {
  if (tag === contextConstructed(1)) return { kind: 'byName', name: parseDistinguishedName(content) };
  if (tag !== contextConstructed(2)) throw new MalformedError('responderID is of an unknown kind');
  const keyHash = readSingle(content, tags.octetString, 'responderID').content;
  if (keyHash.length !== keyHashOctets) throw new MalformedError('responderID is not a SHA-1 hash');
  return { kind: 'byKey', keyHash };
}

function singleResponseOf({ tag, content }: DerValue): SingleResponse {
  if (tag !== tags.sequence) throw new MalformedError('single response is not a SEQUENCE');
  const reader = new DerReader(content, 'single response');
  const { certId, isPadded } = certIdIn(reader.enter(tags.sequence, 'certID'));
  const status = reader.next();
  const thisUpdate = generalizedTimeOf(reader.next(), 'thisUpdate');
  const certStatus = certificateStatusOf(status, thisUpdate);
  const next = reader.optional(contextConstructed(0));
  const { notUnderstood = isPadded ? 'its serial number is an INTEGER that is not minimal' : undefined } = extensionsOf(
    reader,
    'singleExtensions',
  );
  reader.end();
  return {
    certId,
    certStatus,
    thisUpdate,
    nextUpdate: next && explicitTimeOf(next.content, 'nextUpdate'),
    notUnderstood,
  };
}

function certIdIn(reader: DerReader): { readonly certId?: CertId; readonly isPadded: boolean } {
  const algorithm = reader.enter(tags.sequence, 'hashAlgorithm');
  const hash = certIdHashes.get(decodeObjectIdentifier(algorithm.next().content, 'hashAlgorithm'));
  const issuerNameHash = reader.expect(tags.octetString).content;
  const issuerKeyHash = reader.expect(tags.octetString).content;
  const serial = reader.expect(tags.integer).content;
  reader.end();
  const padding = paddingOf(serial, 0, serial.length);
  const serialOctets = serial.subarray(padding);
  return { isPadded: padding > 0, ...(hash && { certId: { hash, issuerNameHash, issuerKeyHash, serialOctets } }) };
}

/** @param atTheLatest when it was so */
function certificateStatusOf({ tag, content }: DerValue, atTheLatest: Date): CertStatus {
  const isNull = content.length === 0;
  if (tag === contextPrimitive(0) && isNull) return { status: 'good' };
  if (tag === contextPrimitive(2) && isNull) return { status: 'unknown' };
  if (tag !== contextConstructed(1)) throw new MalformedError('certStatus is of an unknown kind');
  const reader = new DerReader(content, 'RevokedInfo');
  const revocationDate = decodeRevocationTime(reader.next(), atTheLatest);
  const reason = reader.optional(contextConstructed(0));
  reader.end();
  return { status: 'revoked', revocationDate, reason: reason ? crlReasonOf(reason.content) : 'unspecified' };
}

function extensionsOf(reader: DerReader, what: string) {
  const explicit = reader.optional(contextConstructed(1));
  const list = explicit ? readSingle(explicit.content, tags.sequence, what).content : Buffer.alloc(0);
  const { extensions, notUnderstood } = readExtensions(list, what);
  return { extensions, notUnderstood: notUnderstood ?? unknownCritical(extensions, processedExtensions) };
}

/** All extensions of RFC 6960 4.4 that a response may have are advice; only the nonce is looked at. */
const processedExtensions: ReadonlySet<string> = new Set([oids.ocspNonce]);

/** RFC 9654 2.1: an OCTET STRING inside extnValue. Older responders do not wrap it; a client that sent no nonce need not care. */
function nonceOf(extensions: ReadonlyMap<string, Extension>): Buffer | undefined {
  const value = extensions.get(oids.ocspNonce)?.value;
  if (!value) return undefined;
  const [tag, first = 0, second = 0] = value;
  const header = first === 0x81 ? 3 : 2;
  const length = first === 0x81 ? second : first;
  return tag === tags.octetString && value.length === header + length ? value.subarray(header) : value;
}

function explicitTimeOf(content: Buffer, what: string): Date {
  return generalizedTimeOf(readSingle(content, tags.generalizedTime, what), what);
}

function generalizedTimeOf(value: DerValue, what: string): Date {
  if (value.tag !== tags.generalizedTime) throw new MalformedError(`${what} is not a GeneralizedTime`);
  return decodeEvidenceTime(value, what);
}

function derOf({ der }: DerValue): Buffer {
  return der;
}
