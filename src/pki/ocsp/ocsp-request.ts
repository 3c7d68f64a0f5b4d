/**
 * OCSP requests (RFC 6960 4.1) for one certificate: CertID, optional nonce, and the form they take over HTTP. Requests are never
 * signed, and nothing of the person goes into them but issuer and serial number.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../certificate/certificate.ts';
import { tags } from '../encoding/der.ts';
import { oids } from '../encoding/oids.ts';
import { publicKeyOctets } from './key-hash.ts';

/** Hash functions of a CertID that are understood. They only name the issuer, so SHA-1 does no harm here. */
export type CertIdHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

export const certIdHashes: ReadonlyMap<string, CertIdHash> = new Map<string, CertIdHash>([
  [oids.sha1, 'sha1'],
  [oids.sha256, 'sha256'],
  [oids.sha384, 'sha384'],
  [oids.sha512, 'sha512'],
]);

/** RFC 6960 4.1.1. */
export interface CertId {
  readonly hash: CertIdHash;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  /** Content octets of the INTEGER. */
  readonly serialOctets: Buffer;
}

/** @throws MalformedError when the issuer's key cannot be read */
export function certIdOf(certificate: Certificate, issuer: Certificate, hash: CertIdHash): CertId {
  return {
    hash,
    // The name as the certificate itself spells it; the CA's own certificate may use other string types.
    issuerNameHash: createHash(hash).update(certificate.issuer.der).digest(),
    issuerKeyHash: createHash(hash).update(publicKeyOctets(issuer)).digest(),
    serialOctets: certificate.serialOctets,
  };
}

/** Octet by octet (RFC 6960 4.1.1): an identifier under another hash is another one, whatever it stands for. */
export function sameCertId(left: CertId, right: CertId): boolean {
  return (
    left.hash === right.hash &&
    left.issuerNameHash.equals(right.issuerNameHash) &&
    left.issuerKeyHash.equals(right.issuerKeyHash) &&
    left.serialOctets.equals(right.serialOctets)
  );
}

/**
 * DER of an OCSPRequest.
 * @param nonce 1 to 128 octets (RFC 9654 2.1), which the response must bring back; absent: none
 */
export function encodeOcspRequest({ hash, ...certId }: CertId, nonce?: Buffer): Buffer {
  const algorithm = sequence(hashIdentifiers[hash], Buffer.of(0x05, 0x00));
  const encoded = sequence(
    algorithm,
    encode(tags.octetString, certId.issuerNameHash),
    encode(tags.octetString, certId.issuerKeyHash),
    encode(tags.integer, certId.serialOctets),
  );
  const requestList = sequence(sequence(encoded));
  const extensions = nonce && encode(0xa2, sequence(nonceExtension(nonce)));
  return sequence(sequence(requestList, ...(extensions ? [extensions] : [])));
}

/** RFC 5019 5: what does not fit into so many octets goes by POST, since caches do not keep longer URLs. */
const longestGetUrl = 255;

/**
 * The URL of a request by GET (RFC 6960 A.1): base 64 of the DER, percent-encoded, appended as one path segment.
 * @returns undefined when it is too long for GET
 */
export function ocspGetUrl(responder: string, request: Buffer): string | undefined {
  const base = responder.endsWith('/') ? responder : `${responder}/`;
  const url = base + encodeURIComponent(request.toString('base64'));
  return url.length <= longestGetUrl && !responder.includes('?') ? url : undefined;
}

/** DER of the OBJECT IDENTIFIERs of the hash functions (RFC 3279, RFC 5754). */
const hashIdentifiers: Readonly<Record<CertIdHash, Buffer>> = {
  sha1: Buffer.from('06052b0e03021a', 'hex'),
  sha256: Buffer.from('0609608648016503040201', 'hex'),
  sha384: Buffer.from('0609608648016503040202', 'hex'),
  sha512: Buffer.from('0609608648016503040203', 'hex'),
};

const nonceIdentifier = Buffer.from('06092b0601050507300102', 'hex');

function nonceExtension(nonce: Buffer): Buffer {
  return sequence(nonceIdentifier, encode(tags.octetString, encode(tags.octetString, nonce)));
}

function sequence(...content: readonly Buffer[]): Buffer {
  return encode(tags.sequence, Buffer.concat(content));
}

/** One value in DER. Requests stay far below 64 KiB. */
function encode(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...header), content]);
}
