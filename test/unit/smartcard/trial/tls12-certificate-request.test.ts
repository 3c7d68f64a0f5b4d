/** The CertificateRequest of TLS 1.2, read on its way to Node's TLS: whole, in pieces, absent, and made up by an enemy. */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { connect, createServer, type Server, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeCertificatePem } from '../../../../src/pki/encoding/pem.ts';
import { namesText } from '../../../../src/smartcard/trial/known-issuers.ts';
import { observeCertificateRequest } from '../../../../src/smartcard/trial/tls12-certificate-request.ts';
import { createTestPki, type TestPki } from '../../../support/pki.ts';

let pki: TestPki;
const servers: Server[] = [];

beforeAll(async () => {
  pki = await createTestPki();
});
afterAll(async () => {
  for (const server of servers) server.close();
  await pki?.remove();
});

async function start(options: TlsOptions): Promise<number> {
  const server = createServer({ cert: pki.server.chainPem, key: pki.server.privateKeyPem, ...options }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** A stream that hands on what comes in pieces of one octet. */
function inPieces(socket: Duplex): Duplex {
  const incoming = new PassThrough();
  socket.on('data', (chunk: Buffer) => {
    for (const octet of chunk) incoming.write(Buffer.of(octet));
  });
  socket.once('end', () => incoming.end());
  return Duplex.from({ readable: incoming, writable: socket });
}

async function handshake(port: number, wrap: (socket: Duplex) => Duplex = (socket) => socket) {
  const observed = observeCertificateRequest(wrap(connectTcp(port, '127.0.0.1')));
  const tls = connect({
    socket: observed.stream,
    servername: 'localhost',
    maxVersion: 'TLSv1.2',
    ca: pki.root.certificatePem,
  });
  let text = '';
  for await (const chunk of tls) text += String(chunk);
  return { text, request: observed.request(), serverChain: observed.serverChain() };
}

describe('a TLS 1.2 server', () => {
  it.each<[string, (socket: Duplex) => Duplex]>([
    ['whole', (socket) => socket],
    ['octet by octet', inPieces],
  ])('is heard naming authorities and signatures, and the connection goes on (%s)', async (_, wrap) => {
    const ca = [pki.root.certificatePem, pki.issuing.certificatePem];
    const port = await start({ requestCert: true, rejectUnauthorized: false, ca, sigalgs: 'RSA+SHA256:ECDSA+SHA384' });
    const { text, request, serverChain } = await handshake(port, wrap);
    expect(text).toBe('hello');
    expect(serverChain.map(encodeCertificatePem).join('')).toBe(pki.server.chainPem);
    expect(request?.signatureSchemes).toEqual([0x0401, 0x0503]);
    expect(namesText(request?.authorities ?? [])).toEqual([
      'CN=cardgate trial root CA,O=cardgate trial',
      'CN=cardgate trial issuing CA,O=cardgate trial',
    ]);
  });

  it('that wants no certificate says nothing', async () => {
    const { text, request } = await handshake(await start({}));
    expect({ text, request }).toEqual({ text: 'hello', request: undefined });
  });
});

describe('octets that are no handshake', () => {
  const record = (type: number, content: Buffer) =>
    Buffer.concat([Buffer.of(type, 3, 3, content.length >> 8, content.length & 255), content]);

  function observe(octets: Buffer) {
    const socket = new PassThrough();
    const observed = observeCertificateRequest(socket);
    observed.stream.on('error', () => undefined).resume();
    socket.write(octets);
    return observed;
  }

  it.each<[string, Buffer]>([
    ['noise', randomBytes(10_000)],
    [
      'a request behind the end of the clear handshake',
      Buffer.concat([record(20, Buffer.of(1)), record(22, Buffer.from('0d000006014000000000', 'hex'))]),
    ],
    ['a message without end', record(22, Buffer.from('0dffffff', 'hex'))],
  ])('are handed on and hold no request: %s', async (_, octets) => {
    const observed = observe(octets);
    await new Promise((resolve) => setImmediate(resolve));
    expect(observed.request()).toBeUndefined();
  });

  it('that break the request off end the connection, not the process', async () => {
    const observed = observe(record(22, Buffer.from('0d0000020140', 'hex')));
    await expect.poll(() => observed.stream.destroyed).toBe(true);
  });
});
