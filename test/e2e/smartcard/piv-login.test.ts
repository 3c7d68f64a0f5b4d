/** Logins with a PIV card: real clients, OpenSC, pcscd, the virtual card, and the real gateway. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import { cardTests } from '../../support/card-tests.ts';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import type { TlsVersion } from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { cardNameOf, type InsertedCard, insertCard, issuePivCard } from '../../support/pcsc.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const tests = await cardTests('a login with a PIV card in a reader', {
  reader: true,
  programs: ['curl'],
  engine: true,
});
const keyTypes = ['RSA-2048', 'P-256'] as const satisfies readonly KeyType[];
const tlsVersions = ['1.2', '1.3'] as const satisfies readonly TlsVersion[];
const clients = [
  // Tickets of TLS 1.3 serve curl once, and Node issues none on a resumed connection: every other transfer needs the card again.
  { client: 'curl with the PKCS#11 engine', run: curl, signatures: { '1.2': 1, '1.3': 2 } },
  { client: 'basic-ftp with the OpenSSL engine', run: basicFtp, signatures: { '1.2': 1, '1.3': 1 } },
];

let pki: TestPki;
let world: LoginWorld;
let scratch: string;
let original: string;
const inserted = new Map<KeyType, InsertedCard>();

beforeAll(async () => {
  if (tests.skip) return;
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-piv-login-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(3_000_001));
  const accounts: { name: string; certificates: string[] }[] = [];
  for (const keyType of keyTypes) {
    const card = await issuePivCard(pki, cardNameOf(keyType), [['9A', keyType]]);
    accounts.push({
      name: card.name,
      certificates: [createHash('sha256').update(card.certificateDer).digest('hex')],
    });
    inserted.set(keyType, await insertCard(pki, card));
  }
  const { directory, files } = accountFileDirectory(accounts);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules });
});

afterAll(async () => {
  for (const { reader } of inserted.values()) await reader.stop();
  await world?.stop();
  await pki?.remove();
  if (scratch) await rm(scratch, { recursive: true, force: true });
});

const cases = clients.flatMap((client) =>
  keyTypes.flatMap((keyType) => tlsVersions.map((tls) => ({ ...client, keyType, tls }))),
);

describe.skipIf(tests.skip)(tests.title, () => {
  it.each(cases)('$client, $keyType, TLS $tls', async ({ run, client, keyType, tls, signatures }) => {
    const card = inserted.get(keyType)!;
    const user = cardNameOf(keyType);
    const name = `${client.replace(/\W/g, '')}-${tls}`;
    const copy = join(scratch, `${user}-${name}`);
    const before = world.logins(user).length;
    await card.recorded.clear();
    const result = await run(
      world.session(user, card.identity(), tls, [
        { do: 'upload', local: original, remote: name },
        { do: 'list', path: '/' },
        { do: 'download', remote: name, local: copy },
      ]),
    );
    expect(result, `${result.stdout}\n${result.stderr}`).toMatchObject({ exitCode: 0 });
    expect(readFileSync(copy).equals(readFileSync(original))).toBe(true);
    expect(result.stdout).toContain(name);
    await expect.poll(() => world.logins(user).length).toBeGreaterThan(before);
    for (const login of world.logins(user).slice(before)) {
      expect(login).toMatchObject({ outcome: 'granted', tls: { protocol: `TLSv${tls}` }, rule: 'one-to-one' });
    }
    // One PIN and no more signatures than handshakes that could not be resumed.
    const signed = [
      { kind: 'signature-asked', slot: '9a' },
      { kind: 'signature', slot: '9a' },
    ];
    expect(await card.recorded.all()).toEqual([
      { kind: 'pin-right' },
      ...Array.from({ length: signatures[tls] }, () => signed).flat(),
    ]);
  });
});
