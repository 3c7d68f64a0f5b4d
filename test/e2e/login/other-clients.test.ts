/**
 * FTPS clients in other languages: each lists, uploads and downloads, under TLS 1.2 and 1.3, with a certificate where it can show one, with a
 * password where it cannot. Those that know IPv6 and implicit TLS, and each with an RSA key of the server. Those that are not installed are skipped, and the title says so; scripts/setup clients installs them.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientIdentity,
  type ClientResult,
  type ClientSession,
  fileIdentity,
  type TlsVersion,
} from '../../support/clients/client-session.ts';
import { clientTable, otherClientTable, type TriedClient } from '../../support/clients/client-table.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
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
  const rsa = await pki.issuing.issueServerCertificate({
    dnsNames: ['localhost'],
    ipAddresses: ['::1'],
    keyType: 'RSA-2048',
    notBefore: new Date(pki.now.getTime() - 60_000),
    notAfter: new Date(pki.now.getTime() + 86_400_000),
  });
  const passwords = {
    sslClientCertificates: { clientCertificatePolicy: 'CertAllow' },
    authentication: { mode: 'certificateOrPassword' },
    dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
  };
  const overSix = (tls: 'explicit' | 'implicit') => ({
    bindings: [{ address: '::1', port: 0, tls }],
    ssl: { serverCertificate: 'rsa.pem', serverCertificateKey: 'rsa.key' },
  });
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files: { ...files, 'rsa.pem': rsa.chainPem, 'rsa.key': rsa.privateKeyPem },
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    sites: {
      certificate: {},
      password: passwords,
      'certificate-explicit': { ...overSix('explicit') },
      'certificate-implicit': { ...overSix('implicit') },
      'password-explicit': { ...passwords, ...overSix('explicit') },
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await slapd?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

/** @param kind of the site, behind what its clients log in by */
function sessionOf(way: 'certificate' | 'password', tls: TlsVersion, kind: string): ClientSession {
  const [user, identity] =
    way === 'certificate' ? (['ada', certificate] as const) : (['bob', { kind: 'none' }] as const);
  return { ...world.session(user, identity, tls, []), port: world.portOf(`${way}${kind}`), password };
}

interface Run {
  readonly client: string;
  readonly run: (session: ClientSession) => Promise<ClientResult>;
  readonly session: ClientSession;
}

/** Sends a file there and back, and looks at what the records say of it. */
async function expectWhole({ client, run, session }: Run, remote: string): Promise<void> {
  const copy = join(scratch, remote);
  const upload = { do: 'upload', local: join(scratch, 'original'), remote } as const;
  const download = { do: 'download', remote, local: copy } as const;
  const onlyDownloads = client === 'wget';
  const steps = onlyDownloads ? [download] : [upload, { do: 'list', path: '/' } as const, download];
  // What only downloads finds what another client has left.
  if (onlyDownloads) expect(await curl({ ...session, steps: [upload] })).toMatchObject({ exitCode: 0 });
  const result = await run({ ...session, steps });
  const { user } = session;
  expect(result, `${result.stdout}\n${result.stderr}${JSON.stringify(world.logins(user).at(-1))}`).toMatchObject({
    exitCode: 0,
  });
  expect(readFileSync(copy).equals(uploaded)).toBe(true);
  expect(readFileSync(join(world.files, user, remote)).equals(uploaded)).toBe(true);
  if (!onlyDownloads) expect(result.stdout).toContain(remote);
  const outcomes = () =>
    world
      .records()
      .flatMap((record) => (record.event === 'transfer' && record.path === `/${remote}` ? [record.outcome] : []));
  await expect.poll(() => outcomes().length).toBeGreaterThan(1);
  expect(new Set(outcomes())).toEqual(new Set(['complete']));
}

const skipped = (missing: string | undefined) =>
  missing === undefined ? '' : ` (skipped: ${missing} is not installed)`;

type Client = keyof typeof otherClientTable;
const cases = Object.entries(otherClientTable).flatMap(([client, { logins, versions }]) =>
  logins.flatMap((way) => versions.map((tls) => ({ client: client as Client, way, tls }))),
);

describe.each(cases)('$client with a $way, TLS $tls', ({ client, way, tls }) => {
  const { run } = otherClients[client];
  const missing = missingOf(otherClients[client]);

  it.skipIf(missing !== undefined)(`moves files whole${skipped(missing)}`, async () => {
    await expectWhole({ client, run, session: sessionOf(way, tls, '') }, `of-${client}-${way}-${tls}.bin`);
  });
});

/** Clients that have tests of their own elsewhere are tried over IPv6 here. */
const everyClient: Readonly<Record<string, TriedClient & Pick<Run, 'run'> & { readonly missing: string | undefined }>> =
  {
    curl: { ...clientTable.curl, run: curl, missing: undefined },
    basicFtp: { ...clientTable.basicFtp, run: basicFtp, missing: undefined },
    lftp: { ...clientTable.lftp, run: lftp, missing: missingOf({ needs: { programs: ['lftp'] } }) },
    ftplib: { ...clientTable.ftplib, run: ftplib, missing: missingOf({ needs: { programs: ['python3'] } }) },
    ...Object.fromEntries(
      Object.entries(otherClientTable).map(([client, tried]) => {
        const { run, ...needs } = otherClients[client as Client];
        return [client, { ...tried, run, missing: missingOf(needs) }];
      }),
    ),
  };
const overIpv6 = Object.entries(everyClient)
  .filter(([, { ipv6 }]) => ipv6)
  .map(([client, { logins, versions, implicit, run, missing }]) => {
    const way = logins.some((login) => login === 'certificate') ? ('certificate' as const) : ('password' as const);
    return { client, way, tls: versions.at(-1) ?? '1.2', tlsBegins: implicit ? 'implicit' : 'explicit', run, missing };
  });

describe.each(overIpv6)('$client at ::1, $tlsBegins TLS, an RSA key of the server', (one) => {
  const { client, run, missing, way, tls, tlsBegins } = one;
  it.skipIf(missing !== undefined)(`moves files whole${skipped(missing)}`, async () => {
    const session = { ...sessionOf(way, tls, `-${tlsBegins}`), host: '::1', implicit: tlsBegins === 'implicit' };
    await expectWhole({ client, run, session }, `of-${client}-six.bin`);
  });
});
