/** Servers whose certificate has a key on a curve that Node.js has no name for: in each connection of ours the process must outlive them. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openTransport, parseServer } from '../../../src/directory/connection/ldap-transport.ts';
import { silentLogger } from '../../../src/operations/log.ts';
import { connectTls } from '../../../src/operations/tls-client.ts';
import { UrlRetriever } from '../../../src/pki/retrieval/url-retriever.ts';
import { ServiceConnection } from '../../../src/service/service-connection.ts';
import { milliseconds, octets, seconds } from '../../../src/settings/units.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cardgate-tls-client-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const made = new Map<string, Identity>();

/** A CA on P-256, and a server's certificate of it, for pki.example and 127.0.0.1 unless other names are given. */
function identity(curve: string, names = 'DNS:pki.example,IP:127.0.0.1'): Identity {
  const known = made.get(curve + names);
  if (known) return known;
  const file = (name: string) => join(folder, `${made.size}-${name}`);
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const key = (on: string) => ['-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${on}`, '-nodes'];
  const ca = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  openssl('req', '-x509', ...key('P-256'), '-subj', '/CN=ca', '-days', '2', ...ca);
  openssl('req', ...key(curve), '-subj', '/CN=pki.example', '-keyout', file('key'), '-out', file('csr'));
  writeFileSync(file('ext'), names === '' ? 'keyUsage = digitalSignature' : `subjectAltName = ${names}`);
  const issuer = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('ext')];
  openssl('x509', '-req', '-in', file('csr'), ...issuer, '-days', '2', '-out', file('cert'));
  const [caText = '', cert = '', keyText = ''] = ['ca.pem', 'cert', 'key'].map((name) =>
    readFileSync(file(name), 'utf8'),
  );
  made.set(curve + names, { ca: caText, cert, key: keyText });
  return { ca: caText, cert, key: keyText };
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers one HTTP request of any kind, and says nothing to a client that says nothing. */
function tlsServer({ cert, key }: Identity): Promise<number> {
  return listen(
    createServer({ cert, key }, (socket) => {
      socket.on('error', () => undefined);
      const body = '{"here":true}';
      socket.once('data', () =>
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`),
      );
    }),
  );
}

async function throughLdaps(host: string, port: number, { ca }: Identity): Promise<string> {
  const resolver = { lookup: toLoopback } as never;
  const options = { certificateAuthorities: [ca], resolver };
  const socket = await openTransport(parseServer(`ldaps://${host}:${port}`), options, 10_000);
  socket.destroy();
  return 'connected';
}

function toLoopback(_host: string, { all }: { all?: boolean }, done: (...found: unknown[]) => void): void {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
}

async function throughRetrieval(host: string, port: number, { ca }: Identity, proxyPort?: number): Promise<string> {
  const retriever = new UrlRetriever({
    retryAfter: seconds(10),
    clock: systemClock,
    logger: silentLogger,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    certificateAuthorities: [ca],
    ...(proxyPort !== undefined && { proxy: { host: '127.0.0.1', port: proxyPort, except: [] } }),
  });
  const policy = {
    allowedHosts: [host],
    allowPrivateAddresses: ['127.0.0.1'],
    schemes: ['https' as const],
    maximumSize: octets(1000),
    timeout: milliseconds(10_000),
  };
  const request = { kind: 'crl' as const, url: `https://${host}:${port}/a.crl` };
  const retrieved = await retriever.retrieve(request, policy, new AbortController().signal);
  if (retrieved.outcome !== 'retrieved') throw new Error(retrieved.problem);
  return 'connected';
}

async function throughProxy(host: string, port: number, one: Identity): Promise<string> {
  const proxy = createHttpServer();
  proxy.on('connect', (_request, socket) => {
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const side of [socket, onward]) side.on('error', () => onward.destroy());
  });
  return throughRetrieval(host, port, one, await listen(proxy));
}

async function throughService(host: string, port: number, { ca, cert, key }: Identity): Promise<string> {
  const material = { certificateChain: cert, privateKey: key, certificateAuthorities: [ca] };
  const limits = { connectTimeout: milliseconds(10_000), maximumConnections: 1, clock: systemClock };
  const connection = new ServiceConnection({ url: `https://${host}:${port}` }, material, limits);
  try {
    const { status } = await connection.post('/v1/authorize', '{}', milliseconds(10_000));
    return status === 200 ? 'connected' : `${status}`;
  } finally {
    connection.close();
  }
}

const curves = ['brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'];
const ways = [
  ['a directory', throughLdaps],
  ['a retrieval', throughRetrieval],
  ['a retrieval through a proxy', throughProxy],
  ['a remote mapping service', throughService],
] as const;

describe.each(ways)('%s with a key on a curve without a NIST name', (_name, through) => {
  it.each(curves)('is connected to when its certificate is right (%s)', async (curve) => {
    const one = identity(curve);
    expect(await through('127.0.0.1', await tlsServer(one), one)).toBe('connected');
  });

  it('is refused in plain words when its certificate is for another name', async () => {
    const one = identity('brainpoolP256r1', 'DNS:other.example');
    await expect(through('127.0.0.1', await tlsServer(one), one)).rejects.toThrow(
      /certificate is not for 127\.0\.0\.1, but for DNS:other\.example/,
    );
  });
});

describe('the name of a TLS server', () => {
  it.each([
    ['a DNS name', 'pki.example', 'DNS:pki.example', true],
    ['a DNS name in other case', 'PKI.Example', 'DNS:pki.example', true],
    ['a wildcard for one label', 'pki.ad.example', 'DNS:*.ad.example', true],
    ['a wildcard for all of a top-level domain', 'pki.example', 'DNS:*.example', false],
    ['a wildcard for a part of a label', 'pki.ad.example', 'DNS:p*.ad.example', false],
    ['a wildcard for two labels', 'a.pki.ad.example', 'DNS:*.ad.example', false],
    ['another name', 'pki.example', 'DNS:pki.example.org', false],
    ['an address', '127.0.0.1', 'IP:127.0.0.1', true],
    ['an address written as a DNS name', '127.0.0.1', 'DNS:127.0.0.1', false],
    ['the common name beside an alternative name', 'pki.example', 'IP:127.0.0.1', false],
    ['the common name of a certificate without alternative names', 'pki.example', '', true],
  ])('%s', async (_case, host, names, isRight) => {
    const one = identity('P-256', names);
    const port = await tlsServer(one);
    const socket = connectTls({ host: '127.0.0.1', port, servername: host === '127.0.0.1' ? '' : host, ca: one.ca });
    const outcome = await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('connected')).once('error', ({ message }) => resolve(message));
    });
    socket.destroy();
    if (isRight) expect(outcome).toBe('connected');
    else expect(outcome).toContain(`not for ${host}`);
  });
});
