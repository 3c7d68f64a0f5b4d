/** A gateway whose cards name an OCSP responder: who is let in, and what the audit records say of the evidence. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../support/control-client.ts';
import { type CrlServer, startCrlServer } from '../../support/crl-server.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { type OcspResponder, startOcspResponder } from '../../support/ocsp-responder.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const names = ['ada', 'bob', 'cyd'] as const;
type Name = (typeof names)[number];

let crls: CrlServer;
let pki: TestPki;
let responder: OcspResponder;
let world: LoginWorld;
let people: Readonly<Record<Name, Person>>;

beforeAll(async () => {
  crls = await startCrlServer();
  pki = await createTestPki({ crlBaseUrl: crls.baseUrl });
  crls.publish('root.crl', () => readFile(pki.files.rootCrl));
  crls.publish('issuing.crl', () => readFile(pki.files.issuingCrl));
  responder = await startOcspResponder({ authority: pki.issuing });
  const issued = await Promise.all(
    names.map(async (name) => [name, await pki.issuePerson({ name, ocspResponder: responder.url })] as const),
  );
  people = Object.fromEntries(issued) as Record<Name, Person>;
  const fingerprint = ({ der }: Person) => createHash('sha256').update(der).digest('hex');
  const { directory, files } = accountFileDirectory(
    issued.map(([name, person]) => ({ name, certificates: [fingerprint(person)] })),
  );
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      sslClientCertificates: { crlFiles: [], revocationRetrievalHosts: ['127.0.0.1'] },
    },
  });
});

afterAll(async () => {
  await world.stop();
  await responder.stop();
  await crls.stop();
  await pki.remove();
});

/** The reply to USER and the audit record of the attempt. */
async function logIn(name: Name) {
  const before = world.logins(name).length;
  const client = await ControlClient.connect(world.port);
  await client.reply();
  await client.secure({ cert: people[name].chainPem, key: people[name].privateKeyPem });
  const { code } = await client.command(`USER ${name}`);
  client.destroy();
  await expect.poll(() => world.logins(name).length).toBe(before + 1);
  return { code, record: world.logins(name).at(-1) };
}

describe('a card that names a responder', () => {
  it('logs in by its answer, which the record names with responder and age', async () => {
    await responder.know(people.ada.serialNumber);
    const { code, record } = await logIn('ada');
    expect(code).toBe(230);
    expect(record).toMatchObject({
      evidence: [
        {
          certificateSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          status: 'good',
          method: 'ocsp',
          source: `${responder.url}/`,
          responder: expect.stringContaining('issuing CA'),
          producedAt: expect.any(String),
          thisUpdate: expect.any(String),
          nextUpdate: expect.any(String),
          ageSeconds: expect.any(Number),
        },
        { status: 'good', method: 'crl', source: `${crls.baseUrl}/root.crl` },
      ],
    });
    const asked = responder.requests().length;
    expect((await logIn('ada')).code).toBe(230);
    expect(responder.requests()).toHaveLength(asked);
  });

  it('is refused when the responder says revoked, with date and reason in the record', async () => {
    await responder.know(people.bob.serialNumber, true);
    const { code, record } = await logIn('bob');
    expect(code).toBe(530);
    expect(record).toMatchObject({
      denial: { code: 'certificate-revoked', facts: { method: 'ocsp', reason: 'keyCompromise' } },
    });
  });

  it('logs in by the CRL when the responder does not know it', async () => {
    expect(await logIn('cyd')).toMatchObject({
      code: 230,
      record: { evidence: [{ method: 'crl' }, { method: 'crl' }] },
    });
  });
});
