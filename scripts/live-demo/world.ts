/** The world of the demonstration: cards, a directory with their accounts, and a gateway, all below one temporary directory. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { listCards } from '../../src/smartcard/card.ts';
import { type Gateway, startGateway } from '../../test/support/gateway.ts';
import { startSlapd } from '../../test/support/slapd.ts';

export const root = join(import.meta.dirname, '..', '..');
export const cardgate = [process.execPath, join(root, 'dist', 'main.js')] as const;

export interface World {
  readonly directory: string;
  readonly cards: string;
  readonly configuration: string;
  readonly auditFile: string;
  readonly gateway: Gateway;
  remove(): Promise<void>;
}

export async function createWorkDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'cardgate-demo-'));
}

/** slapd with one account for each card named, holding exactly that card’s certificate, and the gateway in front of it. */
export async function startWorld(directory: string, accountsWithCard: readonly string[]): Promise<World> {
  const cards = join(directory, 'cards');
  const held = (await listCards(cards)).filter(({ name }) => accountsWithCard.includes(name));
  const slapd = await startSlapd({
    accounts: held.map(({ name, certificateDer }) => ({ uid: name, certificates: [certificateDer] })),
  });
  const auditFile = join(directory, 'audit.jsonl');
  const configuration = join(directory, 'cardgate.yaml');
  await mkdir(join(directory, 'files'));
  await writeFile(join(directory, 'directory-ca.pem'), slapd.ca);
  await writeFile(join(directory, 'bind-password'), slapd.password, { mode: 0o600 });
  await writeFile(join(directory, 'rules.yaml'), 'rules:\n  - { name: one-to-one, map: certificate }\n');
  await writeFile(configuration, stringify(settings(slapd, cards)));
  const gateway = await startGateway({ command: cardgate, configuration });
  return {
    directory,
    cards,
    configuration,
    auditFile,
    gateway,
    remove: async () => {
      await gateway.stop();
      await slapd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function settings(slapd: { url: string; bindDn: string; searchBase: string }, cards: string): object {
  return {
    audit: { file: 'audit.jsonl' },
    log: { file: 'cardgate.log' },
    directories: [
      {
        name: 'people',
        type: 'ldap',
        servers: [slapd.url],
        certificateAuthorities: ['directory-ca.pem'],
        bindDn: slapd.bindDn,
        bindPasswordFile: 'bind-password',
        searchBase: slapd.searchBase,
      },
    ],
    sites: [
      {
        name: 'files',
        bindings: [{ address: '127.0.0.1', port: 0 }],
        physicalPath: 'files',
        ssl: {
          serverCertificate: join(cards, 'server', 'certificate.pem'),
          serverCertificateKey: join(cards, 'server', 'key.pem'),
        },
        sslClientCertificates: {
          clientCertificatePolicy: 'CertRequire',
          trustAnchors: [join(cards, 'ca', 'root', 'certificate.pem')],
          intermediates: [join(cards, 'ca', 'issuing', 'certificate.pem')],
          crlFiles: [join(cards, 'ca', 'root', 'crl.der'), join(cards, 'ca', 'issuing', 'crl.der')],
        },
        directories: ['people'],
        mapping: { rules: 'rules.yaml' },
        userIsolation: { mode: 'IsolateAllDirectories', createHome: true },
        authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
      },
    ],
  };
}

interface DeniedRecord {
  readonly outcome: string;
  readonly reference: string;
  readonly denial?: {
    readonly code: string;
    readonly meaning: string;
    readonly detail: string;
    readonly remedy: string;
  };
}

/** The audit record with the reference that a client was told. */
export function auditRecord(file: string, reference: string): DeniedRecord {
  const records = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DeniedRecord);
  const record = records.find((entry) => entry.reference === reference);
  if (!record) throw new Error(`no audit record has the reference ${reference}`);
  return record;
}
