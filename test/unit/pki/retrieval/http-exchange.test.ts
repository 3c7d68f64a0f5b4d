/** One HTTP exchange: what is sent, what of an answer is taken, where a redirection may lead, and which way it goes through a proxy. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeCertificatePem } from '../../../../src/pki/encoding/pem.ts';
import { type HttpExchange, retrieveByHttp } from '../../../../src/pki/retrieval/http-exchange.ts';
import type { RetrievalPolicy, RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import { milliseconds, octets } from '../../../../src/settings/units.ts';
import { implicit } from '../../../support/der-builder.ts';
import { ca, caUsage, commonName, dnsName, issue, subjectAltName } from '../../../support/handmade-certificates.ts';

const sockets = new Set<Socket>();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

async function listen<T extends Server>(server: T): Promise<number> {
  servers.push(server);
  server.on('connection', (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;
const serve = async (answer: Answer) =>
  `http://127.0.0.1:${await listen(createServer((request, response) => void answer(response, request)))}`;
/** A server that answers with these octets, whatever is asked, and ends. */
const serveRaw = async (text: string, end: (socket: Socket) => unknown = (socket) => socket.end()) =>
  `http://127.0.0.1:${await listen(createTcpServer((socket) => void socket.once('data', () => socket.write(text, () => end(socket)))))}`;

const policy: RetrievalPolicy = {
  allowedHosts: ['127.0.0.1', 'pki.example', 'other.example'],
  schemes: ['http', 'https', 'ldap'],
  maximumSize: octets(1_000),
  timeout: milliseconds(10_000),
};

interface Change extends Partial<Omit<HttpExchange, 'request'>> {
  readonly request?: Partial<RetrievalRequest>;
}

const retrieve = (url: string, { request = {}, ...change }: Change = {}) =>
  retrieveByHttp(new URL(url), {
    request: { kind: 'crl', url, ...request },
    policy,
    deadline: new AbortController().signal,
    addressesOf: async () => [{ address: '127.0.0.1', family: 4 }],
    ...change,
  });
const textOf = async (url: string, change?: Change) => (await retrieve(url, change)).bytes.toString();

