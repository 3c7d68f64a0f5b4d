/** Handshakes, resumption, data and endings against the TLS servers of Node. */
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex, PassThrough } from 'node:stream';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../../src/smartcard/authority/key-type.ts';
import type { CertificateRequest, ClientCredential } from '../../../../src/smartcard/tls13/client-credential.ts';
import { NoCommonSignatureScheme, ServerSpeaksOnlyTls12 } from '../../../../src/smartcard/tls13/tls-error.ts';
import { Tls13Client } from '../../../../src/smartcard/tls13/tls13-client.ts';
import type { Tls13Session } from '../../../../src/smartcard/tls13/tls13-session.ts';
import { keyFileCredential } from '../../../support/key-file-credential.ts';
import { createTestPki, type Person, type TestPki } from '../../../support/pki.ts';
import {
  believeAnybody,
  type ClientChanges,
  clientOver,
  clientTo,
  failureOf,
  portOf,
  readAll,
} from './tls-test-client.ts';

let pki: TestPki;
const people = new Map<KeyType, Person>();
const servers: Server[] = [];

const schemes = {
  'RSA-2048': 'rsa_pss_rsae_sha256',
  'P-256': 'ecdsa_secp256r1_sha256',
  'P-384': 'ecdsa_secp384r1_sha384',
  'P-521': 'ecdsa_secp521r1_sha512',
  Ed25519: 'ed25519',
} as const satisfies Partial<Record<KeyType, string>>;
const keyTypes = Object.keys(schemes) as (keyof typeof schemes)[];

