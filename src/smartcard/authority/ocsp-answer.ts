/** OCSP answers (RFC 6960) of the harness's authorities, encoded and signed with pkijs. It judges nothing: it tells what it is given. */
import { createHash } from 'node:crypto';
import * as asn1js from 'asn1js';
import {
  AlgorithmIdentifier,
  BasicOCSPResponse,
  CertID,
  Certificate,
  Extension,
  OCSPRequest,
  OCSPResponse,
  ResponseBytes,
  ResponseData,
  SingleResponse,
} from 'pkijs';
import { crlReasons } from '../../pki/crl/crl-reason.ts';
import { oids } from '../../pki/encoding/oids.ts';
import type { IssuedRevocation } from './certificate-revocation-list.ts';
import { type Signer, signWith } from './signer.ts';

/** More than one certificate in a request is rare; an honest client sends no more than this. */
const maximumRequests = 16;
/** RFC 9654 2.1. */
const maximumNonceOctets = 128;

/** RFC 6960 4.2.1: answers without a signature. */
export const ocspErrors = { malformedRequest: 1, internalError: 2, unauthorized: 6 } as const;

/** A certificate a client asks about. */
export interface AnsweredRequest {
  readonly hashOid: string;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  readonly serialNumber: bigint;
}

export interface AnsweredRequests {
  readonly questions: readonly AnsweredRequest[];
  /** Content of the nonce extension, as it is to be given back. */
  readonly nonce?: Buffer | undefined;
}

/** @throws Error when `der` is not a request, or a request for nothing or for too much */
export function readOcspRequest(der: Buffer): AnsweredRequests {
  const { tbsRequest } = OCSPRequest.fromBER(der);
  const questions = tbsRequest.requestList.map(({ reqCert }) => ({
    hashOid: reqCert.hashAlgorithm.algorithmId,
    issuerNameHash: Buffer.from(reqCert.issuerNameHash.valueBlock.valueHexView),
    issuerKeyHash: Buffer.from(reqCert.issuerKeyHash.valueBlock.valueHexView),
    serialNumber: reqCert.serialNumber.toBigInt(),
  }));
  if (questions.length === 0 || questions.length > maximumRequests)
    throw new RangeError('too few or too many questions');
  const extension = tbsRequest.requestExtensions?.find(({ extnID }) => extnID === oids.ocspNonce);
  const nonce = extension && Buffer.from(extension.extnValue.valueBlock.valueHexView);
  if (nonce && nonce.length > maximumNonceOctets) throw new RangeError('the nonce is too long');
  return { questions, nonce };
}

/** Whether a question is about certificates of this authority. */
export function concerns(question: AnsweredRequest, authorityDer: Buffer): boolean {
  const algorithm = question.hashOid === oids.sha1 ? 'sha1' : 'sha256';
  const certificate = Certificate.fromBER(authorityDer);
  const digest = (octets: Uint8Array) => createHash(algorithm).update(octets).digest();
  return (
    digest(Buffer.from(certificate.subject.toSchema().toBER())).equals(question.issuerNameHash) &&
    digest(certificate.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView).equals(question.issuerKeyHash)
  );
}

export type AnsweredStatus = 'good' | 'unknown' | IssuedRevocation;

export interface OcspAnswerContent {
  readonly answers: readonly { readonly question: AnsweredRequest; readonly status: AnsweredStatus }[];
  readonly nonce?: Buffer | undefined;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  /** DER of the certificate the signer signs under, which goes with the answer. */
  readonly responderDer: Buffer;
  readonly signer: Signer;
}

/** DER of a successful OCSPResponse. */
export async function encodeOcspAnswer(content: OcspAnswerContent): Promise<Buffer> {
  const responder = Certificate.fromBER(content.responderDer);
  const keyHash = createHash('sha1').update(responder.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView);
  const basic = new BasicOCSPResponse({
    tbsResponseData: new ResponseData({
      responderID: new asn1js.OctetString({ valueHex: keyHash.digest() }),
      producedAt: wholeSeconds(content.thisUpdate),
      responses: content.answers.map(({ question, status }) => singleResponse(question, status, content)),
      ...(content.nonce && {
        responseExtensions: [
          new Extension({ extnID: oids.ocspNonce, extnValue: new Uint8Array(content.nonce).buffer }),
        ],
      }),
    }),
    certs: [responder],
  });
  await signWith(content.signer, basic);
  const response = new OCSPResponse({
    responseStatus: new asn1js.Enumerated({ value: 0 }),
    responseBytes: new ResponseBytes({
      responseType: oids.ocspBasic,
      response: new asn1js.OctetString({ valueHex: basic.toSchema().toBER() }),
    }),
  });
  return Buffer.from(response.toSchema().toBER());
}

/** DER of an OCSPResponse that is an error. */
export function encodeOcspError(error: keyof typeof ocspErrors): Buffer {
  const status = new asn1js.Enumerated({ value: ocspErrors[error] });
  return Buffer.from(new asn1js.Sequence({ value: [status] }).toBER());
}

function singleResponse(
  question: AnsweredRequest,
  status: AnsweredStatus,
  { thisUpdate, nextUpdate }: OcspAnswerContent,
): SingleResponse {
  return new SingleResponse({
    certID: new CertID({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: question.hashOid, algorithmParams: new asn1js.Null() }),
      issuerNameHash: new asn1js.OctetString({ valueHex: question.issuerNameHash }),
      issuerKeyHash: new asn1js.OctetString({ valueHex: question.issuerKeyHash }),
      serialNumber: asn1js.Integer.fromBigInt(question.serialNumber),
    }),
    certStatus: certStatus(status),
    thisUpdate: wholeSeconds(thisUpdate),
    nextUpdate: wholeSeconds(nextUpdate),
  });
}

/** RFC 6960 4.2.1: good [0], revoked [1] with time and reason, unknown [2]. */
function certStatus(status: AnsweredStatus): asn1js.BaseBlock {
  if (status === 'good') return new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 0 } });
  if (status === 'unknown') return new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber: 2 } });
  const { revokedAt, reason } = status;
  const time = new asn1js.GeneralizedTime({ valueDate: wholeSeconds(revokedAt) });
  const why =
    reason === undefined
      ? []
      : [
          new asn1js.Constructed({
            idBlock: { tagClass: 3, tagNumber: 0 },
            value: [new asn1js.Enumerated({ value: crlReasons.indexOf(reason) })],
          }),
        ];
  return new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 1 }, value: [time, ...why] });
}

/** RFC 5280 4.1.2.5.2: GeneralizedTime has no fractions of a second. */
function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
