import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { basicFtp } from '../../support/clients/basic-ftp.ts';
import {
  type ClientIdentity,
  type ClientSession,
  cardIdentity,
  fileIdentity,
  type TlsVersion,
} from '../../support/clients/client-session.ts';
import { curl } from '../../support/clients/curl.ts';
import { ftplib } from '../../support/clients/ftplib.ts';
import { lftp } from '../../support/clients/lftp.ts';
import { type Gateway, startGateway } from '../../support/gateway.ts';
import { createTestWorld, type TestWorld } from '../../support/test-world.ts';

const versions: readonly TlsVersion[] = ['1.2', '1.3'];
const keyTypes = ['P-256', 'P-384', 'RSA-2048'] as const;
const clients = { curl, 'basic-ftp': basicFtp, lftp, ftplib };
const folder = mkdtempSync(join(tmpdir(), 'cardgate-clients-'));
const inFolder = (name: string) => join(folder, name);
/** Big enough that a connection closed too early loses something. */
const content = randomBytes(1_500_000);

let world: TestWorld;
let gateway: Gateway;
const identities = new Map<string, ClientIdentity>();

beforeAll(async () => {
  world = await createTestWorld();
  const fingerprints: string[] = [];
  const hold = (name: string, der: Buffer, identity: ClientIdentity) => {
    fingerprints.push(createHash('sha256').update(der).digest('hex'));
    identities.set(name, identity);
  };
  for (const keyType of keyTypes) {
    const card = await world.cardFor('alice', keyType);
    hold(keyType, card.certificateDer, cardIdentity(card));
  }
  const person = await world.issueFor('alice');
  hold('file', person.der, fileIdentity(person));
  const revoked = await world.issueRevokedFor('alice');
  hold('revoked', revoked.der, fileIdentity(revoked));
  const mallory = await world.issueFor('mallory');
  identities.set('unmapped', fileIdentity(mallory));
  writeFileSync(inFolder('accounts.yaml'), stringify({ accounts: [{ name: 'alice', certificates: fingerprints }] }));
  writeFileSync(inFolder('rules.yaml'), 'rules:\n  - { name: exact, map: certificate }\n');
  writeFileSync(inFolder('big.bin'), content);
  mkdirSync(inFolder('files/alice'), { recursive: true });
  writeFileSync(inFolder('cardgate.yaml'), stringify(settings()));
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', 'src/main.ts'];
  gateway = await startGateway({ command, configuration: inFolder('cardgate.yaml') });
});

afterAll(async () => {
  await gateway?.stop();
  await world.stop();
  rmSync(folder, { recursive: true });
});

function settings(): object {
  const { files } = world.pki;
  return {
    audit: { file: 'audit.jsonl' },
    log: { file: 'cardgate.log' },
    directories: [{ name: 'local', type: 'file', accounts: 'accounts.yaml' }],
    sites: [
      {
        name: 'files',
        bindings: [{ address: '127.0.0.1', port: 0 }],
        physicalPath: 'files',
        ssl: { serverCertificate: files.serverChain, serverCertificateKey: files.serverKey },
        sslClientCertificates: {
          trustAnchors: [files.root],
          intermediates: [files.issuing],
          crlFiles: [files.rootCrl, files.issuingCrl],
        },
        directories: ['local'],
        mapping: { rules: 'rules.yaml' },
        authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
      },
    ],
  };
}

function session(identity: string, tls: TlsVersion, remote: string): ClientSession {
  return {
    port: gateway.ports[0]!,
    user: 'alice',
    rootFile: world.pki.files.root,
    identity: identities.get(identity)!,
    tls,
    steps: [
      { do: 'upload', local: inFolder('big.bin'), remote },
      { do: 'list', path: '/' },
      { do: 'download', remote, local: inFolder('back.bin') },
    ],
  };
}

describe.each(versions)('in TLS %s', (tls) => {
  const pairs = [
    ...keyTypes.flatMap((keyType) => [['curl', keyType] as const, ['basic-ftp', keyType] as const]),
    ...(Object.keys(clients) as (keyof typeof clients)[]).map((name) => [name, 'file'] as const),
  ];

  it.each(pairs)('%s with a key of kind %s uploads, lists and gets back what it sent', async (name, identity) => {
    const remote = `${name}-${identity}-${tls}.bin`;
    rmSync(inFolder('back.bin'), { force: true });
    const result = await clients[name](session(identity, tls, remote));
    expect(result, result.stderr).toMatchObject({ exitCode: 0, timedOut: false });
    expect(result.stdout).toContain(remote);
    expect(readFileSync(inFolder('back.bin')).equals(content)).toBe(true);
    expect(readFileSync(join(folder, 'files/alice', remote)).equals(content)).toBe(true);
  });

  const refusals = (Object.keys(clients) as (keyof typeof clients)[]).flatMap((name) => [
    [name, 'revoked', 'certificate-revoked'] as const,
    [name, 'unmapped', 'mapping-none'] as const,
  ]);

  it.each(refusals)(
    '%s with a certificate that is %s gets 530, and the record says %s',
    async (name, identity, code) => {
      const result = await clients[name](session(identity, tls, 'never.bin'));
      expect(result.exitCode).not.toBe(0);
      expect(result.stdout + result.stderr).toContain('530');
      expect(lastDenial()).toBe(code);
      expect(existsSync(join(folder, 'files/alice/never.bin'))).toBe(false);
    },
  );
});

/** Code of the last login's refusal; other records, such as those of files, stand in between. */
function lastDenial(): string | undefined {
  const lines = readFileSync(inFolder('audit.jsonl'), 'utf8').trimEnd().split('\n');
  const logins = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'login');
  return logins.at(-1)?.denial?.code;
}
