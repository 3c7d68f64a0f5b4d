/** Revocation lists from distribution points over HTTP: a server that serves, hangs, lies, dies; and what each does to a login. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlBehaviour, type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let crlServer: CrlServer;
let pki: TestPki;
let ada: Person;
let world: LoginWorld | undefined;

beforeEach(async () => {
  crlServer = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crlServer.baseUrl });
  crlServer.publish('root.crl', () => readFile(pki.files.rootCrl));
  crlServer.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  ada = await pki.issuePerson({ name: 'ada' });
});

afterEach(async () => {
  await world?.stop();
  await crlServer.stop();
  await pki.remove();
});

async function start(
  settings: Readonly<Record<string, unknown>>,
  connections: Readonly<Record<string, unknown>> = {},
): Promise<LoginWorld> {
  const { directory, files } = accountFileDirectory([
    { name: 'ada', certificates: [createHash('sha256').update(ada.der).digest('hex')] },
  ]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: { connections, sslClientCertificates: { crlFiles: [], revocationUrlRetrievalTimeout: '500ms', ...settings } },
  });
  return world;
}

async function logIn({ port }: LoginWorld): Promise<number> {
  const client = await ControlClient.connect(port);
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  const { code } = await client.command('USER ada');
  client.destroy();
  return code;
}

/** The record of the newest of `count` logins. */
async function newestRecord({ logins }: LoginWorld, count: number) {
  await expect.poll(() => logins('ada').length).toBe(count);
  return logins('ada').at(-1);
}

const fromServer = { revocationRetrievalHosts: ['127.0.0.1', 'localhost'] };

describe('CRLs over HTTP', () => {
  it('are retrieved once, kept, and named in the record with their age', async () => {
    const site = await start(fromServer);
    expect(await logIn(site)).toBe(230);
    expect(await logIn(site)).toBe(230);
    expect(crlServer.requests()).toBe(2);
    expect(await newestRecord(site, 2)).toMatchObject({
      evidence: [
        {
          status: 'good',
          method: 'crl',
          source: expect.stringContaining('/issuing.crl'),
          ageSeconds: expect.any(Number),
        },
        { status: 'good', method: 'crl', source: expect.stringContaining('/root.crl') },
      ],
    });
  });

  it('say that a card is revoked', async () => {
    await pki.revoke([ada.serialNumber]);
    const site = await start(fromServer);
    expect(await logIn(site)).toBe(530);
    expect(await newestRecord(site, 1)).toMatchObject({ denial: { code: 'certificate-revoked' } });
  });

  it.each<CrlBehaviour>(['hang', 'trickle', 'cut', 'flood', 'huge', 'redirect', 'garbage', 'fail'])(
    'from a server that misbehaves (%s) leave the status unknown, and no client is let in',
    async (behaviour) => {
      crlServer.behave('issuing.crl', behaviour);
      const site = await start(fromServer);
      expect(await logIn(site)).toBe(530);
      expect(await newestRecord(site, 1)).toMatchObject({ denial: { code: 'revocation-unknown' } });
    },
  );

  it.each<[string, Readonly<Record<string, unknown>>, number, number]>([
    ['are not retrieved from a host that is not listed', { revocationRetrievalHosts: ['pki.corp.example'] }, 530, 0],
    ['are not retrieved when no host is listed', {}, 530, 0],
    [
      'are not retrieved under CertChainRevocationCheckCacheOnly',
      { ...fromServer, validationFlags: ['CertChainRevocationCheckCacheOnly'] },
      530,
      0,
    ],
    ['are not asked for under NoRevocationCheck', { ...fromServer, validationFlags: ['NoRevocationCheck'] }, 230, 0],
  ])('%s', async (_rule, settings, code, requests) => {
    const site = await start(settings);
    expect(await logIn(site)).toBe(code);
    expect(crlServer.requests()).toBe(requests);
  });
});

describe('a running session', () => {
  it('ends with 421 when its card is revoked meanwhile, and the record says why', async () => {
    const site = await start({ ...fromServer, revocationFreshnessTime: '12s' }, { loginRecheckInterval: '1s' });
    const client = await ControlClient.connect(site.port);
    await client.reply();
    await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
    await client.logIn('ada');
    // The root’s CRL grows too old meanwhile: what is unknown above must not hide what is revoked below.
    crlServer.publish('issuing.crl', async () => {
      await pki.revoke([ada.serialNumber]);
      return readFile(pki.files.issuingCrl);
    });
    expect((await client.reply()).code).toBe(421);
    await client.gone();
    await expect
      .poll(() => site.records().find(({ event }) => event === 'refusal'))
      .toMatchObject({ accountName: 'ada', denial: { code: 'certificate-revoked' } });
  });
});