describe('a request', () => {
  it.each<[what: string, request: Partial<RetrievalRequest>, seen: object]>([
    ['without a body goes by GET', {}, { method: 'GET', 'content-type': undefined, 'content-length': undefined }],
    [
      'with a body goes by POST, with its media type and length',
      { kind: 'ocsp', body: Buffer.from('question') },
      { method: 'POST', 'content-type': 'application/ocsp-request', 'content-length': '8', body: 'question' },
    ],
    [
      'for what is known has both of its validators',
      { known: { bytes: Buffer.alloc(0), validators: { etag: '"1"', lastModified: 'yesterday' } } },
      { 'if-none-match': '"1"', 'if-modified-since': 'yesterday' },
    ],
    [
      'for what is known has its tag',
      { known: { bytes: Buffer.alloc(0), validators: { etag: '"1"' } } },
      { 'if-none-match': '"1"', 'if-modified-since': undefined },
    ],
    [
      'for what is known has its date',
      { known: { bytes: Buffer.alloc(0), validators: { lastModified: 'yesterday' } } },
      { 'if-none-match': undefined, 'if-modified-since': 'yesterday' },
    ],
    [
      'for what is known without validators has none',
      { known: { bytes: Buffer.alloc(0) } },
      { 'if-none-match': undefined, 'if-modified-since': undefined },
    ],
  ])('%s', async (_what, request, seen) => {
    const asked: object[] = [];
    const url = await serve(async (response, sent) => {
      const chunks: Buffer[] = [];
      for await (const chunk of sent) chunks.push(chunk);
      asked.push({ method: sent.method, ...sent.headers, body: Buffer.concat(chunks).toString() });
      response.end('x');
    });
    await textOf(`${url}/a`, { request });
    expect(asked).toEqual([expect.objectContaining({ 'accept-encoding': 'identity', connection: 'close' })]);
    const absent = Object.fromEntries(Object.keys(seen).map((name) => [name, undefined]));
    expect({ ...absent, ...asked[0] }).toMatchObject(seen);
  });

  it('is sent to the addresses that were checked, in their order, and to no other', async () => {
    const url = (await serve((response) => response.end('found'))).replace('127.0.0.1', 'pki.example');
    const asked: unknown[] = [];
    const addressesOf: HttpExchange['addressesOf'] = async (...words) => {
      asked.push(words);
      return [
        { address: '127.0.0.9', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ];
    };
    expect(await textOf(url, { addressesOf })).toBe('found');
    expect(asked).toEqual([['pki.example', 'direct']]);
  });
});

describe('an answer', () => {
  const long = 'x'.repeat(512);
  it.each<[string, Readonly<Record<string, string>>, object | undefined]>([
    ['has both validators', { etag: '"1"', 'last-modified': 'yesterday' }, { etag: '"1"', lastModified: 'yesterday' }],
    ['has its tag', { etag: '"1"' }, { etag: '"1"' }],
    ['has its date', { 'last-modified': 'yesterday' }, { lastModified: 'yesterday' }],
    ['has none', {}, undefined],
    ['has empty ones, which do not count', { etag: '', 'last-modified': '' }, undefined],
    ['has some of 512 characters', { etag: long, 'last-modified': long }, { etag: long, lastModified: long }],
    ['has longer ones, which are not sent back', { etag: `${long}x`, 'last-modified': `${long}x` }, undefined],
  ])('%s', async (_what, headers, validators) => {
    const url = await serve((response) => response.writeHead(200, headers).end('x'));
    const expected = { bytes: Buffer.from('x'), ...(validators && { validators }) };
    expect(await retrieve(url)).toEqual(expected);
  });

  it.each<[string, number, boolean]>([
    ['announced', 1_000, true],
    ['in chunks', 1_000, false],
  ])('may have as many octets as are allowed, and not one more, %s', async (_how, size, isAnnounced) => {
    const urlOf = (length: number) =>
      serve((response) =>
        response.writeHead(200, isAnnounced ? { 'content-length': length } : {}).end(Buffer.alloc(length)),
      );
    expect((await retrieve(await urlOf(size))).bytes).toHaveLength(size);
    await expect(retrieve(await urlOf(size + 1))).rejects.toThrow('it is larger than 1000 octets');
  });

  it.each<[string, string, RegExp]>([
    [
      'with a content coding, whose name is told cut',
      `content-encoding: ${'z'.repeat(50)}`,
      /^the server used the content coding z{40}$/,
    ],
    ['that ends early', 'content-length: 10', /aborted|ended before the answer did/],
    ['in chunks that ends early', 'transfer-encoding: chunked', /aborted|ended before the answer did|Parse Error/],
  ])('%s is refused', async (_what, header, problem) => {
    await expect(retrieve(await serveRaw(`HTTP/1.1 200 OK\r\n${header}\r\n\r\nabc`))).rejects.toThrow(problem);
  });

  it.each([
    ['nothing', '', /hang up|closed the connection/],
    [
      'a change of protocols',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      /closed/,
    ],
  ])('that is %s is refused', async (_what, text, problem) => {
    await expect(retrieve(await serveRaw(text))).rejects.toThrow(problem);
  });

  it('that changes protocols ends the connection, though the server does not', async () => {
    const text = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n';
    await expect(retrieve(await serveRaw(text, () => undefined))).rejects.toThrow(/closed/);
  });

  it.each([
    ['refused', { 'content-encoding': 'gzip' }, 200],
    ['no content', {}, 404],
  ])('that is %s is not read on: its connection is ended', async (_what, headers, status) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    const url = await serve((response) => {
      response.on('close', resolve);
      response.writeHead(status, headers).write('and so on');
    });
    await expect(retrieve(url)).rejects.toThrow(/the server/);
    await closed;
  });

  it('of 304 stands for what was known with validators', async () => {
    const url = await serve((response) => response.writeHead(304).end());
    const known = { bytes: Buffer.from('old'), validators: { etag: '"1"' } };
    expect(await retrieve(url, { request: { known } })).toBe(known);
    for (const request of [{}, { known: { bytes: known.bytes } }])
      await expect(retrieve(url, { request })).rejects.toThrow('the server answered 304');
    const failing = await serve((response) => response.writeHead(404).end());
    await expect(retrieve(failing, { request: { known } })).rejects.toThrow('the server answered 404');
  });
});

