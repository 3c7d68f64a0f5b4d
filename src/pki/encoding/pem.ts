/** Certificates, CRLs and OCSP responses out of files, and certificates into them: PEM (RFC 7468) with one or several blocks, or one DER value. Other PEM labels are refused. */
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { DerReader, tags } from './der.ts';
import { MalformedError } from './malformed-error.ts';

const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE'];
const crlLabels = ['X509 CRL'];
const ocspLabels = ['OCSP RESPONSE'];
const messageLabels = ['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA'];
const block = /-----BEGIN ([A-Z0-9 #]+)-----([A-Za-z0-9+/=\s]*)-----END ([A-Z0-9 #]+)-----/g;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One certificate as PEM, with lines of 64 characters (RFC 7468 section 2). */
export function encodeCertificatePem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Every certificate of a file, in its order.
 * @throws MalformedError when the file holds no certificate, when one is malformed, or when the file holds anything else, such as a private key
 */
export function readCertificates(file: Buffer): readonly Certificate[] {
  return readCertificateBlocks(file).map(parseCertificate);
}

/** The DER of every certificate of a file, in its order. @throws MalformedError likewise; the certificates are not parsed here */
export function readCertificateBlocks(file: Buffer): readonly Buffer[] {
  return readBlocks(file, certificateLabels);
}

/** The DER of every CRL of a file, in its order. @throws MalformedError likewise; the CRLs are not parsed here */
export function readCrls(file: Buffer): readonly Buffer[] {
  return readBlocks(file, crlLabels);
}

/** The DER of every OCSP response of a file, in its order. @throws MalformedError likewise; the responses are not parsed here */
export function readOcspResponses(file: Buffer): readonly Buffer[] {
  return readBlocks(file, ocspLabels);
}

/** The DER of certificates, or of messages that hold some, as they are served at caIssuers URLs. @throws MalformedError likewise */
export function readServedCertificates(bytes: Buffer): readonly Buffer[] {
  return readBlocks(bytes, [...certificateLabels, ...messageLabels]);
}

/** One DER value; editors and servers of text like to end it with a newline, which is no part of it. */
function withoutNewline(file: Buffer): Buffer {
  const end = new DerReader(file, 'file').next().der.length;
  const rest = file.subarray(end).toString('latin1');
  return rest === '\n' || rest === '\r\n' ? file.subarray(0, end) : file;
}

function readBlocks(file: Buffer, labels: readonly string[]): readonly Buffer[] {
  if (file[0] === tags.sequence) return [withoutNewline(file)];
  const text = file.toString('latin1');
  const blocks = [...text.matchAll(block)].map(([, begin = '', body = '', end]) => {
    if (begin !== end || !labels.includes(begin))
      throw new MalformedError(`file holds a PEM block labelled ${begin} where ${labels[0]} is due`);
    const compact = body.replace(/\s+/g, '');
    if (!base64.test(compact)) throw new MalformedError(`PEM block ${begin} is not base 64`);
    return Buffer.from(compact, 'base64');
  });
  if (blocks.length === 0) throw new MalformedError(`file holds neither DER nor a PEM block labelled ${labels[0]}`);
  if (text.split('-----BEGIN ').length - 1 !== blocks.length) throw new MalformedError('file holds a broken PEM block');
  return blocks;
}
