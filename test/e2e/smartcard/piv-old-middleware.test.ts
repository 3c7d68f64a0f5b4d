/**
 * Middleware that signs PKCS #1 v1.5 and nothing else, as some cards in service do: TLS 1.3 and an unlimited TLS 1.2 want PSS of an
 * RSA key. A site that is set for such cards lets them in.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import { type ClientIdentity, cardIdentity, type TlsVersion } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { accountsHolding, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const clients = [
  { client: 'curl', run: curl },
  { client: 'basic-ftp', run: basicFtp },
];

let pki: TestPki;
let usual: LoginWorld;
let forOldCards: LoginWorld;
let scratch: string;
let original: string;
let identity: ClientIdentity;

const tests = await cardTests('a card whose middleware knows no PSS', { engine: true, programs: ['curl'] });

beforeAll(async () => {
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-old-middleware-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, 'a report');
  const card = await pki.issueCard({ name: 'ada', keyType: 'RSA-2048' });
  const softHsmConfiguration = join(scratch, 'softhsm2.conf');
  const mechanisms = 'slots.mechanisms = CKM_RSA_PKCS,CKM_RSA_PKCS_KEY_PAIR_GEN,CKM_SHA256_RSA_PKCS\n';
  await writeFile(softHsmConfiguration, (await readFile(card.softHsmConfiguration, 'utf8')) + mechanisms);
  identity = cardIdentity({ ...card, softHsmConfiguration });
  const world = {
    pki,
    ...accountsHolding({ ada: { der: card.certificateDer } }),
  };
  usual = await startLoginWorld(world);
  const ssl = { maximumVersion: 'TLSv1.2', signatureAlgorithms: 'RSA+SHA256:ECDSA+SHA256:ECDSA+SHA384' };
  forOldCards = await startLoginWorld({ ...world, site: { ssl } });
});

afterAll(async () => {
  await usual?.stop();
  await forOldCards?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

const upload = (world: LoginWorld, tls: TlsVersion, remote: string) =>
  world.session('ada', identity, tls, [
    { do: 'upload', local: original, remote },
    { do: 'download', remote, local: join(scratch, `copy-${remote}`) },
  ]);

describe.skipIf(tests.skip)(tests.title, () => {
  it.each(clients)('logs in with $client where the site is set for it', async ({ run, client }) => {
    const remote = `${client}.txt`;
    const result = await run(upload(forOldCards, '1.2', remote));
    expect(result, result.stderr).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(scratch, `copy-${remote}`))).toEqual(readFileSync(original));
    expect(forOldCards.logins('ada').at(-1)).toMatchObject({ outcome: 'granted', tls: { protocol: 'TLSv1.2' } });
  });

  const refused = clients.flatMap((client) => (['1.2', '1.3'] as const).map((tls) => ({ ...client, tls })));
  it.each(refused)(
    'does not with $client elsewhere, TLS $tls, and the record says where it ended',
    async ({ run, tls }) => {
      const before = usual.records().length;
      const result = await run(upload(usual, tls, 'never.txt'));
      expect(result, result.stderr).not.toMatchObject({ exitCode: 0 });
      const refusals = () =>
        usual
          .records()
          .slice(before)
          .filter((record) => record.event === 'refusal');
      await expect.poll(refusals).toHaveLength(1);
      expect(refusals()).toMatchObject([{ denial: { code: 'tls-handshake-failed' } }]);
      // The client knows the reason, the server only that the client gave up.
      expect(refusals()[0]!.denial.detail).toContain('alert internal error');
      expect(result.stderr).toMatch(/mechanism invalid/i);
      expect(usual.logins('ada')).toEqual([]);
      expect(existsSync(join(usual.files, 'ada'))).toBe(false);
    },
  );
});
