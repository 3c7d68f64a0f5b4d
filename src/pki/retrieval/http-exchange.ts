/**
 * One HTTP or HTTPS request to an address that was checked, and its answer within a bound of octets. Redirections are followed to
 * allowed hosts only, content codings are refused, and no proxy is asked but the one that is configured.
 */

import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { request as requestHttp } from '../../operations/node-http.ts';
import { TlsClientAgent } from '../../operations/tls-client.ts';
import type { Octets } from '../../settings/units.ts';
import { concatInPieces } from '../encoding/in-pieces.ts';
import { RetrievalError } from './retrieval-error.ts';
import { type Address, hostOf, retrievalTarget } from './retrieval-target.ts';
import type { RetrievalPolicy, RetrievalRequest, RetrievedOctets, Validators } from './retriever.ts';

/** An HTTP proxy (RFC 9112 3.2.2, 3.2.3) that all requests go through, its exceptions aside. */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** Hosts that are asked without it: names and addresses, lower case; one with a dot in front stands for all names below. */
  readonly except: readonly string[];
}

export interface HttpExchange {
  readonly request: RetrievalRequest;
  readonly policy: RetrievalPolicy;
  /** Ends everything. */
  readonly deadline: AbortSignal;
  /** The addresses of a host that may be connected to, by a proxy also none. @throws RetrievalError when there is none, or only others */
  readonly addressesOf: (host: string, by: 'direct' | 'proxy') => Promise<readonly Address[]>;
  readonly proxy?: HttpProxy | undefined;
  /** PEM; absent: those that Node.js trusts. */
  readonly certificateAuthorities?: readonly string[] | undefined;
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
  const { certificateAuthorities } = exchange;
  const proxy = proxyFor(host, exchange.proxy);
  const options: RequestOptions = {
    method: request.body ? 'POST' : 'GET',
    headers: headersOf(request),
    agent: false,
    signal: deadline,
  };
  const tls = {
    ...(isIP(host) === 0 && { servername: host }),
    ...(certificateAuthorities && { ca: [...certificateAuthorities] }),
    minVersion: 'TLSv1.2' as const,
    // Explicit, so that no environment variable can switch the check off.
    rejectUnauthorized: true,
  };
  const addresses = await exchange.addressesOf(host, proxy ? 'proxy' : 'direct');
  if (!proxy) {
    const direct: RequestOptions = { ...options, lookup: lookupOf(addresses) };
    return respond(
      target.protocol === 'https:'
        ? requestHttps(target, { ...direct, ...tls, agent: new TlsClientAgent() })
        : requestHttp(target, direct),
      request,
    );
  }
  if (target.protocol === 'http:') {
    const headers = { ...headersOf(request), host: target.host };
    return respond(
      requestHttp({ ...options, headers, host: proxy.host, port: proxy.port, path: target.href }),
      request,
    );
  }
  const socket = await tunnel(target, proxy, deadline);
  return respond(requestHttps(target, { ...options, ...tls, agent: new TlsClientAgent({ socket }) }), request);
}

function proxyFor(host: string, proxy: HttpProxy | undefined): HttpProxy | undefined {
  const isExcepted = proxy?.except.some((entry) => (entry.startsWith('.') ? host.endsWith(entry) : host === entry));
  return isExcepted ? undefined : proxy;
}

/** To what was checked: a second look-up could give another address. */
function lookupOf(addresses: readonly Address[]): LookupFunction {
  return (_host, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
}

function respond(sent: ClientRequest, { body }: RetrievalRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('upgrade', (_response, socket) => socket.destroy());
    sent.on('close', () => reject(new RetrievalError('the server closed the connection')));
    sent.on('response', resolve);
    sent.end(body);
  });
}

/** A connection through the proxy to an https: server (RFC 9110 9.3.6). */
function tunnel({ hostname, port }: URL, proxy: HttpProxy, signal: AbortSignal): Promise<Socket> {
  const authority = `${hostname}:${port || '443'}`;
  const headers = { host: authority };
  const { host, port: proxyPort } = proxy;
  return new Promise((resolve, reject) => {
    const sent = requestHttp({
      method: 'CONNECT',
      host,
      port: proxyPort,
      path: authority,
      headers,
      agent: false,
      signal,
    });
    sent.on('error', reject);
    // node:http tells every answer to CONNECT so, refusals too.
    sent.on('connect', ({ statusCode }, socket: Socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new RetrievalError(`the proxy answered ${statusCode}`));
    });
    sent.end();
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
    return { bytes: await read(response, policy.maximumSize), ...(validators && { validators }) };
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
  // Another port of the same host is another server; only the default ports of the schemes are beyond doubt.
  if (!isHttp || (next.origin !== from.origin && next.port !== ''))
    throw new RetrievalError(`the server redirects to ${next.origin}, which may not be asked because of a redirection`);
  return next;
}

async function read(response: IncomingMessage, maximumSize: Octets): Promise<Buffer> {
  const { 'content-encoding': coding = 'identity', 'content-length': announced } = response.headers;
  // What is coded could unfold to any size.
  if (coding !== 'identity') throw new RetrievalError(`the server used the content coding ${coding.slice(0, 40)}`);
  if (Number(announced) > maximumSize) throw new RetrievalError(`it is larger than ${maximumSize} octets`);
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response) {
    octets += chunk.length;
    if (octets > maximumSize) throw new RetrievalError(`it is larger than ${maximumSize} octets`);
    chunks.push(chunk);
  }
  // node:http ends the stream without an error when a connection closes early under HTTP/1.0 rules.
  if (!response.complete) throw new RetrievalError('the connection ended before the answer did');
  return concatInPieces(chunks, octets);
}

function validatorsOf(headers: IncomingMessage['headers']): Validators | undefined {
  const usable = (value: string | undefined) => (value && value.length <= longestValidator ? value : undefined);
  const etag = usable(headers.etag);
  const lastModified = usable(headers['last-modified']);
  if (etag === undefined && lastModified === undefined) return undefined;
  return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
}
