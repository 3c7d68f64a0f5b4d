/**
 * The working public key of RFC 5280 6.1.4 (d) to (f): a DSA key without parameters takes those of the issuer's key. Which
 * issuer that is depends on the path, so such a key alone verifies nothing.
 */
import { readSequence, tags } from '../encoding/der.ts';
import { decodeObjectIdentifier } from '../encoding/der-values.ts';
import { MalformedError } from '../encoding/malformed-error.ts';
import { oids } from '../encoding/oids.ts';

interface DsaKey {
  readonly algorithm: Buffer;
  readonly parameters: Buffer | undefined;
  readonly subjectPublicKey: Buffer;
}

/** Whether a SubjectPublicKeyInfo (DER) is a DSA key that leaves its parameters to the issuer's (RFC 3279 2.3.2). */
export function inheritsParameters(spki: Buffer): boolean {
  const key = dsaKeyOf(spki);
  return key !== undefined && key.parameters === undefined;
}

/**
 * @param spki DER of SubjectPublicKeyInfo
 * @param issuerKey the working public key of the certificate above
 * @returns `spki` with the parameters of the issuer's key where it inherits them, otherwise `spki` itself
 */
export function workingPublicKey(spki: Buffer, issuerKey: Buffer): Buffer {
  if (!inheritsParameters(spki)) return spki;
  const key = dsaKeyOf(spki);
  const parameters = dsaKeyOf(issuerKey)?.parameters;
  if (!key || !parameters) return spki;
  return encodeSequence(encodeSequence(key.algorithm, parameters), key.subjectPublicKey);
}

/** OID and parameters of id-dsa; undefined for other keys and for what is malformed, which the verifier refuses. */
function dsaKeyOf(spki: Buffer): DsaKey | undefined {
  if (!spki.subarray(0, 24).includes(dsaOid)) return undefined;
  try {
    const outer = readSequence(spki, 'public key');
    const algorithm = outer.enter(tags.sequence, 'algorithm');
    const oid = algorithm.expect(tags.objectIdentifier);
    if (decodeObjectIdentifier(oid.content, 'algorithm') !== oids.dsa) return undefined;
    const parameters = algorithm.atEnd ? undefined : algorithm.next();
    algorithm.end();
    const subjectPublicKey = outer.expect(tags.bitString).der;
    outer.end();
    return {
      algorithm: oid.der,
      parameters: parameters?.tag === tags.sequence ? parameters.der : undefined,
      subjectPublicKey,
    };
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** 1.2.840.10040.4.1 as it is encoded: one comparison tells that a key is not a DSA key, as nearly every key. */
const dsaOid = Buffer.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01);

function encodeSequence(...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  // Keys are bounded at 4096 octets, so two octets of length are enough.
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.of(tags.sequence, ...length), body]);
}
