/**
 * The mapping service over HTTP: on a Unix socket, or on TCP with mutual TLS; there is no third way to listen. Node’s parser
 * bounds lines, headers and time; the number of connections is bounded here, decisions in the handler.
 */

import { rm } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { DescriptorReserve } from '../operations/descriptors.ts';
import type { Logger } from '../operations/log.ts';
import { createServer } from '../operations/node-http.ts';
import { Callers } from './caller.ts';
import type { TrustedAuthorities } from './caller-path.ts';
import { createMappingHandler, type HttpAnswer, type MappingHandlerOptions } from './mapping-handler.ts';
import type { ServiceListener, TlsListener, TlsMaterial, UnixListener } from './service-settings.ts';
import { TlsAcceptance } from './tls-acceptance.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

export interface MappingServerOptions extends Omit<MappingHandlerOptions, 'binding'> {
  readonly listener: ServiceListener;
}

export interface MappingServer {
  /** @returns where it listens, as a URL or `unix:` and the path */
  listen(): Promise<string>;
  /**
   * For a listener over TLS: new handshakes go by the new material, and callers on older connections are judged by it.
   * @throws Error when OpenSSL does not take it; the old stays in force
   */
  renew(material: TlsMaterial): void;
  /** Takes no more requests, lets those under way be answered for so long, then ends every connection. Called again it may shorten that time. */
  close(drainMilliseconds: number): Promise<void>;
}

/** A certificate in a header takes 3 KiB, a chain from Envoy several times that. */
const maximumHeaderOctets = 64 * 1024;
const noAuthorities: TrustedAuthorities = new Map();
const httpOptions = {
  maxHeaderSize: maximumHeaderOctets,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
} as const;

export function createMappingServer(options: MappingServerOptions): MappingServer {
  const { listener, logger } = options;
  const callers = new Callers();
  const tls = 'socket' in listener ? undefined : new TlsAcceptance(listener, callers, logger);
  const handle = createMappingHandler(
    { ...options, binding: bindingOf(listener) },
    callers,
    () => tls?.trusted ?? noAuthorities,
  );
  const answerRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const answer = await handle(request);
    await discardRest(request);
    if (!response.destroyed) send(response, answer);
  };
  const onRequest: RequestListener = (request, response) =>
    void answerRequest(request, response).catch((error: unknown) => {
      logger.error('answer-fault', { error });
      response.destroy();
    });
  const server = createServer(httpOptions, onRequest);
  tls?.protect(server);
  const reserve = keepReserve(server, logger);
  server.maxConnections = options.settings.maximumConnections;
  let isClosing = false;
  return {
    renew: (material) => {
      if (!tls) throw new Error('a Unix socket has no certificates to renew');
      tls.renew(material);
      // Their callers come back with a handshake, which a CA that was renewed with the same key stands.
      server.closeIdleConnections();
    },
    listen: () => ('socket' in listener ? listenOnSocket(server, listener) : listenOnPort(server, listener)),
    close: async (drainMilliseconds) => {
      // First of all, so that it cannot be the socket of a successor that is removed.
      if ('socket' in listener && !isClosing) await rm(listener.socket, { force: true });
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      tls?.endHandshakes();
      const force = setTimeout(() => server.closeAllConnections(), drainMilliseconds);
      await closed;
      clearTimeout(force);
      reserve.close();
    },
  };
}

/** Before anything is read: a caller that comes when descriptors are short must not take those of the decisions under way. */
function keepReserve(server: Server, logger: Logger): DescriptorReserve {
  const reserve = new DescriptorReserve();
  const listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (reserve.admits(socket, logger, socket.remoteAddress ?? 'unix')) {
      for (const listener of listeners) listener.call(server, socket);
    } else socket.destroy();
  });
  return reserve;
}

/** For records. */
function bindingOf(listener: ServiceListener): string {
  return 'socket' in listener ? `unix:${listener.socket}` : `${hostOf(listener.address)}:${listener.port} mutual TLS`;
}

async function listenOnSocket(server: Server, { socket, mode, gid }: UnixListener): Promise<string> {
  await listenOnUnixSocket(server, socket, mode, gid);
  return `unix:${socket}`;
}

function listenOnPort(server: Server, { address, port }: TlsListener): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      const bound = server.address();
      resolve(`https://${hostOf(address)}:${typeof bound === 'object' && bound ? bound.port : port}`);
    });
  });
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** A caller reads its answer only when it has sent its body. The rest of the body is thrown away, until the server’s time for requests is over. */
async function discardRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  request.resume();
  await new Promise<void>((resolve) => request.once('end', resolve).once('close', resolve));
}

function send(response: ServerResponse, { status, headers, body, isLast = false }: HttpAnswer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    ...(isLast && { connection: 'close' }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(text !== '' && { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
