/** EMSA-PSS (RFC 8017 9.1.1) with MGF1, for modules that offer the bare RSA operation only. */
import { createHash, randomBytes } from 'node:crypto';

export type PssHash = 'sha256' | 'sha384' | 'sha512';

export const hashOctets: Readonly<Record<PssHash, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/**
 * @param message what is signed, not its digest
 * @param modulusBits length of the RSA modulus in bits
 * @param hash of message and mask; the salt is as long as its output (RFC 8446 4.2.3)
 * @returns the encoded message, as long as the modulus: input of RSASP1
 * @throws RangeError when the modulus is too short for the hash
 */
export function encodeEmsaPss(message: Buffer, modulusBits: number, hash: PssHash): Buffer {
  const hashLength = hashOctets[hash];
  const encodedBits = modulusBits - 1;
  const encodedLength = Math.ceil(encodedBits / 8);
  const paddingLength = encodedLength - 2 * hashLength - 2;
  if (paddingLength < 0) throw new RangeError(`an RSA key of ${modulusBits} bits is too short for PSS with ${hash}`);
  const digest = (...parts: readonly Buffer[]) => createHash(hash).update(Buffer.concat(parts)).digest();
  const salt = randomBytes(hashLength);
  const h = digest(Buffer.alloc(8), digest(message), salt);
  const dataBlock = Buffer.concat([Buffer.alloc(paddingLength), Buffer.of(1), salt]);
  const masked = maskWithMgf1(dataBlock, h, hash);
  // The leftmost bits beyond emBits are zero, so that the number is smaller than the modulus.
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * encodedLength - encodedBits));
  const encoded = Buffer.concat([masked, h, Buffer.of(0xbc)]);
  const modulusLength = Math.ceil(modulusBits / 8);
  return Buffer.concat([Buffer.alloc(modulusLength - encodedLength), encoded]);
}

/** `data` xor MGF1(seed) (RFC 8017 B.2.1). */
function maskWithMgf1(data: Buffer, seed: Buffer, hash: PssHash): Buffer {
  const blocks = Array.from({ length: Math.ceil(data.length / hashOctets[hash]) }, (_, index) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(index);
    return createHash(hash).update(seed).update(counter).digest();
  });
  const mask = Buffer.concat(blocks);
  return Buffer.from(data.map((octet, index) => octet ^ (mask[index] ?? 0)));
}
