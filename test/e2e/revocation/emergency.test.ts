/** What is published while evidence is valid still reaches a running gateway on SIGHUP, and an outage of its sources ends when it ends. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

let crls: CrlServer;
let pki: TestPki;
let responder: OcspResponder;

beforeAll(async () => {
  crls = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crls.baseUrl });
  crls.publish('root.crl', () => readFile(pki.files.rootCrl));
  responder = await startOcspResponder({ authority: pki.issuing });
});

afterAll(async () => {
  await responder.stop();
  await crls.stop();
  await pki.remove();
});

const minutes = (count: number) => new Date(Date.now() + count * 60_000);

async function publish(person: Person | undefined, number: bigint, thisUpdate: Date): Promise<void> {
  const revoked = person ? [{ serialNumber: person.serialNumber, revokedAt: minutes(-1) }] : [];
  crls.publish('issuing.crl', await pki.issuing.issueCrl({ revoked, number, thisUpdate, nextUpdate: minutes(10_000) }));
}

interface Running {
  readonly world: LoginWorld;
  /** The reply to USER of a session of its own. */
  readonly logIn: () => Promise<{ readonly code: number; readonly client: ControlClient }>;
}

async function withGateway(person: Person, revocation: object, test: (running: Running) => Promise<void>) {
  const certificates = [createHash('sha256').update(person.der).digest('hex')];
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates }]);
  const world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      sslClientCertificates: { crlFiles: [], revocationRetrievalHosts: ['127.0.0.1'], revocation },
      connections: { loginRecheckInterval: '1d' },
    },
  });
  const clients: ControlClient[] = [];
  const logIn = async () => {
    const client = await ControlClient.connect(world.port);
    clients.push(client);
    await client.reply();
    await client.secure({ cert: person.chainPem, key: person.privateKeyPem });
    const { code } = await client.command('USER ada');
    return { code: Number(code), client };
  };
  try {
    await test({ world, logIn });
  } finally {
    for (const client of clients) client.destroy();
    await world.stop();
  }
}

it('SIGHUP ends the session of a card that a CRL published meanwhile revokes, and no later login succeeds', async () => {
  const ada = await pki.issuePerson({ name: 'ada' });
  await publish(undefined, 1n, minutes(-60));
  await withGateway(ada, { methods: ['crl'] }, async ({ world, logIn }) => {
    const { code, client } = await logIn();
    expect(code).toBe(230);
    await publish(ada, 2n, minutes(-1));
    expect((await logIn()).code).toBe(230);
    world.gateway.signal('SIGHUP');
    expect(await client.reply()).toMatchObject({ code: 421 });
    expect((await logIn()).code).toBe(530);
    // A refusal is told to the client before its record is written.
    await expect.poll(() => world.logins('ada').at(-1)?.denial?.code).toBe('certificate-revoked');
  });
});

it('SIGHUP ends the session of a card that its responder revokes meanwhile', async () => {
  const ada = await pki.issuePerson({ name: 'ada', ocspResponder: responder.url });
  await responder.know(ada.serialNumber);
  await withGateway(ada, { methods: ['ocsp'], certificates: 'endCertificate' }, async ({ world, logIn }) => {
    const { code, client } = await logIn();
    expect(code).toBe(230);
    await responder.know(ada.serialNumber, true);
    world.gateway.signal('SIGHUP');
    expect(await client.reply()).toMatchObject({ code: 421 });
  });
});

it('an outage is logged once at each end, and the first login some seconds after it succeeds', async () => {
  const ada = await pki.issuePerson({ name: 'ada' });
  await publish(undefined, 3n, minutes(-1));
  await withGateway(ada, { methods: ['crl'] }, async ({ world, logIn }) => {
    crls.behave('issuing.crl', 'fail');
    for (const _ of [1, 2, 3]) expect((await logIn()).code).toBe(530);
    crls.behave('issuing.crl', 'serve');
    await expect.poll(async () => (await logIn()).code, { timeout: 12_000, interval: 500 }).toBe(230);
    const log = await readFile(join(world.folder, 'cardgate.log'), 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('retrieval-outage') && line.includes('issuing.crl'));
    expect(lines).toEqual([
      expect.stringContaining('retrieval-outage-began'),
      expect.stringMatching(/retrieval-outage-ended.*durationMilliseconds/),
    ]);
  });
});
