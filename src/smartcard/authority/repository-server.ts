/**
 * The repository of a card directory over HTTP: CRLs, CA certificates and OCSP, where its certificates say they are. It reads what
 * has been revoked anew for each answer. For trials, on a loopback address.
 */
import { type KeyObject, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { createServer } from '../../operations/node-http.ts';
import { CardError } from '../card/card-error.ts';
import { hasIssued, loadCertificateAuthority, type StoredAuthority } from './authority-directory.ts';
import { authorityNames, authorityPath } from './card-authorities.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { extendedKeyUsages } from './certificate-extensions.ts';
import {
  type AnsweredRequest,
  type AnsweredStatus,
  concerns,
  encodeOcspAnswer,
  encodeOcspError,
  readOcspRequest,
} from './ocsp-answer.ts';
import { softwareSigner } from './signer.ts';
import { generateSoftwareKey } from './software-key.ts';

const day = 86_400_000;
/** Short, so that a drill shows soon what was revoked; relying parties add what they allow clocks to differ by. */
const answerLifetimeMs = 1000;
/** A request for one certificate has about a hundred octets. */
const maximumRequestOctets = 4096;
const requestTimeoutMs = 10_000;

export interface RepositoryServerOptions {
  readonly directory: string;
  /** As in the certificates: `http://127.0.0.1:8080`. Port 0: one that is free. */
  readonly url: string;
  readonly clock: Clock;
}

export interface RepositoryServer {
  readonly url: string;
  /** Method and path of every request, oldest first; the last 1000. */
  requests(): readonly string[];
  stop(): Promise<void>;
}

interface Responder {
  readonly name: string;
  readonly authority: CertificateAuthority;
  readonly certificateDer: Buffer;
  readonly key: KeyObject;
}

/** @throws CardError when there are no authorities, or the URL is not http on a loopback address */
export async function startRepositoryServer(options: RepositoryServerOptions): Promise<RepositoryServer> {
  const { directory, clock } = options;
  const { hostname, port } = loopbackUrl(options.url);
  const names = await authorityNames(directory);
  if (names.length === 0) {
    throw new CardError(`There are no authorities in ${directory}.`, 'Make them with "cardgate card ca create".');
  }
  const responders = await Promise.all(names.map((name) => createResponder(directory, name, clock)));
  const requests: string[] = [];
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      requests.push(`${request.method} ${request.url}`);
      if (requests.length > 1000) requests.shift();
      answer({ directory, clock, responders }, request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), hostname, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : Number(port);
  return {
    url: `http://${hostname}:${bound}`,
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function loopbackUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback =
    url?.hostname === 'localhost' || (isIP(url?.hostname ?? '') === 4 && url?.hostname.startsWith('127.'));
  if (url?.protocol !== 'http:' || !loopback || !['', '/'].includes(url.pathname)) {
    throw new CardError(
      `The repository of trial cards cannot listen at "${text}".`,
      'Use http, a loopback address, a port and no path: http://127.0.0.1:8080.',
    );
  }
  return url;
}

/** RFC 6960 4.2.2.2: answers are signed by a delegate, made for this run. */
async function createResponder(directory: string, name: string, clock: Clock): Promise<Responder> {
  const { authority } = await loadCertificateAuthority(authorityPath(directory, name));
  const key = await generateSoftwareKey('P-256');
  const now = clock.now().getTime();
  const { der } = await authority.issue({
    subject: `OCSP responder ${randomUUID()}`,
    publicKey: key,
    notBefore: new Date(now - 5 * 60_000),
    notAfter: new Date(now + 30 * day),
    extendedKeyUsage: [extendedKeyUsages.ocspSigning],
    ocspNoCheck: true,
    crlDistributionPoint: null,
  });
  return { name, authority, certificateDer: der, key };
}

interface Repository {
  readonly directory: string;
  readonly clock: Clock;
  readonly responders: readonly Responder[];
}

async function answer(repository: Repository, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const [, name, kind] = /^\/([a-z0-9-]+)\.(crl|cer)$/.exec(path) ?? [];
  const responder = repository.responders.find((candidate) => candidate.name === name);
  if (request.method === 'GET' && responder !== undefined) {
    const crl = () => readFile(join(authorityPath(repository.directory, responder.name), 'crl.der'));
    const [type, body] =
      kind === 'crl'
        ? ['application/pkix-crl', await crl()]
        : ['application/pkix-cert', responder.authority.certificateDer];
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  } else if (path === '/ocsp' || path.startsWith('/ocsp/')) {
    const body = await ocspRequest(request, path);
    const octets = body === undefined ? encodeOcspError('malformedRequest') : await ocspAnswer(repository, body);
    response
      .writeHead(200, { 'content-type': 'application/ocsp-response', 'content-length': octets.length })
      .end(octets);
  } else {
    response.writeHead(404).end();
  }
}

/** RFC 6960 A.1: by POST the body, by GET base64 as the rest of the path. Undefined when it is too long. */
async function ocspRequest(request: IncomingMessage, path: string): Promise<Buffer | undefined> {
  if (request.method === 'GET') {
    return Buffer.from(decodeURIComponent(path.slice('/ocsp/'.length)), 'base64').subarray(0, maximumRequestOctets);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maximumRequestOctets) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function ocspAnswer(repository: Repository, der: Buffer): Promise<Buffer> {
  let asked: ReturnType<typeof readOcspRequest>;
  try {
    asked = readOcspRequest(der);
  } catch {
    return encodeOcspError('malformedRequest');
  }
  const [first] = asked.questions;
  const responder = repository.responders.find(
    ({ authority }) => first !== undefined && concerns(first, authority.certificateDer),
  );
  if (responder === undefined) return encodeOcspError('unauthorized');
  const path = authorityPath(repository.directory, responder.name);
  const stored = await loadCertificateAuthority(path);
  const thisUpdate = repository.clock.now();
  return encodeOcspAnswer({
    answers: asked.questions.map((question) => ({ question, status: statusOf(question, responder, stored, path) })),
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + answerLifetimeMs),
    responderDer: responder.certificateDer,
    signer: softwareSigner(responder.key),
    nonce: asked.nonce,
  });
}

function statusOf(
  question: AnsweredRequest,
  { authority }: Responder,
  { revoked }: StoredAuthority,
  path: string,
): AnsweredStatus {
  const { serialNumber } = question;
  if (!concerns(question, authority.certificateDer) || !hasIssued(path, serialNumber)) return 'unknown';
  return revoked.find((entry) => entry.serialNumber === serialNumber) ?? 'good';
}