beforeAll(async () => {
  pki = await createTestPki();
  for (const keyType of keyTypes) people.set(keyType, await pki.issuePerson({ name: `bob ${keyType}`, keyType }));
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

afterAll(() => pki?.remove());

/** Echoes what it gets unless `serve` says otherwise. */
async function serverPort(options: TlsOptions = {}, serve = (socket: TLSSocket) => void socket.pipe(socket)) {
  const server = createServer({ cert: pki.server.chainPem, key: pki.server.privateKeyPem, ...options }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  servers.push(server);
  return portOf(server);
}

const askingForCertificates = (): TlsOptions => ({
  ca: [pki.root.certificatePem, pki.issuing.certificatePem],
  requestCert: true,
  rejectUnauthorized: true,
});

const credentialOf = (keyType: KeyType) =>
  keyFileCredential(people.get(keyType)!.chainPem, people.get(keyType)!.privateKeyPem);

async function echoed(client: Tls13Client, octets: Buffer): Promise<Buffer> {
  client.end(octets);
  return readAll(client);
}

describe('a signature by another key', () => {
  it.each(keyTypes)('by a %s key logs in', async (keyType) => {
    const certificates: string[] = [];
    const port = await serverPort(askingForCertificates(), (socket) => {
      certificates.push(socket.getPeerX509Certificate()?.fingerprint256 ?? 'none');
      socket.pipe(socket);
    });
    const credential = credentialOf(keyType);
    const client = clientTo(port, { chooseCredential: async () => credential });
    await client.handshake();
    expect((await echoed(client, Buffer.from('hello'))).toString()).toBe('hello');
    expect(certificates).toEqual([new X509Certificate(people.get(keyType)!.der).fingerprint256]);
    expect(client).toMatchObject({ signatureScheme: schemes[keyType], sessionReused: false, protocol: 'TLSv1.3' });
    expect(client.peerCertificate).toEqual(new X509Certificate(pki.server.chainPem).raw);
    expect(credential.signatures).toBe(1);
  });

  it('is chosen with what the server wants', async () => {
    const requests: CertificateRequest[] = [];
    const choose = async (request: CertificateRequest) => {
      requests.push(request);
      return credentialOf('P-256');
    };
    const named = clientTo(await serverPort(askingForCertificates()), { chooseCredential: choose });
    await named.handshake();
    named.destroy();
    // Without `ca` Node names every authority it knows.
    const otherClient = clientTo(await serverPort({ requestCert: true, rejectUnauthorized: false, ca: [] }), {
      chooseCredential: choose,
    });
    await otherClient.handshake();
    otherClient.destroy();
    const subjects = [pki.root, pki.issuing].map(({ certificateDer }) => certificateDer);
    expect(requests.map(({ authorities }) => authorities.length)).toEqual([2, 0]);
    for (const name of requests[0]!.authorities) expect(subjects.some((der) => der.includes(name))).toBe(true);
    expect(requests[0]!.signatureSchemes).toContain(0x0804);
  });

  it('is made with the first scheme of the key that the server takes', async () => {
    const port = await serverPort({
      ...askingForCertificates(),
      sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha512',
    });
    const client = clientTo(port, { chooseCredential: async () => credentialOf('RSA-2048') });
    await client.handshake();
    expect(client.signatureScheme).toBe('rsa_pss_rsae_sha512');
    client.destroy();
  });

  it('that the server cannot take is not even asked for', async () => {
    const port = await serverPort({ ...askingForCertificates(), sigalgs: 'ecdsa_secp256r1_sha256' });
    const credential = credentialOf('RSA-2048');
    const error = await failureOf(clientTo(port, { chooseCredential: async () => credential }));
    expect(error).toBeInstanceOf(NoCommonSignatureScheme);
    expect(error).toMatchObject({
      code: 'ERR_TLS_NO_COMMON_SIGNATURE_SCHEME',
      offered: credential.signatureSchemes,
      requested: [0x0403],
    });
    expect(error.message).toContain('rsa_pss_rsae_sha256');
    expect(error.message).toContain('ecdsa_secp256r1_sha256');
    expect(credential.signatures).toBe(0);
  });

  const faultyCredentials: [string, Partial<ClientCredential>, string][] = [
    ['by another key', {}, 'ERR_TLS_CREDENTIAL_UNUSABLE'],
    ['that is garbage', { sign: async () => Buffer.from('signature') }, 'ERR_TLS_CREDENTIAL_UNUSABLE'],
    ['for no certificate', { certificateChain: [] }, 'ERR_TLS_CREDENTIAL_UNUSABLE'],
    ['for what is no certificate', { certificateChain: [Buffer.from('none')] }, 'ERR_TLS_CREDENTIAL_UNUSABLE'],
    ['of another curve', { signatureSchemes: ['ecdsa_secp384r1_sha384'] }, 'ERR_TLS_CREDENTIAL_UNUSABLE'],
    [
      'that the card refuses',
      { sign: () => Promise.reject(Object.assign(new Error('PIN wrong'), { code: 'PIN' })) },
      'PIN',
    ],
  ];
  it.each(faultyCredentials)('%s never reaches the server', async (_name, changes, code) => {
    const failures: Error[] = [];
    const port = await serverPort(askingForCertificates());
    servers.at(-1)!.on('tlsClientError', (error) => failures.push(error));
    const sound = keyFileCredential(
      people.get('P-256')!.chainPem,
      (await pki.issuePerson({ name: 'eve' })).privateKeyPem,
    );
    const credential = { ...sound, ...changes };
    expect(await failureOf(clientTo(port, { chooseCredential: async () => credential }))).toMatchObject({ code });
    await expect.poll(() => failures).toHaveLength(1);
  });

  it('is not needed by a server that only asks', async () => {
    const client = clientTo(await serverPort({ ...askingForCertificates(), rejectUnauthorized: false }));
    expect((await echoed(client, Buffer.from('hello'))).toString()).toBe('hello');
    expect(client.signatureScheme).toBeUndefined();
  });

  it('is demanded by the alert certificate_required, which comes after the handshake', async () => {
    const error = await failureOf(clientTo(await serverPort(askingForCertificates())));
    expect(error).toMatchObject({ code: 'ERR_TLS_ALERT_CERTIFICATE_REQUIRED', alert: 'certificate_required' });
    expect(error).toHaveProperty('remedy', expect.stringContaining('card'));
  });
});

describe('resumption', () => {
  async function sessionFrom(port: number, changes: ClientChanges = {}): Promise<Tls13Session> {
    const client = clientTo(port, changes);
    const [session] = await once(client, 'session');
    client.destroy();
    return session;
  }

  it('spares the signature, and the certificate is known from before', async () => {
    const reused: boolean[] = [];
    const port = await serverPort(askingForCertificates(), (socket) => {
      reused.push(socket.isSessionReused());
      socket.pipe(socket);
    });
    const credential = credentialOf('P-256');
    const chooseCredential = async () => credential;
    const session = await sessionFrom(port, { chooseCredential });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const client = clientTo(port, { session });
      expect((await echoed(client, Buffer.from('again'))).toString()).toBe('again');
      expect(client.sessionReused).toBe(true);
      expect(client.peerCertificate).toEqual(new X509Certificate(pki.server.chainPem).raw);
    }
    expect(reused).toEqual([false, true, true, true]);
    expect(credential.signatures).toBe(1);
  });

  it('that the server declines becomes a full handshake', async () => {
    const session = await sessionFrom(await serverPort());
    const client = clientTo(await serverPort(), { session });
    await client.handshake();
    expect(client.sessionReused).toBe(false);
    client.destroy();
  });

  const refusals: [string, (session: Tls13Session) => ClientChanges][] = [
    ['under another name', (session) => ({ session, serverName: 'other.example' })],
    ['under another verification', (session) => ({ session, verifyServer: () => believeAnybody() })],
    ['after its lifetime', (session) => ({ session, now: () => session.receivedAt + 1000 * session.lifetimeSeconds })],
    ['by a clock that went backwards', (session) => ({ session, now: () => session.receivedAt - 1 })],
  ];
  it.each(refusals)('%s is not offered', async (_name, changes) => {
    const reused: boolean[] = [];
    const port = await serverPort({}, (socket) => void reused.push(socket.isSessionReused()));
    const session = await sessionFrom(port);
    const client = clientTo(port, changes(session));
    await client.handshake();
    await expect.poll(() => reused).toEqual([false, false]);
    client.destroy();
  });

  it('of a session of a verified server asks for no second verification', async () => {
    const port = await serverPort();
    let verifications = 0;
    const verifyServer = () => {
      verifications += 1;
    };
    const session = await sessionFrom(port, { verifyServer });
    const client = clientTo(port, { session, verifyServer });
    await client.handshake();
    expect([client.sessionReused, verifications]).toEqual([true, 1]);
    client.destroy();
  });
});

describe('a server that the caller verifies and refuses', () => {
  it('learns nothing of the person, and the card is not asked', async () => {
    const port = await serverPort(askingForCertificates());
    const failures: (Error & { code?: string })[] = [];
    servers.at(-1)!.on('tlsClientError', (error) => failures.push(error));
    const credential = credentialOf('P-256');
    let choices = 0;
    const refusal = new Error('not this one');
    const client = clientTo(port, {
      verifyServer: () => Promise.reject(refusal),
      chooseCredential: async () => {
        choices += 1;
        return credential;
      },
    });
    client.write('USER bob\r\n');
    await expect(client.handshake()).rejects.toBe(refusal);
    await expect.poll(() => failures.map(({ code }) => code)).toEqual([expect.stringContaining('CERTIFICATE_UNKNOWN')]);
    expect([choices, credential.signatures]).toEqual([0, 0]);
  });
});

describe('an older server', () => {
  it('that knows TLS 1.2 alone is told apart', async () => {
    const error = await failureOf(clientTo(await serverPort({ maxVersion: 'TLSv1.2' })));
    expect(error).toBeInstanceOf(ServerSpeaksOnlyTls12);
  });
});

describe('data', () => {
  it('of many records comes back as it was sent, both ways at once', async () => {
    const octets = randomBytes(5_000_001);
    const client = clientTo(await serverPort());
    expect((await echoed(client, octets)).equals(octets)).toBe(true);
  });

  it('survives changes of keys, every 7 records at both ends', async () => {
    const octets = randomBytes(1_000_000);
    const client = clientTo(await serverPort(), { recordsPerKey: 7 });
    expect((await echoed(client, octets)).equals(octets)).toBe(true);
  });

  it('is not read faster than it is taken', async () => {
    const port = await serverPort({}, (socket) => void socket.end(Buffer.alloc(8_000_000)));
    const tcp = connect(port, '127.0.0.1');
    const client = clientOver(tcp);
    await client.handshake();
    await expect.poll(() => tcp.isPaused()).toBe(true);
    expect(client.readableLength).toBeLessThan(100_000);
    expect((await readAll(client)).length).toBe(8_000_000);
  });

  it('is not taken faster than it is sent', async () => {
    const client = clientTo(await serverPort({}, (socket) => void socket.pause()));
    await client.handshake();
    let written = 0;
    while (client.write(Buffer.alloc(65_536)) && written < 1000) written += 1;
    expect(written).toBeLessThan(1000);
    expect(client.writableNeedDrain).toBe(true);
    client.destroy();
  });

  it('written before the handshake waits for it', async () => {
    const client = clientTo(await serverPort());
    client.end('early');
    expect((await readAll(client)).toString()).toBe('early');
  });

  it('passes over any connection, not only TCP', async () => {
    const tcp = connect(await serverPort(), '127.0.0.1');
    const outward = new PassThrough();
    outward.pipe(tcp);
    const client = clientOver(Duplex.from({ readable: tcp.pipe(new PassThrough()), writable: outward }));
    expect((await echoed(client, Buffer.from('through'))).toString()).toBe('through');
  });
});

describe('the end', () => {
  it('of one side leaves the other open', async () => {
    const port = await serverPort({ allowHalfOpen: true } as TlsOptions, (socket) => {
      socket.on('end', () => void socket.end('after your end'));
      socket.resume();
    });
    const client = clientTo(port);
    client.end();
    expect((await readAll(client)).toString()).toBe('after your end');
  });

  it('by the client closes the server’s side too', async () => {
    const ended = Promise.withResolvers<boolean>();
    const client = clientTo(
      await serverPort({}, (socket) => void socket.on('end', () => ended.resolve(true)).resume()),
    );
    await client.handshake();
    client.destroy();
    expect(await ended.promise).toBe(true);
  });

  it('before the handshake is over is told as such', async () => {
    const client = clientTo(await serverPort());
    client.destroy();
    await expect(client.handshake()).rejects.toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CUT' });
  });
});

describe('the time of the handshake', () => {
  it('is bounded while the card is awaited, and the error says so', async () => {
    const port = await serverPort(askingForCertificates());
    const credential = { ...credentialOf('P-256'), sign: () => new Promise<Buffer>(() => undefined) };
    const client = clientTo(port, { chooseCredential: async () => credential, handshakeTimeoutMs: 200 });
    const error = await failureOf(client);
    expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
    expect(error.message).toContain('signature');
  });

  it('is bounded while the server is awaited', async () => {
    const silent = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    const error = await failureOf(clientOver(silent, { handshakeTimeoutMs: 50 }));
    expect(error.message).toContain('the server');
  });

  it('lets the server give up on a card that is too slow', async () => {
    const port = await serverPort({ ...askingForCertificates(), handshakeTimeout: 200 });
    servers.at(-1)!.on('tlsClientError', (_error, socket) => socket.destroy());
    const credential = { ...credentialOf('P-256'), sign: () => new Promise<Buffer>(() => undefined) };
    const error = await failureOf(clientTo(port, { chooseCredential: async () => credential }));
    expect(error).toMatchObject({ code: 'ERR_TLS_HANDSHAKE_CUT' });
  });
});

describe('a server name', () => {
  it.each([
    ['localhost', 'localhost'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['host.example.', 'host.example'],
    ['127.0.0.1', false],
    ['::1', false],
  ])('%s is sent as %s', async (serverName, expected) => {
    const names: unknown[] = [];
    const port = await serverPort(
      {},
      (socket) => void names.push((socket as TLSSocket & { servername: unknown }).servername),
    );
    const client = clientTo(port, { serverName });
    await client.handshake();
    await expect.poll(() => names).toEqual([expected]);
    client.destroy();
  });

  it.each(['', 'two words', 'a..b', 'line\nend', '127.1', '0x7f000001'])('%j is refused at once', (serverName) => {
    const socket = new PassThrough();
    expect(() => new Tls13Client({ socket, serverName, verifyServer: believeAnybody })).toThrow(TypeError);
  });
});