describe('a redirection', () => {
  const redirecting = (status: number, location?: string) =>
    serve((response, { url }) =>
      url === '/new' ? response.end('here') : response.writeHead(status, location ? { location } : {}).end(),
    );
  it.each([301, 302, 303, 307, 308])('by %i is followed', async (status) => {
    expect(await textOf(`${await redirecting(status, '/new')}/old`)).toBe('here');
  });

  it.each<[string, number, string | undefined]>([
    ['by another status', 300, '/new'],
    ['by a status of use of a proxy', 305, '/new'],
    ['without a location', 302, undefined],
  ])('%s is not followed', async (_what, status, location) => {
    await expect(retrieve(`${await redirecting(status, location)}/old`)).rejects.toThrow(
      `the server answered ${status}`,
    );
  });

  it('is not followed with a body', async () => {
    const request = { kind: 'ocsp' as const, body: Buffer.from('question') };
    await expect(retrieve(`${await redirecting(302, '/new')}/old`, { request })).rejects.toThrow('answered 302');
  });

  it('is followed three times', async () => {
    const url = await serve((response, { url: path = '' }) => {
      const left = Number(path.slice(1));
      return left === 0 ? response.end('here') : response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect(await textOf(`${url}/3`)).toBe('here');
    await expect(retrieve(`${url}/4`)).rejects.toThrow('the server redirects again and again');
  });

  it.each<[string, string, RegExp]>([
    ['the default port of another host', 'http://other.example/', /ECONNREFUSED/],
    ['the default port of HTTPS', 'https://pki.example/', /ECONNREFUSED/],
    ['another port', 'http://other.example:81/', /to http:\/\/other.example:81, which may not be asked because/],
    ['another port of HTTPS', 'https://other.example:444/', /may not be asked because of a redirection/],
    ['another scheme', 'ldap://pki.example/', /may not be asked because of a redirection/],
    [
      'a host that is not listed',
      'http://evil.example/',
      /^the server redirects, but http:\/\/evil.example\/ is of a host/,
    ],
    ['what is no URL', 'http://', /^the server redirects, but http:\/\/ is not a URL/],
  ])('to %s', async (_where, location, problem) => {
    await expect(retrieve(`${await redirecting(302, location)}/old`)).rejects.toThrow(problem);
  });
});

describe('over TLS', () => {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
  // TLS knows no clock of a test.
  const valid = { notBefore: hours(-1), notAfter: hours(1) };
  const authority = (label: string) => issue(commonName(label), undefined, { ...valid, extensions: [ca(), caUsage] });
  const trusted = authority('Trusted');
  const current = (names: readonly Buffer[], issuer = trusted) => {
    const { keys, der } = issue(commonName('Server'), issuer, { ...valid, extensions: [subjectAltName(...names)] });
    const key = keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    return { cert: encodeCertificatePem(der), key };
  };
  const address = implicit(7, Buffer.of(127, 0, 0, 1));
  const certificateAuthorities = [encodeCertificatePem(trusted.der)];

  async function tlsServer(identity: { readonly cert: string; readonly key: string }) {
    const names: unknown[] = [];
    const server = createTlsServer(identity, ({ socket }, response) => {
      names.push((socket as TLSSocket).servername);
      response.end('protected');
    });
    return { port: await listen(server), names };
  }

  it('a server is named by its name, and not by its address (RFC 6066 3)', async () => {
    const { port, names } = await tlsServer(current([dnsName('pki.example'), address]));
    expect(await textOf(`https://pki.example:${port}/`, { certificateAuthorities })).toBe('protected');
    expect(await textOf(`https://127.0.0.1:${port}/`, { certificateAuthorities })).toBe('protected');
    expect(names).toEqual(['pki.example', false]);
  });

  it('a server needs a valid certificate of the CAs, for its name', async () => {
    const good = await tlsServer(current([dnsName('pki.example')]));
    await expect(retrieve(`https://other.example:${good.port}/`, { certificateAuthorities })).rejects.toThrow(
      /other\.example/,
    );
    await expect(retrieve(`https://pki.example:${good.port}/`)).rejects.toThrow(/certificate/);
    const foreign = await tlsServer(current([dnsName('pki.example')], authority('Foreign')));
    await expect(retrieve(`https://pki.example:${foreign.port}/`, { certificateAuthorities })).rejects.toThrow(
      /certificate/,
    );
  });

  async function tunnelTo(port: number, status = 200) {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', ({ url, headers }, socket: Socket) => {
      asked.push(`${url} for ${headers.host}`);
      if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      sockets.add(onward);
    });
    const given = { host: '127.0.0.1', port: await listen(proxy), except: [] };
    return { asked, proxy: given };
  }

  it('a server is reached through the tunnel of a proxy, and is judged all the same', async () => {
    const { port } = await tlsServer(current([dnsName('pki.example')]));
    const { asked, proxy } = await tunnelTo(port);
    const by: unknown[] = [];
    const addressesOf: HttpExchange['addressesOf'] = async (...words) => {
      by.push(words);
      return [];
    };
    const through = { certificateAuthorities, proxy, addressesOf };
    expect(await textOf('https://pki.example/a', through)).toBe('protected');
    expect(await textOf('https://pki.example:8443/a', through)).toBe('protected');
    await expect(retrieve('https://other.example/', through)).rejects.toThrow(/other\.example/);
    expect(asked).toEqual([
      'pki.example:443 for pki.example:443',
      'pki.example:8443 for pki.example:8443',
      'other.example:443 for other.example:443',
    ]);
    expect(by[0]).toEqual(['pki.example', 'proxy']);
  });

  it('a proxy that makes no tunnel is told', async () => {
    const { proxy } = await tunnelTo(1, 403);
    await expect(retrieve('https://pki.example/', { proxy })).rejects.toThrow('the proxy answered 403');
    const dead = { ...proxy, port: 1 };
    await expect(retrieve('https://pki.example/', { proxy: dead })).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('a proxy', () => {
  it.each<[string, readonly string[], boolean]>([
    ['for all', [], true],
    ['but for the host', ['pki.example'], false],
    ['but for all names below', ['.example'], false],
    ['but for another host', ['other.example', 'example', 'i.example', 'pki'], true],
    ['but for names that only begin so', ['.pki', '.pki.example'], true],
  ])('is asked %s', async (_rule, except, isAsked) => {
    const server = await serve((response) => response.end('direct'));
    const lines: string[] = [];
    const port = await listen(
      createServer(({ url, headers }, response) => {
        lines.push(`${url} for ${headers.host}`);
        response.end('by proxy');
      }),
    );
    const url = `${server.replace('127.0.0.1', 'pki.example')}/a`;
    expect(await textOf(url, { proxy: { host: '127.0.0.1', port, except } })).toBe(isAsked ? 'by proxy' : 'direct');
    expect(lines).toEqual(isAsked ? [`${url} for ${new URL(url).host}`] : []);
  });
});
