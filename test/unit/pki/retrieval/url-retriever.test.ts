import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../../src/operations/log.ts';
import type { RetrievalPolicy, RetrievalRequest } from '../../../../src/pki/retrieval/retriever.ts';
import { UrlRetriever, type UrlRetrieverOptions } from '../../../../src/pki/retrieval/url-retriever.ts';
import { milliseconds, octets, seconds } from '../../../../src/settings/units.ts';
import { type CrlBehaviour, startCrlServer } from '../../../support/crl-server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function crlServer(options?: Parameters<typeof startCrlServer>[0]) {
  const server = await startCrlServer(options);
  cleanups.push(() => server.stop());
  return server;
}

/** A server that answers everything by one function. */
async function serve(answer: (response: ServerResponse, request: IncomingMessage) => void): Promise<string> {
  const server = createServer((request, response) => answer(response, request));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'cardgate-retrieval-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const policy: RetrievalPolicy = {
  allowedHosts: ['127.0.0.1', 'pki.example', 'other.example'],
  schemes: ['http', 'https', 'ldap', 'file'],
  maximumSize: octets(10_000),
  timeout: milliseconds(10_000),
};
const never = () => new AbortController().signal;
const retrieverWith = (options: Partial<UrlRetrieverOptions> = {}) =>
  new UrlRetriever({ retryAfter: seconds(60), clock: { now: () => new Date(0) }, logger: silentLogger, ...options });

async function outcomeOf(
  url: string,
  options: Partial<UrlRetrieverOptions> = {},
  limits: Partial<RetrievalPolicy> = {},
  request: Partial<RetrievalRequest> = {},
): Promise<string> {
  const wanted: RetrievalRequest = { kind: 'crl', url, ...request };
  const retrieved = await retrieverWith(options).retrieve(wanted, { ...policy, ...limits }, never());
  return retrieved.outcome === 'retrieved' ? retrieved.bytes.toString() : retrieved.problem;
}

describe('a server that misbehaves', () => {
  it.each([
    ['never answers', 'hang', 'no complete answer in time'],
    ['sends an octet now and then', 'trickle', 'no complete answer in time'],
    ['resets the connection', 'cut', /aborted|hang up|ended/],
    ['floods', 'flood', 'larger than 10000'],
    ['announces too much', 'huge', 'larger than 10000'],
    ['redirects to itself', 'redirect', 'again and again'],
    ['uses a content coding', 'coded', 'content coding gzip'],
    ['says unchanged though nothing is known', 'unchanged', 'answered 304'],
    ['fails', 'fail', 'answered 503'],
  ] as const)('that %s costs a bounded time and brings nothing', async (_rule, behaviour: CrlBehaviour, problem) => {
    const server = await crlServer();
    server.publish('ca.crl', Buffer.alloc(1_000));
    server.behave('ca.crl', behaviour);
    const isSlow = behaviour === 'hang' || behaviour === 'trickle';
    const limits = { timeout: milliseconds(isSlow ? 300 : 10_000) };
    expect(await outcomeOf(`${server.baseUrl}/ca.crl`, {}, limits)).toMatch(problem);
  });

  it('that is dead brings nothing', async () => {
    const server = await startCrlServer();
    await server.stop();
    expect(await outcomeOf(`${server.baseUrl}/ca.crl`)).toContain('ECONNREFUSED');
  });

  it('that switches protocols brings nothing', async () => {
    const url = await serve(
      (response) =>
        void response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    );
    expect(await outcomeOf(url)).toMatch(/could not be retrieved/);
  });
});

