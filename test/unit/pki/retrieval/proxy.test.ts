/** Retrievals through a proxy that forwards as proxies do: which requests go to it, in which form, and what is refused before. */

import { createServer, type IncomingMessage, request as requestHttp, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/operations/log.ts';
import type { RetrievalPolicy } from '../../../../src/pki/retrieval/retriever.ts';
import { UrlRetriever, type UrlRetrieverOptions } from '../../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function origin(): Promise<{ readonly port: number; readonly asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    asked.push(request);
    const body: Buffer[] = [];
    request.on('data', (chunk: Buffer) => body.push(chunk));
    request.on('end', () => response.end(`from ${request.url} ${Buffer.concat(body)}`));
  });
  return { port: await listen(server), asked };
}

/** Forwards to this machine whatever host is named, as if it alone knew the names. */
async function proxyTo(port: number): Promise<{ readonly port: number; readonly lines: string[] }> {
  const lines: string[] = [];
  const server = createServer((request, response) => {
    const target = new URL(request.url ?? '');
    lines.push(`${request.method} ${request.url} for ${request.headers.host}`);
    const { method = 'GET', headers } = request;
    const onward = requestHttp({ host: '127.0.0.1', port, path: target.pathname, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    lines.push(`CONNECT ${request.url}`);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const side of [socket, onward]) side.on('error', () => onward.destroy());
  });
  return { port: await listen(server), lines };
}

const policy: RetrievalPolicy = {
  allowedHosts: ['pki.example', '127.0.0.1'],
  schemes: ['http', 'https'],
  maximumSize: octets(10_000),
  timeout: milliseconds(10_000),
};

async function retrieve(url: string, options: Partial<UrlRetrieverOptions>, body?: Buffer): Promise<string> {
  const unknownName = async (): Promise<never> => {
    throw new Error('no such name');
  };
  const retriever = new UrlRetriever({
    retryAfter: seconds(10),
    clock: { now: () => new Date(0) },
    logger: silentLogger,
    resolve: unknownName,
    ...options,
  });
  const request = { kind: 'ocsp' as const, url, ...(body && { body }) };
  const retrieved = await retriever.retrieve(request, policy, new AbortController().signal);
  return retrieved.outcome === 'retrieved' ? retrieved.bytes.toString() : retrieved.problem;
}

describe('a retrieval through a proxy', () => {
  it('names the whole URL, and the host in its own header, though only the proxy knows the name', async () => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    const given = { proxy: { host: '127.0.0.1', port: proxy.port, except: [] } };
    expect(await retrieve('http://pki.example/a.crl', given)).toBe('from /a.crl ');
    expect(await retrieve('http://pki.example:8080/ocsp', given, Buffer.from('question'))).toBe('from /ocsp question');
    expect(proxy.lines).toEqual([
      'GET http://pki.example/a.crl for pki.example',
      'POST http://pki.example:8080/ocsp for pki.example:8080',
    ]);
  });

  it('of an https URL is a tunnel', async () => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    // The server behind speaks no TLS, which is told only at the other end of the tunnel.
    const problem = await retrieve('https://pki.example/a.crl', {
      proxy: { host: '127.0.0.1', port: proxy.port, except: [] },
    });
    expect(problem).toMatch(/could not be retrieved/);
    expect(proxy.lines).toEqual(['CONNECT pki.example:443']);
  });

  it.each([
    ['the host itself', ['127.0.0.1'], true],
    ['another host', ['pki.example'], false],
  ])('is left out for %s when that is excepted', async (_rule, except, isDirect) => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    const url = `http://127.0.0.1:${port}/a.crl`;
    expect(await retrieve(url, { proxy: { host: '127.0.0.1', port: proxy.port, except } })).toBe('from /a.crl ');
    expect(proxy.lines).toHaveLength(isDirect ? 0 : 1);
  });

  it('is left out for all names below an excepted one', async () => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    const resolve = async () => [{ address: '203.0.113.1', family: 4 }];
    const given = { resolve, proxy: { host: '127.0.0.1', port: proxy.port, except: ['.example'] } };
    expect(await retrieve(`http://pki.example:${port}/a.crl`, given)).toContain('is not public');
    expect(proxy.lines).toEqual([]);
  });

  it.each([
    ['is private', [{ address: '10.0.0.1', family: 4 }]],
    [
      'of several is private',
      [
        { address: '93.184.216.34', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ],
    ],
  ])('is refused when an address of the host %s', async (_rule, addresses) => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    const given = { resolve: async () => addresses, proxy: { host: '127.0.0.1', port: proxy.port, except: [] } };
    expect(await retrieve('http://pki.example/a.crl', given)).toContain('is not public and not listed');
    expect(proxy.lines).toEqual([]);
  });

  it('is refused for a host that may not be asked', async () => {
    const { port } = await origin();
    const proxy = await proxyTo(port);
    const given = { proxy: { host: '127.0.0.1', port: proxy.port, except: [] } };
    expect(await retrieve('http://other.example/a.crl', given)).toContain('may not be asked');
    expect(proxy.lines).toEqual([]);
  });

  it('fails when the proxy makes no tunnel', async () => {
    const port = await listen(createServer((_request, response) => void response.writeHead(403).end()));
    const server = servers.at(-1);
    server?.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    expect(await retrieve('https://pki.example/', { proxy: { host: '127.0.0.1', port, except: [] } })).toContain(
      'the proxy answered 403',
    );
  });
});
