/** Clients whose certificates hold keys of every kind: each gets an answer and a record, and the gateway goes on. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oids } from '../../../src/pki/encoding/oids.ts';
import { encodeCertificatePem } from '../../../src/pki/encoding/pem.ts';
import { ControlClient, type TlsIdentity } from '../../support/control-client.ts';
import {
  ca,
  caUsage,
  commonName,
  digitalSignature,
  type Issued,
  issue,
  purposes,
} from '../../support/handmade-certificates.ts';
import { accountFileDirectory, type LoginWorld, startLoginWorld } from '../../support/login-world.ts';
import { oddKeys } from '../../support/odd-keys.ts';
import { createTestPki, type TestPki } from '../../support/pki.ts';

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
const years = { notBefore: inDays(-400), notAfter: inDays(4000) };
const names = Object.keys(oddKeys);
const pem = (...certificates: readonly Issued[]) => certificates.map(({ der }) => encodeCertificatePem(der)).join('');

let pki: TestPki;
let world: LoginWorld;
const people = new Map<string, Issued>();

beforeAll(async () => {
  pki = await createTestPki();
  const root = issue(commonName('Odd Root'), undefined, { ...years, extensions: [ca(), caUsage] });
  for (const name of names) {
    const extensions = [digitalSignature, purposes(oids.clientAuth)];
    people.set(name, issue(commonName(name), root, { ...years, extensions, keys: oddKeys[name]!() }));
  }
  const certificates = [...people.values()].map(({ der }) => createHash('sha256').update(der).digest('hex'));
  const { directory, files } = accountFileDirectory([{ name: 'ada', certificates }]);
  world = await startLoginWorld({
    pki,
    directories: [directory],
    files: { ...files, 'odd-root.pem': pem(root) },
    rules: 'rules:\n  - { name: one-to-one, map: certificate }\n',
    site: {
      sslClientCertificates: {
        trustAnchors: ['odd-root.pem'],
        intermediates: [],
        crlFiles: [],
        validationFlags: ['NoRevocationCheck'],
      },
    },
  });
});
afterAll(async () => {
  await world?.stop();
  await pki?.remove();
});

type Version = 'TLSv1.2' | 'TLSv1.3';

/** @returns `granted` or the code of the refusal, as the record of this connection says it */
async function outcomeOf(chain: readonly Issued[], { privateKey }: Issued['keys'], version: Version): Promise<string> {
  const before = world.records().length;
  const client = await ControlClient.connect(world.port);
  await client.reply();
  const identity: TlsIdentity & { readonly ciphers: string } = {
    cert: pem(...chain),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    minVersion: version,
    maxVersion: version,
    // The client holds back nothing by itself.
    ciphers: 'ALL:@SECLEVEL=0',
  };
  const lost = client.gone().then(() => Promise.reject(new Error('the gateway ended the connection')));
  const reply = (async () => {
    await client.secure(identity);
    return (await client.command('USER ada')).code;
  })();
  const code = await Promise.race([reply, lost]).catch(() => 0);
  client.destroy();
  const since = () => world.records().slice(before);
  const decided = () => since().find(({ event }) => event === 'login' || event === 'refusal');
  await expect.poll(decided).toBeDefined();
  const record = decided()!;
  const denied = record.event === 'login' || record.event === 'refusal' ? record.denial?.code : undefined;
  expect(code).toBe(denied === undefined ? 230 : denied === 'tls-handshake-failed' ? 0 : 530);
  return denied ?? 'granted';
}

const ofNames = (pattern: RegExp, code: string) =>
  Object.fromEntries(names.filter((name) => pattern.test(name)).map((name) => [name, code]));

/** TLS itself takes few curves from a client, and OpenSSL sends no certificate whose key cannot sign under the version. */
const refused: Readonly<Record<Version, Readonly<Record<string, string>>>> = {
  'TLSv1.2': {
    ...ofNames(/brainpool|secp/u, 'tls-handshake-failed'),
    ...ofNames(/RSA-512|DSA/u, 'algorithm-not-acceptable'),
  },
  'TLSv1.3': {
    ...ofNames(/secp|RSA-512|DSA/u, 'certificate-missing'),
    ...ofNames(/brainpool/u, 'algorithm-not-acceptable'),
  },
};

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s, a client', (version) => {
  it.each(names)('with a key of the kind %s has an answer and a record, and the next one too', async (name) => {
    const one = people.get(name)!;
    expect(await outcomeOf([one], one.keys, version)).toBe(refused[version][name] ?? 'granted');
    const sound = people.get('P-521')!;
    expect(await outcomeOf([sound], sound.keys, version)).toBe('granted');
  });

  it.each(names)('that sends a certificate with a key of the kind %s beside its own logs in', async (name) => {
    const sound = people.get('P-521')!;
    expect(await outcomeOf([sound, people.get(name)!], sound.keys, version)).toBe('granted');
  });
});
