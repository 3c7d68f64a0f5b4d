/** PKCS#10 requests (RFC 2986): the card signs one with its new key, so the authority issues only for a key the card holds. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as asn1js from 'asn1js';
import { CertificationRequest, PublicKeyInfo } from 'pkijs';
import { nameFromDer } from './name-encoding.ts';
import { hashOfOid, type Signer, signWith } from './signer.ts';
import { subjectPublicKeyInfo } from './software-key.ts';

/** @param subject DER of the Name. */
export async function createCertificationRequest(options: {
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: Signer;
}): Promise<Buffer> {
  const request = new CertificationRequest();
  request.version = 0;
  request.subject = nameFromDer(options.subject);
  request.subjectPublicKeyInfo = new PublicKeyInfo({
    schema: asn1js.fromBER(subjectPublicKeyInfo(options.publicKey)).result,
  });
  request.attributes = [];
  await signWith(options.signer, request);
  return Buffer.from(request.toSchema(true).toBER());
}

/**
 * What a request asks for, after its signature has been verified with the key in it. Throws when it does not verify:
 * then the requester does not hold the private key.
 */
export async function verifyCertificationRequest(
  der: Buffer,
): Promise<{ readonly subject: Buffer; readonly publicKey: Buffer }> {
  const request = CertificationRequest.fromBER(der);
  const publicKey = Buffer.from(request.subjectPublicKeyInfo.toSchema().toBER());
  const signature = Buffer.from(request.signatureValue.valueBlock.valueHexView);
  const key = createPublicKey({ format: 'der', type: 'spki', key: publicKey });
  // With Node rather than pkijs, which knows no Ed25519.
  if (!verify(hashOfOid(request.signatureAlgorithm.algorithmId), Buffer.from(request.tbsView), key, signature)) {
    throw new Error('the certification request is not signed with the private key of the public key in it');
  }
  return {
    subject: Buffer.from(request.subject.toSchema().toBER()),
    publicKey,
  };
}