describe('a redirection', () => {
  const to = (location: string) => serve((response) => void response.writeHead(302, { location }).end());

  it('on the same server is followed', async () => {
    const url = await serve((response, { url: path }) =>
      path === '/new' ? void response.end('here') : void response.writeHead(301, { location: '/new' }).end(),
    );
    expect(await outcomeOf(`${url}/old`)).toBe('here');
  });

  it.each([
    ['a host that is not listed', 'http://evil.example/'],
    ['a file', 'file:///etc/passwd'],
    ['another port, which is another server', 'http://127.0.0.1:1/'],
    ['the metadata service of a cloud', 'http://169.254.169.254/latest/'],
    ['credentials', 'http://user:secret@127.0.0.1/'],
  ])('to %s is refused', async (_rule, location) => {
    expect(await outcomeOf(await to(location), { fileDirectories: ['/'] })).toMatch(/the server redirects/);
  });

  it.each([['127.0.0.2'], ['10.0.0.1'], ['169.254.169.254'], ['::1'], ['::ffff:127.0.0.2'], ['fe80::1']])(
    'to a host that has the address %s by now is refused',
    async (address) => {
      const url = (await serve((response) => void response.writeHead(302, { location: '/secret' }).end())).replace(
        '127.0.0.1',
        'pki.example',
      );
      const known = ['127.0.0.1', address];
      const resolve = async () => [known.shift() ?? address].map((found) => ({ address: found, family: isIP(found) }));
      const outcome = await outcomeOf(url, { resolve }, { allowPrivateAddresses: ['127.0.0.1'] });
      expect(outcome).toContain(`the address ${address}, which is not public`);
    },
  );

  it('is not followed with a body', async () => {
    const options = { body: Buffer.from('request'), kind: 'ocsp' as const };
    expect(await outcomeOf(await to('/'), {}, {}, options)).toContain('answered 302');
  });
});

describe('the address of a host', () => {
  const resolvingTo = (...addresses: readonly string[]) => ({
    resolve: async () => addresses.map((address) => ({ address, family: 4 })),
  });

  it('is refused when it is private and not listed', async () => {
    const url = (await serve((response) => void response.end('secret'))).replace('127.0.0.1', 'pki.example');
    expect(await outcomeOf(url, resolvingTo('127.0.0.1'))).toContain('not public');
    expect(await outcomeOf(url, resolvingTo('127.0.0.1'), { allowPrivateAddresses: ['pki.example'] })).toBe('secret');
  });

  it('is looked up once, so that it cannot change between check and connection', async () => {
    const url = (await serve((response) => void response.end('checked'))).replace('127.0.0.1', 'pki.example');
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    };
    expect(await outcomeOf(url, { resolve }, { allowPrivateAddresses: ['127.0.0.1'] })).toBe('checked');
    expect(asked).toBe(1);
  });

  it('is left out when it is refused and another one is not', async () => {
    const url = (await serve((response) => void response.end('good'))).replace('127.0.0.1', 'pki.example');
    const limits = { allowPrivateAddresses: ['127.0.0.1'] };
    expect(await outcomeOf(url, resolvingTo('127.0.0.2', '127.0.0.1'), limits)).toBe('good');
  });

  it('must be found in time', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    expect(await outcomeOf('http://pki.example/', { resolve }, { timeout: milliseconds(50) })).toContain('in time');
  });
});

