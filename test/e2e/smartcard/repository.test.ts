/** The repository of a card directory, asked by OpenSSL: CRLs, CA certificates and OCSP where the certificates say they are. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthoritiesCommand } from '../../../src/smartcard/authority/authority-commands.ts';
import { type RepositoryServer, startRepositoryServer } from '../../../src/smartcard/authority/repository-server.ts';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { revokeCardCommand } from '../../../src/smartcard/card/card-commands.ts';
import { openCardDirectory } from '../../../src/smartcard/card/card-directory.ts';
import { issueCard } from '../../../src/smartcard/card/card-issuing.ts';
import { readCardProfile } from '../../../src/smartcard/card/card-profile-file.ts';
import { freePort } from '../../support/free-ports.ts';

const run = promisify(execFile);
const clock = { now: () => new Date() };
const directory = mkdtempSync(join(tmpdir(), 'cardgate-repository-'));
const authority = (name: string) => join(directory, 'ca', name, 'certificate.pem');

let server: RepositoryServer;
let good: Card;
let revoked: Card;

async function make(name: string): Promise<Card> {
  const place = await openCardDirectory(directory, clock);
  return (await issueCard(place, { name, profile: await readCardProfile('logon'), person: {} })).card;
}

beforeAll(async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await createAuthoritiesCommand({ directory, clock, intermediates: 2, repositoryUrl: url });
  [good, revoked] = [await make('good'), await make('revoked')];
  await revokeCardCommand({ directory, name: 'revoked', clock });
  server = await startRepositoryServer({ directory, url, clock });
});

afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true });
});

const fetched = async (path: string) => {
  const response = await fetch(`${server.url}${path}`);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: Buffer.from(await response.arrayBuffer()),
  };
};

/** The answer of `openssl ocsp`, which verifies signature and responder itself. */
async function status(certificateFile: string, issuer = authority('issuing'), more: readonly string[] = []) {
  const chain = ['-CAfile', authority('root'), '-verify_other', authority('issuing'), '-no_nonce'];
  const args = ['ocsp', '-issuer', issuer, '-cert', certificateFile, '-url', `${server.url}/ocsp`, ...chain, ...more];
  writeFileSync(
    join(directory, 'bundle.pem'),
    ['root', 'intermediate-1', 'intermediate-2', 'issuing']
      .map((name) => readFileSync(authority(name), 'utf8'))
      .join(''),
  );
  args[args.indexOf('-CAfile') + 1] = join(directory, 'bundle.pem');
  const { stdout, stderr } = await run('openssl', args);
  return stdout + stderr;
}

describe('a certificate from a directory with a repository', () => {
  it('has four authorities above it, one under the other', () => {
    const chain = ['root', 'intermediate-1', 'intermediate-2', 'issuing'].map(
      (name) => new X509Certificate(readFileSync(authority(name))),
    );
    chain.push(new X509Certificate(good.certificateDer));
    for (const [index, certificate] of chain.entries()) {
      expect(certificate.checkIssued(chain[Math.max(0, index - 1)]!)).toBe(true);
      expect(certificate.verify(chain[Math.max(0, index - 1)]!.publicKey)).toBe(true);
    }
  });

  it('names the places, and the repository answers there', async () => {
    const { infoAccess = '' } = new X509Certificate(good.certificateDer);
    expect(infoAccess).toContain(`OCSP - URI:${server.url}/ocsp`);
    expect(infoAccess).toContain(`CA Issuers - URI:${server.url}/issuing.cer`);
    const { body, type } = await fetched('/issuing.cer');
    expect(type).toBe('application/pkix-cert');
    expect(body.equals(new X509Certificate(readFileSync(authority('issuing'))).raw)).toBe(true);
    expect(await fetched('/issuing.crl')).toMatchObject({ status: 200, type: 'application/pkix-crl' });
    const { stdout } = await run('openssl', ['x509', '-in', good.certificateFile, '-noout', '-text']);
    expect(stdout).toContain(`URI:${server.url}/issuing.crl`);
  });
});

describe('OCSP, verified by OpenSSL', () => {
  it('says good of a certificate that was issued', async () => {
    expect(await status(good.certificateFile)).toMatch(
      /Response verify OK[\s\S]*: good|: good[\s\S]*Response verify OK/,
    );
  });

  it('says revoked, since when and why', async () => {
    const text = await status(revoked.certificateFile);
    expect(text).toContain('Response verify OK');
    expect(text).toMatch(/: revoked[\s\S]*Reason: keyCompromise[\s\S]*Revocation Time/);
  });

  it('says revoked as soon as a card is revoked while it runs', async () => {
    const late = await make('late');
    expect(await status(late.certificateFile)).toContain(': good');
    await revokeCardCommand({ directory, name: 'late', clock, reason: 'certificateHold' });
    expect(await status(late.certificateFile)).toMatch(/: revoked[\s\S]*certificateHold/);
  });

  it('does not know a serial number that was never issued', async () => {
    const args = ['ocsp', '-issuer', authority('issuing'), '-serial', '0x1234', '-noverify', '-no_nonce'];
    const { stdout } = await run('openssl', [...args, '-url', `${server.url}/ocsp`]);
    expect(stdout).toContain('0x1234: unknown');
  });

  it('gives the nonce back', async () => {
    const chain = [
      '-issuer',
      authority('issuing'),
      '-cert',
      good.certificateFile,
      '-CAfile',
      join(directory, 'bundle.pem'),
    ];
    const { stderr } = await run('openssl', ['ocsp', '-url', `${server.url}/ocsp`, '-nonce', ...chain]);
    expect(stderr).toContain('Response verify OK');
    expect(stderr).not.toContain('no nonce');
  });

  it.each([
    [
      'an authority it does not have',
      async () => ['-issuer', good.certificateFile, '-cert', good.certificateFile],
      'unauthorized',
    ],
  ])('answers a question about %s with an error', async (_rule, words, error) => {
    const work = run('openssl', ['ocsp', ...(await words()), '-url', `${server.url}/ocsp`, '-noverify']);
    const { stdout, stderr } = await work.catch((reason: { stdout: string; stderr: string }) => reason);
    expect(stdout + stderr).toContain(error);
  });
});

describe('octets that are no request', () => {
  const ocspError = async (body: Buffer) => {
    const response = await fetch(`${server.url}/ocsp`, { method: 'POST', body: new Uint8Array(body) });
    return Buffer.from(await response.arrayBuffer()).toString('hex');
  };

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('GET / HTTP/1.0')],
    ['more than a request ever has', Buffer.alloc(100_000, 0x30)],
    ['a sequence without end', Buffer.from('3080', 'hex')],
  ])('%s: malformedRequest', async (_rule, body) => {
    expect(await ocspError(body)).toBe('30030a0101');
  });

  it.each(['/', '/../private-key.pem', '/root.pem', '/missing.crl', '/issuing.crl/x'])(
    '%s is not found',
    async (path) => {
      expect((await fetched(path)).status).toBe(404);
    },
  );
});

it.each([
  ['https', 'https://127.0.0.1:1'],
  ['another machine', 'http://192.0.2.1:1'],
  ['every address', 'http://0.0.0.0:1'],
  ['a path', 'http://127.0.0.1:1/ca'],
  ['no URL', '127.0.0.1:1'],
])('a repository is not served at %s', async (_rule, url) => {
  await expect(startRepositoryServer({ directory, url, clock })).rejects.toMatchObject({ name: 'CardError' });
});
