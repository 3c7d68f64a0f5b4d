/**
 * The certificates behind a caIssuers URL (RFC 5280 4.2.2.1): one certificate, or a "certs-only" CMS message (RFC 5652,
 * RFC 8551 3.8), in DER or PEM, of which nothing else is looked at. They are proof of nothing, only material for path building.
 */

import { contextConstructed, DerReader, readSequence, tags } from '../encoding/der.ts';
import { decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';
import { readServedCertificates } from '../encoding/pem.ts';
import { type Certificate, parseCertificate, readableCertificates } from './certificate.ts';

const maximumCertificates = 8;

/**
 * Those of the first eight that can be read.
 * @param bytes DER, or PEM of the same, which servers of text files send
 * @throws MalformedError when the octets are neither, or no certificate in them can be read
 */
export function parseCertificatesOnly(bytes: Buffer): readonly Certificate[] {
  const ders = certificateDers(bytes, 'content of a caIssuers URL');
  const [only, second] = ders;
  if (only && !second) return [parseCertificate(only)];
  const found = readableCertificates(ders.slice(0, maximumCertificates));
  if (found.length === 0) throw new MalformedError('content of a caIssuers URL holds no certificate that can be read');
  return found;
}

/**
 * The DER of every certificate in a file of certificates or of such a message, in its order; the certificates are not parsed here.
 * @param what the octets are, for the error
 * @throws MalformedError when they are neither
 */
export function certificateDers(bytes: Buffer, what: string): readonly Buffer[] {
  return readServedCertificates(bytes).flatMap((der) => {
    const first = readSequence(der, what);
    return first.nextTag === tags.objectIdentifier ? certificatesOfMessage(first) : [der];
  });
}

/** SignedData without signers: version, digestAlgorithms, encapContentInfo, certificates, crls, signerInfos. */
function certificatesOfMessage(message: DerReader): readonly Buffer[] {
  const type = decodeObjectIdentifier(message.expect(tags.objectIdentifier).content, 'type of the CMS message');
  if (type !== oids.signedData) throw new MalformedError(`CMS message is of the type ${type}, not signed data`);
  const content = message.enter(contextConstructed(0), 'content of the CMS message');
  message.end();
  const signedData = content.enter(tags.sequence, 'signed data');
  content.end();
  signedData.expect(tags.integer);
  signedData.expect(tags.set);
  signedData.expect(tags.sequence);
  const certificates = signedData.optional(contextConstructed(0));
  signedData.optional(contextConstructed(1));
  signedData.expect(tags.set);
  signedData.end();
  if (!certificates) return [];
  return new DerReader(certificates.content, 'certificates of the CMS message').rest(100).map(({ der }) => der);
}