describe('a retrieval', () => {
  it('is one for all who ask at the same time, and a failure is remembered', async () => {
    let now = 0;
    const retriever = retrieverWith({ clock: { now: () => new Date(now) } });
    const server = await crlServer();
    server.publish('ca.crl', Buffer.from('x'));
    server.behave('ca.crl', 'fail');
    const ask = () => retriever.retrieve({ kind: 'crl', url: `${server.baseUrl}/ca.crl` }, policy, never());
    await Promise.all(Array.from({ length: 20 }, ask));
    await ask();
    expect(server.requests()).toBe(1);
    server.behave('ca.crl', 'serve');
    now = 61_000;
    expect(await ask()).toMatchObject({ outcome: 'retrieved' });
  });

  it('goes on when a caller waits no longer', async () => {
    const retriever = retrieverWith();
    const server = await crlServer();
    const { promise: body, resolve: release } = Promise.withResolvers<Buffer>();
    server.publish('ca.crl', () => body);
    const request = { kind: 'crl' as const, url: `${server.baseUrl}/ca.crl` };
    const patient = retriever.retrieve(request, policy, never());
    const hasty = await retriever.retrieve(request, policy, AbortSignal.abort());
    expect(hasty).toMatchObject({ outcome: 'failed', problem: expect.stringContaining('the time for all') });
    while (server.requests() === 0) await new Promise((resolve) => setImmediate(resolve));
    release(Buffer.from('late'));
    expect(await patient).toMatchObject({ outcome: 'retrieved' });
    expect(server.requests()).toBe(1);
  });

  it('of what has not changed costs no transport, and brings the very octets that were known', async () => {
    const retriever = retrieverWith();
    const server = await crlServer();
    server.publish('ca.crl', Buffer.from('first'));
    const request = { kind: 'crl' as const, url: `${server.baseUrl}/ca.crl` };
    const first = await retriever.retrieve(request, policy, never());
    if (first.outcome === 'failed') throw new Error(first.problem);
    const second = await retriever.retrieve({ ...request, known: first }, policy, never());
    expect(second).toMatchObject({ outcome: 'retrieved' });
    expect(second.outcome === 'retrieved' && second.bytes === first.bytes).toBe(true);
    expect(server.unchanged('ca.crl')).toBe(1);
  });

  it('is not taken for unchanged by a server that was told no validators', async () => {
    const server = await crlServer();
    server.publish('ca.crl', Buffer.from('x'));
    server.behave('ca.crl', 'unchanged');
    const known = { bytes: Buffer.from('old') };
    expect(await outcomeOf(`${server.baseUrl}/ca.crl`, {}, {}, { known })).toContain('answered 304');
  });

  it('with a body is posted with its media type', async () => {
    let seen = '';
    const url = await serve((response, request) => {
      request.on('data', (chunk) => {
        seen = `${request.method} ${request.headers['content-type']} ${chunk}`;
        response.end('answer');
      });
    });
    expect(await outcomeOf(url, {}, {}, { kind: 'ocsp', body: Buffer.from('question') })).toBe('answer');
    expect(seen).toBe('POST application/ocsp-request question');
  });

  it('from a responder that does not answer one question is not tried with the next', async () => {
    const retriever = retrieverWith();
    const server = await crlServer();
    const url = `${server.baseUrl}/`;
    await server.stop();
    const ask = (body: string) =>
      retriever.retrieve({ kind: 'ocsp', url, body: Buffer.from(body) }, policy, AbortSignal.timeout(5_000));
    const first = await ask('one');
    expect(await ask('two')).toBe(first);
  });

  it('from a responder that hangs is not waited for again', async () => {
    const retriever = retrieverWith();
    const server = await crlServer();
    server.publish('', Buffer.from('x'));
    server.behave('', 'hang');
    const limits = { ...policy, timeout: milliseconds(100) };
    const ask = (body: string) =>
      retriever.retrieve({ kind: 'ocsp', url: `${server.baseUrl}/`, body: Buffer.from(body) }, limits, never());
    const first = await ask('one');
    expect(await ask('two')).toBe(first);
    expect(server.requests()).toBeLessThan(2);
  });

  it('of issuers, which strangers can cause, leaves room for CRLs', async () => {
    const retriever = retrieverWith();
    const server = await crlServer();
    for (let index = 0; index < 9; index += 1) {
      server.publish(`${index}`, Buffer.from('x'));
      server.behave(`${index}`, 'hang');
    }
    server.publish('ca.crl', Buffer.from('x'));
    const ask = (kind: 'crl' | 'certificates', name: string) =>
      retriever.retrieve(
        { kind, url: `${server.baseUrl}/${name}` },
        { ...policy, timeout: milliseconds(2_000) },
        never(),
      );
    const stuck = Array.from({ length: 8 }, (_, index) => ask('certificates', `${index}`));
    expect(await ask('certificates', '8')).toMatchObject({ problem: expect.stringContaining('too many') });
    expect(await ask('crl', 'ca.crl')).toMatchObject({ outcome: 'retrieved' });
    await Promise.all(stuck);
  });
});

