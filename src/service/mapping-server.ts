/**
 * The mapping service over HTTP: on a Unix socket, or on TCP with mutual TLS; there is no third way to listen. Node’s parser
 * bounds lines, headers and time; the number of connections is bounded here, decisions in the handler.
 */
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Logger } from '../operations/log.ts';
import { createMappingHandler, type HttpAnswer, type MappingHandlerOptions } from './mapping-handler.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

export interface UnixListener {
  /** Absolute path. */
  readonly socket: string;
  /** File mode. Default 0o660. Whoever may write to the socket may ask about any certificate, and need not hold its key. */
  readonly mode: number;
}

export interface TlsListener {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM: the service’s certificate, then its intermediates. */
  readonly certificateChain: string;
  /** PEM. */
  readonly privateKey: string;
  /** PEM: the CAs that issue the callers’ certificates, and nothing else: whoever has a certificate of theirs may ask. */
  readonly callerAuthorities: readonly string[];
}

export interface MappingServerOptions extends MappingHandlerOptions {
  readonly listener: UnixListener | TlsListener;
  /** Connections at the same time. Default 1000. */
  readonly maximumConnections: number;
}

export interface MappingServer {
  /** @returns where it listens, as a URL or `unix:` and the path */
  listen(): Promise<string>;
  /** Takes no more requests, lets those under way be answered for so long, then ends every connection. */
  close(drainMilliseconds: number): Promise<void>;
}

/** A certificate in a header takes 3 KiB, a chain from Envoy several times that. */
const maximumHeaderOctets = 64 * 1024;
const httpOptions = {
  maxHeaderSize: maximumHeaderOctets,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
} as const;

export function createMappingServer(options: MappingServerOptions): MappingServer {
  const { listener, logger } = options;
  const handle = createMappingHandler(options);
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
  const server = 'socket' in listener ? createServer(httpOptions, onRequest) : tlsServer(listener, onRequest, logger);
  server.maxConnections = options.maximumConnections;
  return {
    listen: () => ('socket' in listener ? listenOnSocket(server, listener) : listenOnPort(server, listener)),
    close: async (drainMilliseconds) => {
      // First of all, so that it cannot be the socket of a successor that is removed.
      if ('socket' in listener) await rm(listener.socket, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), drainMilliseconds);
      await closed;
      clearTimeout(force);
    },
  };
}

function tlsServer(listener: TlsListener, onRequest: RequestListener, logger: Logger): Server {
  const server = createTlsServer(
    {
      ...httpOptions,
      cert: listener.certificateChain,
      key: listener.privateKey,
      ca: [...listener.callerAuthorities],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      handshakeTimeout: 10_000,
    },
    onRequest,
  );
  server.on('tlsClientError', (error, socket) => {
    logger.warn('caller-handshake-failed', { error, remoteAddress: socket.remoteAddress ?? '' });
  });
  return server;
}

async function listenOnSocket(server: Server, { socket, mode }: UnixListener): Promise<string> {
  await listenOnUnixSocket(server, socket, mode);
  return `unix:${socket}`;
}

function listenOnPort(server: Server, { address, port }: TlsListener): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      const bound = server.address();
      const host = address.includes(':') ? `[${address}]` : address;
      resolve(`https://${host}:${typeof bound === 'object' && bound ? bound.port : port}`);
    });
  });
}

/** A caller reads its answer only when it has sent its body; what nobody wants is thrown away, until the server’s time for requests is over. */
async function discardRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  request.resume();
  await new Promise<void>((resolve) => request.once('end', resolve).once('close', resolve));
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, {
    ...headers,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(text !== '' && { 'content-type': 'application/json' }),
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
