/**
 * FTPS clients in other languages: each lists, uploads and downloads, under TLS 1.2 and 1.3, with a certificate where it can show one, with a
 * password where it cannot. Those that are not installed are skipped, and the title says so; scripts/setup clients installs them.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientIdentity, fileIdentity } from '../../support/clients/client-session.ts';
import { otherClientTable } from '../../support/clients/client-table.ts';
import { missingOf, otherClients } from '../../support/clients/other-clients.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const password = 'correct horse';
const uploaded = randomBytes(1_000_003);

let pki: TestPki;
let slapd: Slapd;
let world: LoginWorld;
let scratch: string;
let certificate: ClientIdentity;
beforeAll(async () => {
  pki = await createTestPki();
  const ada = await pki.issuePerson({ name: 'ada' });
  certificate = fileIdentity(ada);
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-other-clients-'));
  await writeFile(join(scratch, 'original'), uploaded);
  const lines = [`userPassword: ${password}`];
  slapd = await startSlapd({
    accounts: [
      { uid: 'ada', certificates: [ada.der], lines },
      { uid: 'bob', lines },
    ],
  });
  const { directory, files } = slapdDirectory(slapd);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: {
      cards: {},
      passwords: {
        sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
        authentication: { mode: 'certificateOrPassword' },
        dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
      },
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await slapd?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

type Client = keyof typeof otherClientTable;
const cases = Object.entries(otherClientTable).flatMap(([client, { logins, versions }]) =>
  logins.flatMap((way) => versions.map((tls) => ({ client: client as Client, way, tls }))),
);

describe.each(cases)('$client with a $way, TLS $tls', ({ client, way, tls }) => {
  const { run } = otherClients[client];
  const missing = missingOf(otherClients[client]);
  const user = way === 'certificate' ? 'ada' : 'bob';
  const session = () => ({
    ...world.session(user, way === 'certificate' ? certificate : { kind: 'none' }, tls, []),
    port: world.portOf(way === 'certificate' ? 'cards' : 'passwords'),
    password,
  });

  it.skipIf(missing !== undefined)(
    `moves files whole${missing === undefined ? '' : ` (skipped: ${missing} is not installed)`}`,
    async () => {
      const remote = `of-${client}-${way}-${tls}.bin`;
      const copy = join(scratch, remote);
      const upload = { do: 'upload', local: join(scratch, 'original'), remote } as const;
      const download = { do: 'download', remote, local: copy } as const;
      const steps = client === 'wget' ? [download] : [upload, { do: 'list', path: '/' } as const, download];
      // What only downloads finds what another client has left.
      if (client === 'wget') {
        const { curl } = await import('../../support/clients/curl.ts');
        expect(await curl({ ...session(), steps: [upload] })).toMatchObject({ exitCode: 0 });
      }
      const result = await run({ ...session(), steps });
      expect(result, `${result.stdout}\n${result.stderr}${JSON.stringify(world.logins(user).at(-1))}`).toMatchObject({
        exitCode: 0,
      });
      expect(readFileSync(copy).equals(uploaded)).toBe(true);
      expect(readFileSync(join(world.files, user, remote)).equals(uploaded)).toBe(true);
      if (client !== 'wget') expect(result.stdout).toContain(remote);
      const outcomes = () =>
        world
          .records()
          .flatMap((record) => (record.event === 'transfer' && record.path === `/${remote}` ? [record.outcome] : []));
      await expect.poll(() => outcomes().length).toBeGreaterThan(1);
      expect(new Set(outcomes())).toEqual(new Set(['complete']));
    },
  );
});
