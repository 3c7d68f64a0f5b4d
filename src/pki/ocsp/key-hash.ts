/** The hash by which OCSP names the key of a responder or an issuer (RFC 6960 4.1.1, 4.2.1). */
import { hash } from 'node:crypto';
import type { Certificate } from '../certificate/certificate.ts';
import { readSequence, tags } from '../encoding/der.ts';
import { decodeOctetsInBitString } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';

/** The octets of subjectPublicKey without tag, length and unused bits, of which key hashes are made. @throws MalformedError */
export function publicKeyOctets({ subjectPublicKeyInfo }: Certificate): Buffer {
  const reader = readSequence(subjectPublicKeyInfo, 'public key');
  reader.expect(tags.sequence);
  return decodeOctetsInBitString(reader.expect(tags.bitString).content, 'public key');
}

/** SHA-1 of the key of a certificate; undefined when the key cannot be read. */
export function keyHashOf(certificate: Certificate): Buffer | undefined {
  const { derived } = certificate;
  derived.keyHash ??= computed(certificate);
  return derived.keyHash === 'unreadable' ? undefined : derived.keyHash;
}

function computed(certificate: Certificate): Buffer | 'unreadable' {
  try {
    return hash('sha1', publicKeyOctets(certificate), 'buffer');
  } catch (error) {
    if (error instanceof MalformedError) return 'unreadable';
    throw error;
  }
}
