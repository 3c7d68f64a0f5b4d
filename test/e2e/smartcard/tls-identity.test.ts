import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { tlsClientIdentity } from '../../../src/smartcard/token/tls-client-identity.ts';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientIdentity,
  type ClientSession,
  cardIdentity,
  fileIdentity,
  type TlsVersion,
} from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

/** What the server saw of one client whose certificate it verified: TLS lets no client through without a signature by its key. */
interface Seen {
  readonly sha256: string;
  readonly version: string | null;
}

const versions: readonly TlsVersion[] = ['1.2', '1.3'];
const keyTypes = ['P-256', 'P-384', 'RSA-2048'] as const;
const clients = { curl, 'basic-ftp': basicFtp, lftp, ftplib };

let pki: TestPki;
let server: Server;
let port: number;
let person: Person;
const cards = new Map<string, Card>();
const seen: Seen[] = [];

/** A server for implicit FTPS that looks at the certificate, greets, and refuses every login in the same way. */
function refuse(socket: TLSSocket): void {
  seen.push({
    sha256: socket.getPeerX509Certificate()?.fingerprint256 ?? 'none',
    version: socket.getProtocol(),
  });
  socket.on('error', () => undefined);
  socket.write('220 ready\r\n');
  socket.on('data', (data) => {
    const verb = data.toString('latin1').slice(0, 4).toUpperCase();
    socket.write(verb === 'PBSZ' || verb === 'PROT' ? '200 done\r\n' : '530 Login not permitted (TEST-0001)\r\n');
  });
}

const tests = await cardTests('a key that cannot leave its card', { engine: true, programs: ['curl'] });

beforeAll(async () => {
  pki = await createTestPki();
  for (const keyType of keyTypes) {
    cards.set(keyType, await pki.issueCard({ name: `ada-${keyType}`, keyType }));
  }
  person = await pki.issuePerson({ name: 'bob' });
  server = createServer(
    {
      cert: pki.server.chainPem,
      key: pki.server.privateKeyPem,
      ca: [pki.root.certificatePem, pki.issuing.certificatePem],
      requestCert: true,
      rejectUnauthorized: true,
    },
    refuse,
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  server.close();
  await pki.remove();
});

beforeEach(() => {
  seen.length = 0;
});

function session(identity: ClientIdentity, tls: TlsVersion): ClientSession {
  const steps = [{ do: 'list', path: '/' }] as const;
  return { port, user: 'ada', rootFile: pki.files.root, identity, tls, implicit: true, steps, timeoutMs: 20_000 };
}

const fingerprint = (certificateDer: Buffer) => new X509Certificate(certificateDer).fingerprint256;

describe.each(versions)('in TLS %s', (tls) => {
  describe.skipIf(tests.skip).each(keyTypes)(`a %s key that cannot leave its card${tests.note}`, (keyType) => {
    it.each(['curl', 'basic-ftp'] as const)('signs the handshake of %s', async (name) => {
      const card = cards.get(keyType)!;
      const result = await clients[name](session(cardIdentity(card), tls));
      expect(result.stderr).toContain('530');
      expect(result.exitCode).not.toBe(0);
      expect(seen).toEqual([{ sha256: fingerprint(card.certificateDer), version: `TLSv${tls}` }]);
    });
  });

  it.each(Object.keys(clients) as (keyof typeof clients)[])('%s uses a key in a file', async (name) => {
    const result = await clients[name](session(fileIdentity(person), tls));
    expect(result.stderr + result.stdout).toContain('530');
    expect(result.exitCode).not.toBe(0);
    expect(seen[0]).toEqual({ sha256: fingerprint(person.der), version: `TLSv${tls}` });
  });
});

describe.skipIf(tests.skip)(`a card${tests.note}`, () => {
  it('is used by the command line that "card create" prints, with the PIN read from its file', async () => {
    const card = cards.get('P-256')!;
    const words = [
      ...['--silent', '--show-error', '--ssl-reqd', '--cacert', pki.files.root, '--engine', 'pkcs11'],
      ...['--cert-type', 'ENG', '--cert', `${card.uri};type=cert`],
      ...['--key-type', 'ENG', '--key', `${card.uri};type=private?pin-source=file:${card.pinFile}`],
      ...['--user', 'ada:', `ftps://localhost:${port}/`],
    ];
    const env = { SOFTHSM2_CONF: card.softHsmConfiguration, PKCS11_MODULE_PATH: card.module };
    expect((await runClient('curl', words, { env })).stderr).toContain('530');
    expect(seen).toMatchObject([{ sha256: fingerprint(card.certificateDer) }]);
  });

  it.each(['curl', 'basic-ftp'] as const)('with a wrong PIN lets %s not even begin', async (name) => {
    const result = await clients[name](session(cardIdentity(cards.get('P-256')!, '00000000'), '1.3'));
    expect(result).toMatchObject({ timedOut: false });
    expect(result.exitCode).not.toBe(0);
    expect(seen).toEqual([]);
  });

  it('that lies in another place is not found, and the error says so', () => {
    const card = cards.get('P-256')!;
    const options = {
      uri: card.uri,
      pin: '1234',
      certificateChain: readFileSync(card.chainFile, 'utf8'),
    };
    const without = () => tlsClientIdentity({ ...options, module: card.module, engineDirectories: ['/nonexistent'] });
    expect(without).toThrow('The OpenSSL engine pkcs11 is not installed');
    expect(() => tlsClientIdentity({ ...options, module: '/nonexistent.so' })).toThrow('no PKCS#11 module');
  });
});

describe('a client', () => {
  it('without a certificate is not let in', async () => {
    const result = await curl(session({ kind: 'none' }, '1.3'));
    expect(result.exitCode).not.toBe(0);
    expect(seen).toEqual([]);
  });

  it('that does not end is ended', async () => {
    const silent = createServer({ cert: pki.server.chainPem, key: pki.server.privateKeyPem }, (socket) => {
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const quiet = {
      ...session({ kind: 'none' }, '1.3'),
      port: (silent.address() as AddressInfo).port,
      timeoutMs: 1000,
    };
    expect(await curl(quiet)).toMatchObject({ timedOut: true, exitCode: null });
    silent.close();
  });
});
