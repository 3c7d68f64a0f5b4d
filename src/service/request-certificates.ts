/**
 * The body of POST /v1/resolve: read to a bound in octets and time, and turned into a resolve request. The certificates are
 * not parsed here: what is wrong with one is for the login path to say, which records it.
 */
import type { IncomingMessage } from 'node:http';
import { MalformedError } from '../pki/encoding/malformed-error.ts';
import { readCertificateBlocks } from '../pki/encoding/pem.ts';
import { RefusedRequest } from './refused-request.ts';
import { maximumBodyOctets, maximumCertificates, type ResolveRequest, resolveRequestSchema } from './wire.ts';

export type ReceivedRequest = Omit<ResolveRequest, 'certificates'> & { readonly certificates: readonly Buffer[] };

type BodyParser = (body: Buffer) => ReceivedRequest;

const fileTypes = ['application/pkix-cert', 'application/x-x509-user-cert', 'application/x-pem-file', 'text/plain'];

const bodyParsers: Readonly<Record<string, BodyParser | undefined>> = {
  'application/json': fromJson,
  ...Object.fromEntries(fileTypes.map((type) => [type, (body: Buffer) => ({ certificates: blocks(body) })])),
};

/** @throws RefusedRequest when the body is too large or of the wrong kind */
export async function readResolveRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const parse = Object.hasOwn(bodyParsers, type) ? bodyParsers[type] : undefined;
  if (!parse) throw new RefusedRequest('media-type-unsupported');
  return parse(await readBody(request));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maximumBodyOctets) throw new RefusedRequest('body-too-large');
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    // Left as it is when the loop ends early, so that the rest can be read and thrown away before the refusal is sent.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      // Without setEncoding() a request gives Buffers.
      const buffer = chunk as Buffer;
      octets += buffer.length;
      if (octets > maximumBodyOctets) throw new RefusedRequest('body-too-large');
      chunks.push(buffer);
    }
  } catch (error) {
    // The caller went away, or was too slow for the server, before its body was complete.
    throw error instanceof RefusedRequest ? error : new RefusedRequest('request-invalid');
  }
  return Buffer.concat(chunks);
}

function fromJson(body: Buffer): ReceivedRequest {
  const parsed = resolveRequestSchema.safeParse(jsonOf(body));
  if (!parsed.success) throw new RefusedRequest('request-invalid');
  const { certificates, ...rest } = parsed.data;
  return { ...rest, certificates: certificates.map((certificate) => Buffer.from(certificate, 'base64')) };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RefusedRequest('request-invalid');
  }
}

/** @throws RefusedRequest when this is neither DER nor PEM, or holds anything else, such as a private key */
export function blocks(body: Buffer): readonly Buffer[] {
  try {
    const certificates = readCertificateBlocks(body);
    if (certificates.length <= maximumCertificates) return certificates;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  throw new RefusedRequest('certificates-unreadable');
}
