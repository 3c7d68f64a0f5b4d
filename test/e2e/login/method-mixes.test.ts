/**
 * Every mix of methods with every client: what the mix admits logs in, lists, and is recorded with its method; what it does not admit is
 * refused, at USER or behind PASS. Clients that are not installed are skipped; scripts/setup clients installs them.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthenticationMethod } from '../../../src/authorization/authentication-method.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import { type ClientResult, type ClientSession, fileIdentity } from '../../support/clients/client-session.ts';
import { clientTable, otherClientTable, type TriedClient } from '../../support/clients/client-table.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { canShow, type MethodMix, methodMixes } from '../../support/clients/method-mixes.ts';
import { netkitFtp } from '../../support/clients/netkit-ftp.ts';
import { missingOf, otherClients } from '../../support/clients/other-clients.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

/** Without a space, which netkit takes for the end of it. */
const password = 'correct-horse';
const content = 'What a client reads.\n';

let pki: TestPki;
let slapd: Slapd;
let world: LoginWorld;
let scratch: string;
let ada: Person;
beforeAll(async () => {
  pki = await createTestPki();
  // netkit takes no other key.
  ada = await pki.issuePerson({ name: 'ada', keyType: 'RSA-2048' });
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-mixes-'));
  const lines = [`userPassword: ${password}`];
  slapd = await startSlapd({
    accounts: [
      { uid: 'ada', certificates: [ada.der], lines },
      { uid: 'bob', lines },
    ],
    groups: { kiosk: ['bob'] },
  });
  const { directory, files } = slapdDirectory(slapd, { groups: { searchBase: 'ou=groups,dc=corp,dc=example' } });
  const sites = Object.entries<MethodMix>(methodMixes).map(([name, mix]) => {
    const { authentication, clientCertificatePolicy = 'CertAllow' } = mix;
    return [name, { authentication, sslClientCertificates: { clientCertificatePolicy } }] as const;
  });
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      userIsolation: { mode: 'None', createHome: false },
      firewallSupport: { activeMode: true },
      // Refusals of one client are not to close the door to the next.
      denyByFailure: { maxFailure: 1000, maxFailurePerAccount: 1000, maxFailurePerAddress: 1000 },
      dataChannelSecurity: { dataChannelBindingWithoutCertificate: 'address' },
      authorization: [
        { users: '*', permissions: ['Read'] },
        { users: '?', permissions: ['Read'] },
      ],
    },
    sites: Object.fromEntries(sites),
  });
  await writeFile(join(world.files, 'readable.txt'), content);
});
afterAll(async () => {
  await world?.stop();
  await slapd?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

interface Client extends TriedClient {
  readonly name: string;
  readonly run: (session: ClientSession) => Promise<ClientResult>;
  readonly missing: string | undefined;
}

const inProgram = (name: string) => missingOf({ needs: { programs: [name] } });

const clients: readonly Client[] = [
  { name: 'curl', ...clientTable.curl, run: curl, missing: inProgram('curl') },
  { name: 'basicFtp', ...clientTable.basicFtp, run: basicFtp, missing: undefined },
  { name: 'lftp', ...clientTable.lftp, run: lftp, missing: inProgram('lftp') },
  { name: 'ftplib', ...clientTable.ftplib, run: ftplib, missing: inProgram('python3') },
  { name: 'netkit', ...clientTable.netkit, run: netkitFtp, missing: inProgram('ftp-ssl') },
  ...Object.entries(otherClients).map(([name, { run, ...needs }]) => ({
    name,
    ...otherClientTable[name as keyof typeof otherClientTable],
    run,
    missing: missingOf(needs),
  })),
];

/** What a client that shows this is called with; its password is right where the method has one. */
const shownAs: Readonly<Record<AuthenticationMethod, { readonly user: string; readonly password: string }>> = {
  certificate: { user: 'ada', password: 'any' },
  certificateAndPassword: { user: 'ada', password },
  password: { user: 'bob', password },
  anonymous: { user: 'anonymous', password: 'guest@example.org' },
};

async function run(client: Client, mix: string, method: AuthenticationMethod): Promise<ClientResult> {
  const hasCertificate = method === 'certificate' || method === 'certificateAndPassword';
  const copy = join(scratch, `${client.name}-${mix}-${method}`);
  const download = { do: 'download', remote: 'readable.txt', local: copy } as const;
  const session = world.session(
    shownAs[method].user,
    hasCertificate ? fileIdentity(ada) : { kind: 'none' },
    client.versions.at(-1) ?? '1.2',
    [...(client.name === 'wget' ? [] : [{ do: 'list', path: '/' } as const]), download],
  );
  const result = await client.run({
    ...session,
    ...{ port: world.portOf(mix), password: shownAs[method].password, active: client.name === 'netkit' },
  });
  if (result.exitCode === 0) expect(readFileSync(copy, 'utf8')).toBe(content);
  return result;
}

/** Of one mix, oldest first. */
const loginsAt = (mix: string) =>
  world.records().flatMap((record) => (record.event === 'login' && record.site === mix ? [record] : []));

async function attempt(client: Client, mix: string, method: AuthenticationMethod | undefined) {
  if (method === undefined) throw new Error('the client can show nothing that is tried');
  const before = loginsAt(mix).length;
  const result = await run(client, mix, method);
  return { result, logins: loginsAt(mix).slice(before) };
}

const cases = Object.entries<MethodMix>(methodMixes).flatMap(([mix, { admits, refuses }]) =>
  clients.map((client) => ({
    mix,
    client,
    name: client.name,
    admitted: admits.find((method) => canShow(client, method)),
    refused: refuses?.find((method) => canShow(client, method)),
  })),
);

describe.each(cases)('$name at a site by $mix', ({ mix, client, admitted, refused }) => {
  const { missing } = client;
  const note = missing === undefined ? '' : ` (skipped: ${missing} is not installed)`;

  it.skipIf(missing !== undefined || admitted === undefined)(`logs in by ${admitted ?? 'nothing'}${note}`, async () => {
    const { result, logins } = await attempt(client, mix, admitted);
    expect(result, `${result.stdout}\n${result.stderr}${JSON.stringify(logins)}`).toMatchObject({ exitCode: 0 });
    // The record of a refusal before may come only now.
    const granted = logins.filter(({ outcome }) => outcome === 'granted');
    expect(granted.length).toBeGreaterThan(0);
    for (const login of granted) expect(login).toMatchObject({ authenticationMethod: admitted });
  });

  it.skipIf(missing !== undefined || refused === undefined)(
    `is refused by ${refused ?? 'nothing'}${note}`,
    async () => {
      const { result, logins } = await attempt(client, mix, refused);
      expect(result.exitCode).not.toBe(0);
      // Of many refusals alike the trail keeps the first and counts the rest.
      for (const login of logins) expect(login).toMatchObject({ outcome: 'denied' });
    },
  );
});
