/**
 * Keep-alive connections to one service, the mapping service or a hook, and single requests over them, bounded in time and octets. It gives back the
 * status and the JSON it got, and believes nothing of it.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { Agent, request as httpRequest } from '../operations/node-http.ts';
import { TlsClientAgent } from '../operations/tls-client.ts';
import type { Milliseconds } from '../settings/units.ts';
import { maximumAnswerOctets } from './wire.ts';

export type ServiceEndpoint =
  /** Absolute path of the service’s Unix socket. */
  | { readonly socket: string }
  /** `https://host:port`; the host must be in the service’s certificate. */
  | { readonly url: string };

export interface ClientMaterial {
  /** PEM: the certificate shown to services at a URL, then its intermediates; absent with the key where services ask for none. */
  readonly certificateChain?: string | undefined;
  /** PEM. */
  readonly privateKey?: string | undefined;
  /** PEM: the CAs of the services’ certificates. Those of the system count for nothing. */
  readonly certificateAuthorities: readonly string[];
}

export interface ConnectionLimits {
  /** Until a connection stands, its TLS handshake included. */
  readonly connectTimeout: Milliseconds;
  /** Connections to one service; further requests wait for one, within their time. */
  readonly maximumConnections: number;
  /** Of the validity of services’ certificates. */
  readonly clock: Clock;
}

export interface ServiceResponse {
  readonly status: number;
  readonly body: unknown;
}

export class ServiceConnection {
  /** For records. */
  readonly name: string;
  readonly #limits: ConnectionLimits;
  readonly #agent: InstanceType<typeof Agent>;
  readonly #expiries = new WeakMap<Socket, number>();
  readonly #open: (options: RequestOptions) => ClientRequest;

  /** @throws TypeError when a URL is not https, or there is no material for it */
  constructor(endpoint: ServiceEndpoint, material: ClientMaterial | undefined, limits: ConnectionLimits) {
    this.#limits = limits;
    const pool = { keepAlive: true, maxSockets: limits.maximumConnections, maxFreeSockets: limits.maximumConnections };
    if ('socket' in endpoint) {
      this.name = `unix:${endpoint.socket}`;
      this.#agent = new Agent(pool);
      this.#open = (options) => httpRequest({ ...options, agent: this.#agent, socketPath: endpoint.socket });
      return;
    }
    const url = URL.parse(endpoint.url);
    if (url?.protocol !== 'https:') throw new TypeError(`${endpoint.url} is not an https URL`);
    if (!material) throw new TypeError(`certification authorities are needed for ${endpoint.url}`);
    this.name = url.origin;
    const agent = new TlsClientAgent({
      ...pool,
      cert: material.certificateChain,
      key: material.privateKey,
      ca: [...material.certificateAuthorities],
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    });
    this.#agent = agent;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    this.#open = (options) => httpsRequest({ ...options, agent, host, port: url.port === '' ? 443 : Number(url.port) });
  }

  /**
   * A kept connection that the service closed meanwhile is replaced once: asking twice changes nothing.
   * @param timeout for everything
   * @throws Error when there is no whole answer in JSON in time
   */
  post(path: string, body: string, timeout: Milliseconds): Promise<ServiceResponse> {
    return this.postUntil(path, body, AbortSignal.timeout(Math.max(1, Math.floor(timeout))));
  }

  /** As `post`. @param signal when it fires there is no answer */
  async postUntil(path: string, body: string, signal: AbortSignal): Promise<ServiceResponse> {
    const first = await this.#exchange(path, body, signal);
    const response = first === 'stale' ? await this.#exchange(path, body, signal) : first;
    if (response === 'stale') throw new Error('the service closes its connections at once');
    return response;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** A kept connection proves its service no longer than the service’s certificate is valid. */
  #dropExpired(): void {
    const now = this.#limits.clock.now().getTime();
    for (const socket of Object.values(this.#agent.freeSockets).flatMap((sockets) => sockets ?? [])) {
      const expiry = this.#expiries.get(socket) ?? expiryOf(socket);
      this.#expiries.set(socket, expiry);
      if (!(now <= expiry)) socket.destroy();
    }
  }

  #exchange(path: string, body: string, signal: AbortSignal): Promise<ServiceResponse | 'stale'> {
    this.#dropExpired();
    return new Promise((resolve, reject) => {
      const request = this.#open({
        method: 'POST',
        path,
        signal,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      boundConnecting(request, this.#limits.connectTimeout);
      request.once('error', (error: NodeJS.ErrnoException) => {
        if (request.reusedSocket && !signal.aborted && ['ECONNRESET', 'EPIPE'].includes(error.code ?? ''))
          resolve('stale');
        else reject(signal.aborted ? new Error('no answer in time') : error);
      });
      request.once('response', (response) => {
        readJson(response).then((json) => resolve({ status: response.statusCode ?? 0, body: json }), reject);
      });
      request.end(body);
    });
  }
}

/** Milliseconds since 1970; never for a connection that is not over TLS. */
function expiryOf(socket: Socket): number {
  return socket instanceof TLSSocket
    ? Date.parse(socket.getPeerX509Certificate()?.validTo ?? '')
    : Number.POSITIVE_INFINITY;
}

function boundConnecting(request: ClientRequest, timeout: number): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(new Error('no connection in time')), timeout);
    const stop = () => clearTimeout(timer);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', stop);
    socket.once('close', stop);
  });
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response) {
    // Without setEncoding() a response gives Buffers.
    const buffer = chunk as Buffer;
    octets += buffer.length;
    if (octets > maximumAnswerOctets) throw new Error('the answer is too large');
    chunks.push(buffer);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
