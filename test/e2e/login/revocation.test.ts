/** Revocation lists from distribution points over HTTP: a server that serves, hangs, lies, dies; and what each does to a login. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlBehaviour, type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

type Settings = Readonly<Record<string, unknown>>;

/** The authorities of one site, their CRL server and a card: the sites of a gateway share what was retrieved, by its address. */
interface Surroundings {
  readonly crlServer: CrlServer;
  readonly pki: TestPki;
  readonly ada: Person;
}

const fromServer = { revocationRetrievalHosts: ['127.0.0.1', 'localhost'] };
const behaviours: readonly CrlBehaviour[] = ['hang', 'trickle', 'cut', 'flood', 'huge', 'redirect', 'garbage', 'fail'];
/** What is not retrieved, by the site: the rule, its settings, and the reply to USER. */
const notRetrieved = {
  'host-not-listed': ['from a host that is not listed', { revocationRetrievalHosts: ['pki.corp.example'] }, 530],
  'no-host': ['when no host is listed', {}, 530],
  'cache-only': [
    'under CertChainRevocationCheckCacheOnly',
    { ...fromServer, validationFlags: ['CertChainRevocationCheckCacheOnly'] },
    530,
  ],
  'no-check': ['under NoRevocationCheck', { ...fromServer, validationFlags: ['NoRevocationCheck'] }, 230],
} as const;

/** The settings of each site. */
const sites: Readonly<Record<string, Settings>> = {
  kept: fromServer,
  revoked: fromServer,
  ...Object.fromEntries(behaviours.map((behaviour) => [behaviour, fromServer])),
  ...Object.fromEntries(Object.entries(notRetrieved).map(([site, [, settings]]) => [site, settings])),
  running: { ...fromServer, revocationFreshnessTime: '12s' },
};

const surroundings = new Map<string, Surroundings>();
const at = (site: string) => surroundings.get(site)!;
let world: LoginWorld;

beforeAll(async () => {
  for (const site of Object.keys(sites)) surroundings.set(site, await createSurroundings());
  const certificates = [...surroundings.values()].map(({ ada }) => createHash('sha256').update(ada.der).digest('hex'));
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates }]);
  world = await startLoginWorld({
    pki: at('kept').pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: Object.fromEntries(
      Object.entries(sites).map(([site, settings]) => [
        site,
        {
          connections: site === 'running' ? { loginRecheckInterval: '1s' } : {},
          sslClientCertificates: {
            trustAnchors: [at(site).pki.files.root],
            intermediates: [at(site).pki.files.issuing],
            crlFiles: [],
            revocationUrlRetrievalTimeout: '500ms',
            ...settings,
          },
        },
      ]),
    ),
  });
});

afterAll(async () => {
  await world?.stop();
  for (const { crlServer, pki } of surroundings.values()) {
    await crlServer.stop();
    await pki.remove();
  }
});

async function createSurroundings(): Promise<Surroundings> {
  const crlServer = await startCrlServer();
  const pki = await createTestPki({ crlBaseUrl: crlServer.baseUrl });
  crlServer.publish('root.crl', () => readFile(pki.files.rootCrl));
  crlServer.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  return { crlServer, pki, ada: await pki.issuePerson({ name: 'ada' }) };
}

async function connectTo(site: string): Promise<ControlClient> {
  const { ada } = at(site);
  const client = await ControlClient.connect(world.portOf(site));
  await client.reply();
  await client.secure({ cert: ada.chainPem, key: ada.privateKeyPem });
  return client;
}

async function logIn(site: string): Promise<number> {
  const client = await connectTo(site);
  const { code } = await client.command('USER ada');
  client.destroy();
  return code;
}

/** The record of the newest of `count` logins. */
async function newestRecord(site: string, count: number) {
  const logins = () => world.logins('ada').filter((record) => record.site === site);
  await expect.poll(() => logins().length).toBe(count);
  return logins().at(-1);
}

describe('CRLs over HTTP', () => {
  it('are retrieved once, kept, and named in the record with their age', async () => {
    expect(await logIn('kept')).toBe(230);
    expect(await logIn('kept')).toBe(230);
    expect(at('kept').crlServer.requests()).toBe(2);
    expect(await newestRecord('kept', 2)).toMatchObject({
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
    const { pki, ada } = at('revoked');
    await pki.revoke([ada.serialNumber]);
    expect(await logIn('revoked')).toBe(530);
    expect(await newestRecord('revoked', 1)).toMatchObject({ denial: { code: 'certificate-revoked' } });
  });

  it.each(behaviours)(
    'from a server that misbehaves (%s) leave the status unknown, and no client is let in',
    async (behaviour) => {
      at(behaviour).crlServer.behave('issuing.crl', behaviour);
      expect(await logIn(behaviour)).toBe(530);
      expect(await newestRecord(behaviour, 1)).toMatchObject({ denial: { code: 'revocation-unknown' } });
    },
  );

  it.each(Object.entries(notRetrieved).map(([site, [rule, , code]]) => ({ site, rule, code })))(
    'are not retrieved $rule',
    async ({ site, code }) => {
      expect(await logIn(site)).toBe(code);
      expect(at(site).crlServer.requests()).toBe(0);
    },
  );
});

describe('a running session', () => {
  it('ends with 421 when its card is revoked meanwhile, and the record says why', async () => {
    const { crlServer, pki, ada } = at('running');
    const client = await connectTo('running');
    await client.logIn('ada');
    // The root’s CRL grows too old meanwhile: what is unknown above must not hide what is revoked below.
    crlServer.publish('issuing.crl', async () => {
      await pki.revoke([ada.serialNumber]);
      return readFile(pki.files.issuingCrl);
    });
    expect((await client.reply()).code).toBe(421);
    await client.gone();
    await expect
      .poll(() => world.records().find(({ event }) => event === 'refusal'))
      .toMatchObject({ accountName: 'ada', denial: { code: 'certificate-revoked' } });
  });
});
