/** A whole FTPS session over the TLS 1.3 client against the real gateway: the key signs once, however many transfers there are. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'basic-ftp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import type { KeyType } from '../../../src/smartcard/authority/key-type.ts';
import { accessWithTls13, type FtpAccessOptions } from '../../../src/smartcard/tls13/ftps/ftp-access.ts';
import { createServerVerifier } from '../../../src/smartcard/tls13/handshake/server-verifier.ts';
import type { Tls13Client } from '../../../src/smartcard/tls13/tls13-client.ts';
import { keyFileCredential } from '../../support/key-file-credential.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { createTestPki, type Person, type TestPki } from '../../support/pki.ts';

const keyTypes = ['RSA-2048', 'P-256', 'P-384'] as const satisfies readonly KeyType[];
const schemes = {
  'RSA-2048': 'rsa_pss_rsae_sha256',
  'P-256': 'ecdsa_secp256r1_sha256',
  'P-384': 'ecdsa_secp384r1_sha384',
};
const modes = ['explicit', 'implicit'] as const;
const replyTimeoutMs = 15_000;
const nameOf = (keyType: KeyType) => `person-${keyType.toLowerCase()}`;

let pki: TestPki;
let world: LoginWorld;
let scratch: string;
let original: string;
const people = new Map<KeyType, Person>();

beforeAll(async () => {
  pki = await createTestPki();
  scratch = await mkdtemp(join(tmpdir(), 'cardgate-tls13-'));
  original = join(scratch, 'original.bin');
  await writeFile(original, randomBytes(3_000_001));
  for (const keyType of keyTypes) people.set(keyType, await pki.issuePerson({ name: nameOf(keyType), keyType }));
  const { directory, files } = accountFileDirectory(
    [...people].map(([keyType, { der }]) => ({
      name: nameOf(keyType),
      certificates: [createHash('sha256').update(der).digest('hex')],
    })),
  );
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files,
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      bindings: [
        { address: '127.0.0.1', port: 0 },
        { address: '127.0.0.1', port: 0, tls: 'implicit' },
      ],
    },
  });
});

afterAll(async () => {
  await world?.stop();
  await pki?.remove();
  await rm(scratch, { recursive: true, force: true });
});

function accessOptions(mode: FtpAccessOptions['mode'], user: string): FtpAccessOptions {
  const trustAnchors = readFileSync(pki.files.root);
  return {
    host: 'localhost',
    port: world.gateway.ports[modes.indexOf(mode)]!,
    mode,
    user,
    verifyServer: createServerVerifier({ trustAnchors, host: 'localhost', clock: systemClock }),
  };
}

const cases = modes.flatMap((mode) => keyTypes.map((keyType) => ({ mode, keyType })));

describe('a session with one signature', () => {
  it.each(cases)('$mode FTPS, $keyType', async ({ mode, keyType }) => {
    const user = nameOf(keyType);
    const credential = keyFileCredential(people.get(keyType)!.chainPem, people.get(keyType)!.privateKeyPem);
    const dataConnections: Tls13Client[] = [];
    const client = new Client(replyTimeoutMs);
    const remote = `report-${mode}.bin`;
    const copy = join(scratch, `${user}-${mode}.bin`);
    try {
      const control = await accessWithTls13(client, {
        ...accessOptions(mode, user),
        chooseCredential: async () => credential,
        onDataConnection: (connection) => void dataConnections.push(connection),
      });
      expect(control).toMatchObject({ signatureScheme: schemes[keyType], sessionReused: false });
      await client.uploadFrom(original, remote);
      const listed = await client.list();
      expect(listed.map(({ name, size }) => `${name} ${size}`)).toContain(`${remote} 3000001`);
      await client.downloadTo(copy, remote);
      await client.uploadFrom(copy, `again-${remote}`);
      expect(dataConnections.map(({ sessionReused }) => sessionReused)).toEqual([true, true, true, true]);
      expect(credential.signatures).toBe(1);
    } finally {
      client.close();
    }
    for (const path of [copy, join(world.files, user, remote), join(world.files, user, `again-${remote}`)])
      expect(readFileSync(path).equals(readFileSync(original))).toBe(true);
  });
});

describe('a login that ends early', () => {
  it('by a certificate that maps to no account is told by the reply 530', async () => {
    const stranger = await pki.issuePerson({ name: 'stranger' });
    const credential = keyFileCredential(stranger.chainPem, stranger.privateKeyPem);
    const client = new Client(replyTimeoutMs);
    const access = accessWithTls13(client, {
      ...accessOptions('explicit', 'stranger'),
      chooseCredential: async () => credential,
    });
    await expect(access).rejects.toMatchObject({ name: 'FTPError', code: 530 });
    expect(client.closed).toBe(true);
    expect(credential.signatures).toBe(1);
  });

  it('without a certificate is told by the reply 530', async () => {
    const client = new Client(replyTimeoutMs);
    await expect(accessWithTls13(client, accessOptions('explicit', 'missing'))).rejects.toMatchObject({ code: 530 });
  });

  it.each([
    ['another authority', () => people.get('P-256')!.der, 'localhost', 'path-not-found'],
    ['another name', () => readFileSync(pki.files.root), 'other.example', 'host-mismatch'],
  ])('by a server with %s asks for no card and says no name', async (_name, trustAnchors, host, reason) => {
    let choices = 0;
    const access = accessWithTls13(new Client(replyTimeoutMs), {
      ...accessOptions('explicit', 'missing'),
      verifyServer: createServerVerifier({ trustAnchors: trustAnchors(), host, clock: systemClock }),
      chooseCredential: async () => {
        choices += 1;
        return undefined;
      },
    });
    await expect(access).rejects.toMatchObject({ code: 'ERR_TLS_SERVER_CERTIFICATE', reason });
    expect(choices).toBe(0);
  });
});