describe('https:', () => {
  function authority() {
    const directory = folder();
    const file = (name: string) => join(directory, name);
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        file('key.pem'),
      ].concat([
        '-out',
        file('cert.pem'),
        '-subj',
        '/CN=pki.example',
        '-addext',
        'subjectAltName=DNS:pki.example',
        '-days',
        '2',
      ]),
      { stdio: 'ignore' },
    );
    return { cert: readFileSync(file('cert.pem'), 'utf8'), key: readFileSync(file('key.pem'), 'utf8') };
  }
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const limits = { allowPrivateAddresses: ['127.0.0.1'] };

  it('needs a certificate of the configured CAs, for the host of the URL', async () => {
    const tls = authority();
    const server = await crlServer({ tls });
    server.publish('ca.crl', Buffer.from('protected'));
    const url = (host: string) => `${server.baseUrl.replace('127.0.0.1', host)}/ca.crl`;
    const trusting = { resolve, certificateAuthorities: [tls.cert] };
    expect(await outcomeOf(url('pki.example'), trusting, limits)).toBe('protected');
    expect(await outcomeOf(url('other.example'), trusting, limits)).toMatch(/certificate is not for other\.example/);
    expect(await outcomeOf(url('pki.example'), { resolve }, limits)).toMatch(/self-signed/);
    expect(server.requests()).toBe(1);
  });

  it('never becomes http: by a redirection', async () => {
    const tls = authority();
    const server = await crlServer({ tls });
    server.publish('ca.crl', Buffer.from('x'));
    const { createServer: createTls } = await import('node:https');
    const redirecting = createTls(
      tls,
      (_request, response) => void response.writeHead(302, { location: 'http://pki.example/' }).end(),
    );
    await new Promise<void>((done) => redirecting.listen(0, '127.0.0.1', done));
    cleanups.push(() => redirecting.close());
    const { port } = redirecting.address() as AddressInfo;
    const outcome = await outcomeOf(
      `https://pki.example:${port}/`,
      { resolve, certificateAuthorities: [tls.cert] },
      limits,
    );
    expect(outcome).toContain('which may not be asked because of a redirection');
  });
});

describe('file:', () => {
  it('is read below the configured directories only, symbolic links resolved', async () => {
    const directory = folder();
    mkdirSync(join(directory, 'crls'));
    writeFileSync(join(directory, 'crls', 'ca.crl'), 'inside');
    writeFileSync(join(directory, 'secret'), 'outside');
    symlinkSync(join(directory, 'secret'), join(directory, 'crls', 'link.crl'));
    mkdirSync(join(directory, 'crls', 'folder'));
    const fileDirectories = [join(directory, 'crls')];
    const read = (path: string, options: Partial<UrlRetrieverOptions> = { fileDirectories }) =>
      outcomeOf(pathToFileURL(join(directory, path)).href, options);
    expect(await read('crls/ca.crl')).toBe('inside');
    expect(await read('secret')).toContain('below none');
    expect(await read('crls/link.crl')).toContain('below none');
    expect(await read('crls/folder')).toContain('not a regular file');
    expect(await read('crls/absent')).toContain('ENOENT');
    expect(await read('crls/ca.crl', {})).toContain('below none');
    expect(await outcomeOf(`file://elsewhere${directory}/crls/ca.crl`, { fileDirectories })).toContain(
      'another machine',
    );
    expect(
      await outcomeOf(
        pathToFileURL(join(directory, 'crls/ca.crl')).href,
        { fileDirectories },
        { maximumSize: octets(3) },
      ),
    ).toContain('larger');
  });

  it('of a named pipe does not wait for a writer', async () => {
    const directory = folder();
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    const url = pathToFileURL(join(directory, 'pipe')).href;
    expect(await outcomeOf(url, { fileDirectories: [directory] })).toContain('not a regular file');
  });
});

describe('ldap:', () => {
  it('is read from the address that was checked', async () => {
    const calls: unknown[] = [];
    const readLdapUrl: NonNullable<UrlRetrieverOptions['readLdapUrl']> = async (url, limits) => {
      calls.push([url, limits.address]);
      return Buffer.from('from the directory');
    };
    const url = 'ldap://pki.example/cn=ca?certificateRevocationList';
    const resolve = async () => [{ address: '10.1.1.1', family: 4 }];
    expect(await outcomeOf(url, { readLdapUrl, resolve })).toContain('not public');
    expect(await outcomeOf(url, { readLdapUrl, resolve }, { allowPrivateAddresses: ['10.0.0.0/8'] })).toBe(
      'from the directory',
    );
    expect(calls).toEqual([[url, '10.1.1.1']]);
    expect(await outcomeOf(url, { resolve })).toContain('nothing here reads ldap:');
  });
});
