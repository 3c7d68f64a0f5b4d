/**
 * A certificate that a proxy hands on in a header of GET /v1/authorize. Exactly one header, in one encoding, both configured:
 * a proxy passes on headers of its clients, so a service that looks for the certificate under several names lets a
 * client send another person’s, which is no secret. Nothing here proves possession: the proxy’s TLS handshake did.
 */
import { RefusedRequest } from './refused-request.ts';
import { blocks } from './request-certificates.ts';
import type { MappingServiceSettings } from './service-settings.ts';

type CertificateHeader = Pick<MappingServiceSettings, 'certificateHeader' | 'certificateEncoding'>;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const pemBlock = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
const xfccElement = /^[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^",;=\\]*)(?:;[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^",;=\\]*))*$/;
const xfccPair = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=\\]*))(?:;|$)/g;

const decoders: Readonly<Record<CertificateHeader['certificateEncoding'], (value: string) => readonly Buffer[]>> = {
  pem: decodePem,
  base64: decodeBase64,
  structured: (value) => decodeBase64(/^:(.*):$/.exec(value)?.[1] ?? '!'),
  xfcc: decodeElement,
};

/**
 * @param headers every value of every header, under its name in lower case
 * @returns the certificates, end entity first; none when the proxy sent none
 * @throws RefusedRequest when the header is there twice or cannot be decoded, which a proxy that sets it never does
 */
export function certificatesOfHeader(
  headers: NodeJS.Dict<string[]>,
  { certificateHeader, certificateEncoding }: CertificateHeader,
): readonly Buffer[] {
  const values = headers[certificateHeader] ?? [];
  if (values.length > 1) throw new RefusedRequest('header-invalid');
  const value = values[0]?.trim() ?? '';
  return value === '' ? [] : decoders[certificateEncoding](value);
}

function decodeBase64(value: string): readonly Buffer[] {
  if (value === '' || !base64.test(value)) throw new RefusedRequest('header-invalid');
  return [Buffer.from(value, 'base64')];
}

function decodePem(value: string): readonly Buffer[] {
  const decoded = percentDecoded(value);
  const bodies = [...decoded.matchAll(pemBlock)].map(([, body = '']) => body.replace(/\s+/g, ''));
  if (bodies.length === 0 || decoded.replace(pemBlock, '').trim() !== '') throw new RefusedRequest('header-invalid');
  const lines = bodies.map((body) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
  return blocks(Buffer.from(lines.join(''), 'latin1'));
}

/** `Chain` begins with the certificate that `Cert` holds alone; when both are there they must agree. */
function decodeElement(value: string): readonly Buffer[] {
  if (!xfccElement.test(value)) throw new RefusedRequest('header-invalid');
  const pairs = [...value.matchAll(xfccPair)].map(([, key = '', quoted, plain = '']) => ({
    key: key.toLowerCase(),
    value: quoted?.replace(/\\(.)/g, '$1') ?? plain,
  }));
  const only = (key: string) => {
    const values = pairs.filter((pair) => pair.key === key);
    if (values.length > 1) throw new RefusedRequest('header-invalid');
    return values[0] === undefined ? [] : decodePem(values[0].value);
  };
  const [certificate] = only('cert');
  const chain = only('chain');
  const [first] = chain;
  if (!first) return certificate ? [certificate] : [];
  if (certificate && !certificate.equals(first)) throw new RefusedRequest('header-invalid');
  return chain;
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new RefusedRequest('header-invalid');
  }
}
