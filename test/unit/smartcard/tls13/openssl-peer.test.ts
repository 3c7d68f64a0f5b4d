/** What Node's servers cannot be made to do, done by `openssl s_server`: HelloRetryRequest, cookies, KeyUpdate, record sizes, every suite and group. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tls13Client } from '../../../../src/smartcard/tls13/tls13-client.ts';
import type { Tls13Session } from '../../../../src/smartcard/tls13/tls13-session.ts';
import { freePort } from '../../../support/free-ports.ts';
import { keyFileCredential } from '../../../support/key-file-credential.ts';
import { createTestPki, type Person, type TestPki } from '../../../support/pki.ts';
import { clientTo, failureOf, readAll } from './tls-test-client.ts';

let pki: TestPki;
let person: Person;
let folder: string;
const children: ChildProcessWithoutNullStreams[] = [];

const fileLength = 300_000;

beforeAll(async () => {
  pki = await createTestPki();
  person = await pki.issuePerson({ name: 'bob' });
  folder = await mkdtemp(join(tmpdir(), 'cardgate-openssl-'));
  await writeFile(join(folder, 'file.bin'), Buffer.alloc(fileLength, 'cardgate'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

afterAll(async () => {
  await pki?.remove();
  await rm(folder, { recursive: true, force: true });
});

interface OpensslServer {
  readonly port: number;
  printed(): string;
  type(line: string): void;
}

async function opensslServer(...options: string[]): Promise<OpensslServer> {
  const port = await freePort();
  const identity = ['-cert', pki.files.serverChain, '-cert_chain', pki.files.serverChain, '-key', pki.files.serverKey];
  // Line by line, since a pipe is written to in large blocks only.
  const command = ['--pdeathsig', 'TERM', 'stdbuf', '-oL', 'openssl', 's_server', '-accept', `127.0.0.1:${port}`];
  const child = spawn('setpriv', [...command, '-tls1_3', ...identity, ...options], { cwd: folder });
  children.push(child);
  let printed = '';
  const accepting = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (octets: Buffer) => {
      printed += octets.toString('latin1');
      if (printed.includes('ACCEPT')) accepting.resolve();
    });
  }
  child.once('exit', () => accepting.reject(new Error(`s_server ended:\n${printed}`)));
  await accepting.promise;
  return { port, printed: () => printed, type: (line) => void child.stdin.write(`${line}\n`) };
}

/** The line that a server with `-rev` sends back. */
async function reversed(client: Tls13Client, line: string): Promise<string> {
  client.write(`${line}\n`);
  const [octets] = await once(client, 'data');
  return octets.toString().trimEnd();
}

const suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const;
const groups = ['X25519', 'P-256', 'P-384'] as const;
const cases = suites.flatMap((suite) => groups.map((group) => ({ suite, group })));

describe('every suite with every group', () => {
  it.each(cases)('$suite, $group', async ({ suite, group }) => {
    const certificates = ['-Verify', '2', '-CAfile', pki.files.root, '-verify_return_error'];
    const server = await opensslServer('-rev', '-ciphersuites', suite, '-groups', group, ...certificates);
    const credential = keyFileCredential(person.chainPem, person.privateKeyPem);
    const client = clientTo(server.port, { chooseCredential: async () => credential });
    expect(await reversed(client, 'cardgate')).toBe('etagdrac');
    expect(client.cipherSuite).toBe(suite);
    client.destroy();
  });
});

describe('a HelloRetryRequest', () => {
  const retrying: [string, string[]][] = [
    ['for a group', ['-groups', 'P-384']],
    ['for a cookie', ['-stateless']],
    ['for both', ['-stateless', '-groups', 'P-384']],
  ];
  it.each(retrying)('%s is followed, by a full handshake and by a resumption', async (_name, options) => {
    const server = await opensslServer('-rev', ...options);
    const first = clientTo(server.port);
    const sessionOf = once(first, 'session');
    expect(await reversed(first, 'first')).toBe('tsrif');
    const [session]: Tls13Session[] = await sessionOf;
    first.destroy();
    const second = clientTo(server.port, { session });
    expect(await reversed(second, 'second')).toBe('dnoces');
    expect([first.sessionReused, second.sessionReused]).toEqual([false, true]);
    second.destroy();
  });

  it('for a suite of another hash drops the session', async () => {
    const before = await opensslServer('-rev', '-ciphersuites', 'TLS_AES_128_GCM_SHA256');
    const first = clientTo(before.port);
    const [session]: Tls13Session[] = await once(first, 'session');
    first.destroy();
    const after = await opensslServer('-rev', '-ciphersuites', 'TLS_AES_256_GCM_SHA384', '-groups', 'P-384');
    const second = clientTo(after.port, { session });
    expect(await reversed(second, 'second')).toBe('dnoces');
    expect(second.sessionReused).toBe(false);
    second.destroy();
  });

  it('is not enough when no group is common', async () => {
    const server = await opensslServer('-rev', '-groups', 'X448');
    expect(await failureOf(clientTo(server.port))).toMatchObject({ alert: expect.any(String) });
  });
});

describe('a KeyUpdate', () => {
  it.each([
    ['asked for and answered', 'K'],
    ['of the server alone', 'k'],
  ])('%s leaves both directions readable', async (_name, command) => {
    const server = await opensslServer();
    const client = clientTo(server.port);
    let received = '';
    client.on('data', (octets: Buffer) => {
      received += octets.toString();
    });
    await client.handshake();
    for (const round of [1, 2, 3]) {
      // s_server takes what it reads at one time for one command.
      server.type(command);
      await expect.poll(() => server.printed().split('SSL_do_handshake -> 1').length - 1).toBe(round);
      server.type(`down ${round}`);
      await expect.poll(() => received).toContain(`down ${round}`);
      client.write(`up ${round}\n`);
      await expect.poll(server.printed).toContain(`up ${round}`);
    }
    client.destroy();
  });

  it('by the client alone leaves both directions readable', async () => {
    const server = await opensslServer('-rev');
    const client = clientTo(server.port, { recordsPerKey: 1 });
    for (const word of ['one', 'two', 'six']) expect(await reversed(client, word)).toBe([...word].reverse().join(''));
    client.destroy();
  });
});

describe('records', () => {
  it.each(['512', '1000', '16384'])('of %s octets at most are put together', async (length) => {
    const server = await opensslServer('-WWW', '-max_send_frag', length);
    const client = clientTo(server.port);
    client.write('GET /file.bin HTTP/1.0\r\n\r\n');
    const answer = await readAll(client);
    expect(answer.subarray(answer.indexOf('\r\n\r\n') + 4)).toEqual(Buffer.alloc(fileLength, 'cardgate'));
  });
});

describe('tickets', () => {
  it.each([
    [0, 0],
    [2, 2],
    [9, 4],
  ])('%i of them leave %i sessions', async (sent, kept) => {
    const server = await opensslServer('-rev', '-num_tickets', String(sent));
    const client = clientTo(server.port);
    let offered = 0;
    client.on('session', () => {
      offered += 1;
    });
    await reversed(client, 'ready');
    expect([offered, client.sessions.length]).toEqual([sent, kept]);
    client.destroy();
  });
});
