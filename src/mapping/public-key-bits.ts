/** The bits of a public key without its algorithm (RFC 5280 4.1.2.7). */
import { DerReader, readSingle, tags } from '../pki/encoding/der.ts';

/** @param subjectPublicKeyInfo DER. @throws MalformedError */
export function bitStringOfKey(subjectPublicKeyInfo: Buffer): Buffer {
  const content = readSingle(subjectPublicKeyInfo, tags.sequence, 'public key').content;
  const reader = new DerReader(content, 'public key');
  reader.expect(tags.sequence);
  // the first octet counts unused bits, of which keys have none
  return reader.expect(tags.bitString).content.subarray(1);
}
