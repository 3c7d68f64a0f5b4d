/**
 * One HTTP or HTTPS request to an address that was checked, and its answer within a bound of octets. Redirections are followed to
 * allowed hosts only, content codings are refused, and no proxy of the environment is asked.
 */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { RetrievalError } from './retrieval-error.ts';
import { type Address, hostOf, retrievalTarget } from './retrieval-target.ts';
import type { RetrievalPolicy, RetrievalRequest, RetrievedOctets, Validators } from './retriever.ts';

export interface HttpExchange {
  readonly request: RetrievalRequest;
  readonly policy: RetrievalPolicy;
  /** Ends everything. */
  readonly deadline: AbortSignal;
  /** The addresses of a host that may be connected to. @throws RetrievalError when there is none */
  readonly addressesOf: (host: string) => Promise<readonly Address[]>;
  /** PEM; absent: those that Node.js trusts. */
  readonly certificateAuthorities?: readonly string[];
}

const maximumRedirects = 3;
/** A validator is sent back as it came, so it must not be larger than one. */
const longestValidator = 512;

/** @throws RetrievalError, or whatever node:http and node:https reject with */
export async function retrieveByHttp(start: URL, exchange: HttpExchange): Promise<RetrievedOctets> {
  let target = start;
  for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
    const response = await send(target, exchange);
    try {
      const outcome = await outcomeOf(response, target, exchange);
      if (!(outcome instanceof URL)) return outcome;
      target = outcome;
    } finally {
      response.destroy();
    }
  }
  throw new RetrievalError('the server redirects again and again');
}

async function send(target: URL, { request, deadline, ...exchange }: HttpExchange): Promise<IncomingMessage> {
  const host = hostOf(target);
  const addresses = await exchange.addressesOf(host);
  const { certificateAuthorities } = exchange;
  const options: RequestOptions = {
    method: request.body ? 'POST' : 'GET',
    headers: headersOf(request),
    // A connection of its own, to what was checked: a second look-up could give another address.
    agent: false,
    lookup: (_host, { all }, callback) => {
      const [first] = addresses;
      if (all) callback(null, [...addresses]);
      else callback(null, first?.address ?? '', first?.family);
    },
    signal: deadline,
  };
  const tls = {
    ...(isIP(host) === 0 && { servername: host }),
    ...(certificateAuthorities && { ca: [...certificateAuthorities] }),
    minVersion: 'TLSv1.2' as const,
    // Explicit, so that no environment variable can switch the check off.
    rejectUnauthorized: true,
  };
  return new Promise((resolve, reject) => {
    const sent =
      target.protocol === 'https:' ? requestHttps(target, { ...options, ...tls }) : requestHttp(target, options);
    sent.on('error', reject);
    sent.on('upgrade', (_response, socket) => socket.destroy());
    sent.on('close', () => reject(new RetrievalError('the server closed the connection')));
    sent.on('response', resolve);
    sent.end(request.body);
  });
}

function headersOf({ kind, body, known }: RetrievalRequest): Record<string, string> {
  const { etag, lastModified } = known?.validators ?? {};
  return {
    'accept-encoding': 'identity',
    connection: 'close',
    ...(body && { 'content-type': `application/${kind}-request`, 'content-length': String(body.length) }),
    ...(etag !== undefined && { 'if-none-match': etag }),
    ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
  };
}

/** The octets, or where to ask next. */
async function outcomeOf(
  response: IncomingMessage,
  target: URL,
  { request, policy }: HttpExchange,
): Promise<RetrievedOctets | URL> {
  const { statusCode = 0, headers } = response;
  if (statusCode === 200) {
    const validators = validatorsOf(headers);
    return { bytes: await read(response, policy.maximumOctets), ...(validators && { validators }) };
  }
  if (statusCode === 304 && request.known?.validators) return request.known;
  if (headers.location === undefined || ![301, 302, 303, 307, 308].includes(statusCode) || request.body)
    throw new RetrievalError(`the server answered ${statusCode}`);
  return redirection(headers.location, target, policy);
}

function redirection(location: string, from: URL, policy: RetrievalPolicy): URL {
  const next = retrievalTarget(URL.parse(location, from.href)?.href ?? location, policy);
  if (typeof next === 'string') throw new RetrievalError(`the server redirects, but ${next}`);
  const isHttp = next.protocol === 'https:' || (next.protocol === 'http:' && from.protocol === 'http:');
  // Another port of the same host is another server; only the ports that everybody knows are beyond doubt.
  if (!isHttp || (next.origin !== from.origin && next.port !== ''))
    throw new RetrievalError(`the server redirects to ${next.origin}, which may not be asked because of a redirection`);
  return next;
}

async function read(response: IncomingMessage, maximumOctets: number): Promise<Buffer> {
  const { 'content-encoding': coding = 'identity', 'content-length': announced } = response.headers;
  // What is coded could unfold to any size.
  if (coding !== 'identity') throw new RetrievalError(`the server used the content coding ${coding.slice(0, 40)}`);
  if (Number(announced) > maximumOctets) throw new RetrievalError(`it is larger than ${maximumOctets} octets`);
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response) {
    octets += chunk.length;
    if (octets > maximumOctets) throw new RetrievalError(`it is larger than ${maximumOctets} octets`);
    chunks.push(chunk);
  }
  // node:http ends the stream without an error when a connection closes early under HTTP/1.0 rules.
  if (!response.complete) throw new RetrievalError('the connection ended before the answer did');
  return Buffer.concat(chunks, octets);
}

function validatorsOf(headers: IncomingMessage['headers']): Validators | undefined {
  const usable = (value: string | undefined) => (value && value.length <= longestValidator ? value : undefined);
  const etag = usable(headers.etag);
  const lastModified = usable(headers['last-modified']);
  if (etag === undefined && lastModified === undefined) return undefined;
  return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
}
