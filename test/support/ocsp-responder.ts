/**
 * OpenSSL as an OCSP responder: `openssl ocsp` answers each request from its index file; this server carries requests and answers over
 * HTTP on loopback, where OpenSSL's own listener takes every interface. It counts and can misbehave, or answer by hand.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CertificateAuthority } from '../../src/smartcard/authority/certificate-authority.ts';

const run = promisify(execFile);

export interface OcspRequestSeen {
  readonly method: string;
  /** DER of the OCSPRequest. */
  readonly body: Buffer;
}

/** An answer made by hand. */
type OcspAnswerer = (request: OcspRequestSeen) => Buffer;

export type OcspBehaviour =
  /** OpenSSL answers. */
  | 'serve'
  /** Accepts the request and never answers. */
  | 'hang'
  /** 503. */
  | 'fail'
  /** 200 with something that is no OCSP response. */
  | 'garbage'
  /** Announces 2 GiB and sends without end. */
  | 'huge'
  | OcspAnswerer;

export interface OcspResponderOptions {
  /** Whose certificates are asked about; signs the answers unless a delegate does. */
  readonly authority: CertificateAuthority;
  readonly delegate?: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** Minutes from thisUpdate to nextUpdate. Default: 5. */
  readonly validMinutes?: number;
}

export interface OcspResponder {
  readonly url: string;
  /** The certificates OpenSSL knows; a serial number that is not among them is unknown. */
  know(serialNumber: bigint, revoked?: boolean): Promise<void>;
  behave(behaviour: OcspBehaviour): void;
  requests(): readonly OcspRequestSeen[];
  stop(): Promise<void>;
}

const day = 86_400_000;

export async function startOcspResponder(options: OcspResponderOptions): Promise<OcspResponder> {
  const { authority, delegate, validMinutes = 5 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-ocsp-'));
  const file = (name: string) => join(folder, name);
  await writeFile(file('ca.pem'), authority.certificatePem);
  await writeFile(file('signer.pem'), delegate?.certificatePem ?? authority.certificatePem);
  await writeFile(file('signer.key'), delegate?.privateKeyPem ?? authority.privateKeyPem, { mode: 0o600 });
  await writeFile(file('index'), '');
  await writeFile(file('index.attr'), 'unique_subject = no\n');
  const known = new Map<bigint, boolean>();
  const seen: OcspRequestSeen[] = [];
  let behaviour: OcspBehaviour = 'serve';

  async function answerOfOpenssl(body: Buffer): Promise<Buffer> {
    const call = await mkdtemp(join(folder, 'call-'));
    const [request, response] = [join(call, 'request'), join(call, 'response')];
    await writeFile(request, body);
    const signer = ['-rsigner', file('signer.pem'), '-rkey', file('signer.key')];
    const index = ['-index', file('index'), '-CA', file('ca.pem'), '-nmin', String(validMinutes)];
    await run('openssl', ['ocsp', ...index, ...signer, '-rmd', 'sha256', '-reqin', request, '-respout', response]);
    return readFile(response);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const { method = '' } = request;
    seen.push({ method, body });
    const type = { 'content-type': 'application/ocsp-response' };
    if (behaviour === 'hang') return;
    if (behaviour === 'fail') {
      response.writeHead(503).end();
    } else if (behaviour === 'huge') {
      response.writeHead(200, { ...type, 'content-length': 2 ** 31 }).write(Buffer.alloc(200_000));
    } else {
      const octets = await octetsOf(behaviour, { method, body });
      response.writeHead(200, type).end(octets);
    }
  }

  async function octetsOf(how: 'serve' | 'garbage' | OcspAnswerer, request: OcspRequestSeen): Promise<Buffer> {
    if (how === 'garbage') return Buffer.from('<html>Sign in to the wireless network</html>');
    return how === 'serve' ? answerOfOpenssl(request.body) : how(request);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/ocsp`,
    know: async (serialNumber, revoked = false) => {
      known.set(serialNumber, revoked);
      await writeFile(file('index'), [...known].map(([serial, isRevoked]) => indexLine(serial, isRevoked)).join(''));
    },
    behave: (next) => {
      behaviour = next;
    },
    requests: () => seen,
    stop: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** RFC 6960 A.1: by POST the body, by GET the last segment of the path. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (request.method === 'GET')
    return Buffer.from(decodeURIComponent((request.url ?? '').split('/').at(-1) ?? ''), 'base64');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** One line of the database of `openssl ca`. */
function indexLine(serialNumber: bigint, isRevoked: boolean): string {
  const digits = serialNumber.toString(16).toUpperCase();
  const serial = digits.length % 2 === 0 ? digits : `0${digits}`;
  const expiry = indexTime(new Date(Date.now() + 365 * day));
  const revocation = isRevoked ? `${indexTime(new Date(Date.now() - day))},keyCompromise` : '';
  return `${isRevoked ? 'R' : 'V'}\t${expiry}\t${revocation}\t${serial}\tunknown\t/CN=subject\n`;
}

function indexTime(moment: Date): string {
  return `${moment
    .toISOString()
    .replace(/\.\d+|[-:T]/g, '')
    .slice(2)}`;
}
