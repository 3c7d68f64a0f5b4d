/**
 * An HTTP server for CRLs on loopback that counts requests, answers conditional ones, and can misbehave: hang, trickle, cut off,
 * flood, redirect, code, fail.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** How one path answers; `serve` unless told otherwise. */
export type CrlBehaviour =
  | 'serve'
  /** Accepts the request and never answers. */
  | 'hang'
  /** One octet every 50 ms. */
  | 'trickle'
  /** Half of the announced octets, then the connection is reset. */
  | 'cut'
  /** Octets without end and without a Content-Length. */
  | 'flood'
  /** Announces 2 GiB. */
  | 'huge'
  /** 302 to the path itself. */
  | 'redirect'
  /** 200 with a content coding that unfolds to a thousand times its size. */
  | 'coded'
  /** 304, whatever was asked. */
  | 'unchanged'
  /** 200 with something that is not a CRL. */
  | 'garbage'
  /** 503. */
  | 'fail';

export interface CrlServer {
  /** Without a slash at the end; `<base>/issuing.crl` and the like hang below it. */
  readonly baseUrl: string;
  /** What is served at `<base>/<name>`: DER, or a function called at each request, for a file that changes. */
  publish(name: string, crl: Buffer | (() => Buffer | Promise<Buffer>)): void;
  behave(name: string, behaviour: CrlBehaviour): void;
  /** Requests so far for one name, or for all. */
  requests(name?: string): number;
  /** How many of the requests for a name were answered 304. */
  unchanged(name: string): number;
  stop(): Promise<void>;
}

function trickle(response: ServerResponse, body: Buffer): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent === body.length) {
      response.end();
      clearInterval(timer);
    } else {
      response.write(body.subarray(sent, sent + 1));
      sent += 1;
    }
  }, 50);
  response.once('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 0x30);
  const more = () => {
    while (!response.destroyed && response.write(chunk)) {
      // as fast as the client takes it
    }
  };
  response.on('drain', more);
  more();
}

function answer(response: ServerResponse, path: string, behaviour: CrlBehaviour, body: Buffer): void {
  const type = { 'content-type': 'application/pkix-crl' };
  switch (behaviour) {
    case 'serve':
      response.writeHead(200, { ...type, 'content-length': body.length, etag: etagOf(body) }).end(body);
      return;
    case 'hang':
      return;
    case 'trickle':
      response.writeHead(200, type);
      trickle(response, body);
      return;
    case 'cut':
      response.writeHead(200, { ...type, 'content-length': body.length });
      response.write(body.subarray(0, body.length / 2), () => response.destroy());
      return;
    case 'flood':
      response.writeHead(200, type);
      flood(response);
      return;
    case 'huge':
      response.writeHead(200, { ...type, 'content-length': 2 ** 31 });
      response.write(body);
      return;
    case 'redirect':
      response.writeHead(302, { location: path }).end();
      return;
    case 'coded':
      response.writeHead(200, { ...type, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)));
      return;
    case 'unchanged':
      response.writeHead(304).end();
      return;
    case 'garbage':
      response.writeHead(200, type).end('<html>Sign in to the wireless network</html>');
      return;
    case 'fail':
      response.writeHead(503).end();
      return;
  }
}

const etagOf = (body: Buffer) => `"${createHash('sha256').update(body).digest('hex')}"`;

export interface CrlServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** PEM; present: https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export async function startCrlServer({ host = '127.0.0.1', tls }: CrlServerOptions = {}): Promise<CrlServer> {
  const published = new Map<string, Buffer | (() => Buffer | Promise<Buffer>)>();
  const behaviours = new Map<string, CrlBehaviour>();
  const counts = new Map<string, number>();
  const unchanged = new Map<string, number>();
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/';
    const name = path.slice(1);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    const source = published.get(name);
    if (source === undefined) {
      response.writeHead(404).end();
      return;
    }
    const body = typeof source === 'function' ? await source() : source;
    const behaviour = behaviours.get(name) ?? 'serve';
    if (behaviour === 'serve' && request.headers['if-none-match'] === etagOf(body)) {
      unchanged.set(name, (unchanged.get(name) ?? 0) + 1);
      response.writeHead(304).end();
      return;
    }
    answer(response, path, behaviour, body);
  };
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `${tls ? 'https' : 'http'}://${host}:${port}`,
    publish: (name, crl) => void published.set(name, crl),
    behave: (name, behaviour) => void behaviours.set(name, behaviour),
    requests: (name) =>
      name === undefined ? [...counts.values()].reduce((sum, count) => sum + count, 0) : (counts.get(name) ?? 0),
    unchanged: (name) => unchanged.get(name) ?? 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
