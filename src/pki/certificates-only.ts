/**
 * The certificates behind a caIssuers URL (RFC 5280 4.2.2.1): one certificate in DER, or a "certs-only" CMS message (RFC 5652,
 * RFC 8551 3.8), of which nothing else is looked at. They are proof of nothing, only material for path building.
 */
import { type Certificate, parseCertificate, readableCertificates } from './certificate.ts';
import { contextConstructed, DerReader, readSequence, tags } from './der.ts';
import { decodeObjectIdentifier } from './der-values.ts';
import { MalformedError } from './malformed-error.ts';
import { oids } from './oids.ts';

const maximumCertificates = 8;

/**
 * Those of the first eight that can be read.
 * @throws MalformedError when the octets are neither, or no certificate in them can be read
 */
export function parseCertificatesOnly(der: Buffer): readonly Certificate[] {
  const first = readSequence(der, 'content of a caIssuers URL');
  if (first.nextTag !== tags.objectIdentifier) return [parseCertificate(der)];
  const found = readableCertificates(certificatesOfMessage(first).slice(0, maximumCertificates));
  if (found.length === 0) throw new MalformedError('CMS message holds no certificate that can be read');
  return found;
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
