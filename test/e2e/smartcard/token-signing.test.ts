/** How often a card is asked in one FTPS session of a client on the OpenSSL engine: once for its PIN, once for a signature. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Card } from '../../../src/smartcard/card/card.ts';
import { cardTests } from '../../support/card-tests.ts';
import { type ClientStep, cardIdentity, type TlsVersion } from '../../support/clients/client-session.ts';
import { runClient } from '../../support/clients/run-client.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { spied, spyModule } from '../../support/pkcs11-spy.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';
import { softHsmModule } from '../command-line/try-card-trial.ts';

const keyTypes = ['RSA-2048', 'P-256', 'P-384'] as const;
const client = fileURLToPath(new URL('../../support/clients/basic-ftp-client.ts', import.meta.url));

let pki: TestPki;
let world: LoginWorld;
const cards = new Map<string, Card>();

const tests = await cardTests('a session that the spy counts', { engine: true });

beforeAll(async () => {
  pki = await createTestPki();
  for (const keyType of keyTypes) cards.set(keyType, await pki.issueCard({ name: `ada-${keyType}`, keyType }));
  const certificates = [...cards.values()].map((card) =>
    createHash('sha256').update(card.certificateDer).digest('hex'),
  );
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates }]);
  const rules = 'rules:\n  - { name: one-to-one, map: certificate }\n';
  world = await startLoginWorld({ pki, directories: [directory], files, rules });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

async function session(card: Card, tls: TlsVersion, steps: readonly ClientStep[], pin?: string) {
  const log = join(pki.directory, `spy-${randomBytes(4).toString('hex')}.log`);
  const identity = cardIdentity({ ...card, module: spyModule }, pin);
  const result = await runClient(process.execPath, [client], {
    input: JSON.stringify(world.session('ada', identity, tls, steps)),
    env: { PKCS11SPY: softHsmModule, PKCS11SPY_OUTPUT: log },
  });
  return { ...result, ...spied(log) };
}

describe.skipIf(tests.skip).each(['1.2', '1.3'] as const)(`an FTPS session over TLS %s${tests.note}`, (tls) => {
  it.each(keyTypes)('with three transfers costs a %s card one login and one signature', async (keyType) => {
    const local = join(pki.directory, 'sent');
    const back = join(pki.directory, 'received');
    writeFileSync(local, randomBytes(100_000));
    const result = await session(cards.get(keyType)!, tls, [
      { do: 'upload', local, remote: 'sent' },
      { do: 'list', path: '/' },
      { do: 'download', remote: 'sent', local: back },
    ]);
    expect(result.stderr).toBe('');
    expect(result).toMatchObject({ exitCode: 0, logins: 1, signatures: 1 });
    expect(readFileSync(back).equals(readFileSync(local))).toBe(true);
  });

  it('with a wrong PIN costs the card one try', async () => {
    const result = await session(cards.get('P-256')!, tls, [{ do: 'list', path: '/' }], '00000000');
    expect(result).toMatchObject({ logins: 1, signatures: 0 });
    expect(result.exitCode).not.toBe(0);
    // The right one resets the count.
    expect(await session(cards.get('P-256')!, tls, [])).toMatchObject({ exitCode: 0 });
  });
});
