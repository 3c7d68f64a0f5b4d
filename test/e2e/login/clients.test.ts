/** Real clients with cards and with key files, under TLS 1.2 and 1.3: each logs in, lists, uploads, downloads, and gets back what it sent. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientIdentity,
  type ClientResult,
  type ClientSession,
  cardIdentity,
  fileIdentity,
  type TlsVersion,
} from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { type LoginWorld, slapdDirectory, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { type Slapd, startSlapd } from '../../support/slapd.ts';

const keyTypes = ['RSA-2048', 'P-256', 'P-384'] as const satisfies readonly KeyType[];
const tlsVersions = ['1.2', '1.3'] as const satisfies readonly TlsVersion[];
const nameOf = (kind: 'card' | 'person', keyType: KeyType) => `${kind}-${keyType.toLowerCase()}`;

let pki: TestPki;
let slapd: Slapd;
let world: LoginWorld;
let scratch: string;
let original: string;
const identities = new Map<string, ClientIdentity>();

const tests = await cardTests('clients with cards', { engine: true, programs: ['curl'] });

beforeAll(async () => {
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-clients-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(3_000_001));
  const accounts: { uid: string; certificates: Buffer[] }[] = [];
  for (const keyType of keyTypes) {
    const card = await pki.issueCard({ name: nameOf('card', keyType), keyType });
    const person = await pki.issuePerson({ name: nameOf('person', keyType), keyType });
    identities.set(nameOf('card', keyType), cardIdentity(card));
    identities.set(nameOf('person', keyType), fileIdentity(person));
    accounts.push({ uid: nameOf('card', keyType), certificates: [card.certificateDer] });
    accounts.push({ uid: nameOf('person', keyType), certificates: [person.der] });
  }
  identities.set('unmapped', fileIdentity(await pki.issuePerson({ name: 'unmapped' })));
  const revoked = await pki.issuePerson({ name: 'revoked' });
  identities.set('revoked', fileIdentity(revoked));
  accounts.push({ uid: 'revoked', certificates: [revoked.der] });
  await pki.revoke([revoked.serialNumber]);
  slapd = await startSlapd({ accounts });
  const { directory, files } = slapdDirectory(slapd);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
  });
});

afterAll(async () => {
  await world?.stop();
  await slapd?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

type Client = (session: ClientSession) => Promise<ClientResult>;
const clients: readonly [string, Client, 'card' | 'person', readonly KeyType[]][] = [
  ['curl with the PKCS#11 engine', curl, 'card', keyTypes],
  ['basic-ftp with the OpenSSL engine', basicFtp, 'card', keyTypes],
  ['curl with a key file', curl, 'person', ['P-256']],
  ['basic-ftp with a key file', basicFtp, 'person', ['P-256']],
  ['lftp', lftp, 'person', ['RSA-2048', 'P-256']],
  ['Python ftplib', ftplib, 'person', ['RSA-2048', 'P-256']],
];

const cases = clients.flatMap(([client, run, kind, keys]) =>
  keys.flatMap((keyType) => tlsVersions.map((tls) => ({ client, run, kind, keyType, tls }))),
);

describe.each(['person', 'card'] as const)('a file comes back as it was sent by a %s', (holder) => {
  const isSkipped = holder === 'card' && tests.skip;
  it.skipIf(isSkipped).each(cases.filter(({ kind }) => kind === holder))(
    `$client, $keyType, TLS $tls${isSkipped ? tests.note : ''}`,
    async ({ run, kind, keyType, tls, client }) => {
      const user = nameOf(kind, keyType);
      const copy = join(scratch, `copy-${client.replace(/\W/g, '')}-${user}-${tls}`);
      const remote = `report-${tls}-${client.replace(/\W/g, '')}.bin`;
      const before = world.logins(user).length;
      const result = await run(
        world.session(user, identities.get(user) ?? { kind: 'none' }, tls, [
          { do: 'upload', local: original, remote },
          { do: 'list', path: '/' },
          { do: 'download', remote, local: copy },
        ]),
      );
      expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
      expect(readFileSync(copy).equals(readFileSync(original))).toBe(true);
      expect(readFileSync(join(world.files, user, remote)).equals(readFileSync(original))).toBe(true);
      expect(result.stdout).toContain(remote);
      await expect.poll(() => world.logins(user).length).toBeGreaterThan(before);
      for (const login of world.logins(user).slice(before)) {
        expect(login).toMatchObject({ outcome: 'granted', tls: { protocol: `TLSv${tls}` }, rule: 'one-to-one' });
      }
    },
  );
});

describe('a refusal is told as such, and moves nothing', () => {
  const refusals = (['revoked', 'unmapped'] as const).flatMap((user) =>
    tlsVersions.flatMap((tls) => [curl, basicFtp, lftp, ftplib].map((run) => ({ user, tls, run, client: run.name }))),
  );
  const codes = { revoked: 'certificate-revoked', unmapped: 'mapping-none' } as const;

  it.each(refusals)('$client, $user, TLS $tls', async ({ user, tls, run }) => {
    const before = world.logins(user).length;
    const result = await run(
      world.session(user, identities.get(user) ?? { kind: 'none' }, tls, [
        { do: 'upload', local: original, remote: 'never.bin' },
      ]),
    );
    expect(result.exitCode).not.toBe(0);
    expect(result.stdout + result.stderr).toContain('530');
    await expect.poll(() => world.logins(user).length).toBeGreaterThan(before);
    expect(world.logins(user).at(-1)).toMatchObject({ outcome: 'denied', denial: { code: codes[user] } });
    expect(existsSync(join(world.files, user))).toBe(false);
  });
});
