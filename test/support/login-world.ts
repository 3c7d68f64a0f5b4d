/** A whole installation for one test file: a public key infrastructure, a configuration on disk, and a real gateway process. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { AuditRecord, LoginAttempt } from '../../src/operations/audit.ts';
import { cardgate } from './built-program.ts';
import type { ClientIdentity, ClientSession, ClientStep, TlsVersion } from './clients/client-session.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { TestPki } from './pki.ts';
import type { SambaDc } from './samba-dc.ts';
import type { Slapd } from './slapd.ts';

type Settings = Readonly<Record<string, unknown>>;

export interface LoginWorldOptions {
  readonly pki: TestPki;
  /** Entries of `directories`; files they name are given in `files`. */
  readonly directories: readonly (Settings & { readonly name: string })[];
  readonly rules: string;
  /** Merged into every site, one level deep for objects. */
  readonly site?: Settings;
  /** What each site has besides, merged likewise, by the name of the site. Default: one site, called `files`. */
  readonly sites?: Readonly<Record<string, Settings>>;
  /** Written beside the configuration with mode 0600, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Of Node, for the gateway. */
  readonly nodeFlags?: readonly string[];
}

export interface LoginWorld {
  readonly folder: string;
  readonly configuration: string;
  readonly gateway: Gateway;
  /** Of the first site. */
  readonly port: number;
  /** Of a site by its name. */
  portOf(site: string): number;
  /** Host path of the sites. */
  readonly files: string;
  records(): readonly AuditRecord[];
  /** The login attempts of one claimed name, oldest first. */
  logins(claimedName: string): readonly LoginAttempt[];
  session(user: string, identity: ClientIdentity, tls: TlsVersion, steps: readonly ClientStep[]): ClientSession;
  stop(): Promise<void>;
}

export async function startLoginWorld(options: LoginWorldOptions): Promise<LoginWorld> {
  const { pki, files: extraFiles = {}, sites = { files: {} } } = options;
  const common = siteSettings(options);
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-world-'));
  const configuration = join(folder, 'cardgate.yaml');
  const files = join(folder, 'files');
  await mkdir(files);
  await writeFile(join(folder, 'rules.yaml'), options.rules);
  for (const [name, content] of Object.entries(extraFiles))
    await writeFile(join(folder, name), content, { mode: 0o600 });
  await writeFile(
    configuration,
    stringify({
      audit: { file: 'audit.jsonl' },
      log: { file: 'cardgate.log', level: 'debug' },
      shutdownDrainTime: '5s',
      directories: options.directories,
      sites: Object.entries(sites).map(([name, more]) => mergedSettings(common, { name, ...more })),
    }),
  );
  const [node, program] = cardgate;
  const gateway = await startGateway({ command: [node, ...(options.nodeFlags ?? []), program], configuration });
  const auditFile = join(folder, 'audit.jsonl');
  const records = () =>
    existsSync(auditFile)
      ? readFileSync(auditFile, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as AuditRecord)
      : [];
  const port = gateway.ports[0] ?? 0;
  return {
    folder,
    configuration,
    gateway,
    port,
    portOf: (name) => gateway.ports[Object.keys(sites).indexOf(name)] ?? 0,
    files,
    records,
    logins: (claimedName) =>
      records()
        .filter((record) => record.event === 'login')
        .filter((record) => record.claimedName === claimedName),
    session: (user, identity, tls, steps) => ({ port, user, rootFile: pki.files.root, identity, tls, steps }),
    stop: async () => {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function siteSettings({ pki, directories, site = {} }: LoginWorldOptions): Settings {
  const base: Settings = {
    bindings: [{ address: '127.0.0.1', port: 0 }],
    physicalPath: 'files',
    ssl: { serverCertificate: pki.files.serverChain, serverCertificateKey: pki.files.serverKey },
    sslClientCertificates: {
      trustAnchors: [pki.files.root],
      intermediates: [pki.files.issuing],
      crlFiles: [pki.files.rootCrl, pki.files.issuingCrl],
    },
    directories: directories.map(({ name }) => name),
    mapping: { rules: 'rules.yaml' },
    userIsolation: { mode: 'IsolateAllDirectories', createHome: true },
    authorization: [{ users: '*', permissions: ['Read', 'Write'] }],
  };
  return mergedSettings(base, site);
}

function mergedSettings(base: Settings, changes: Settings): Settings {
  const settings = new Set([...Object.keys(base), ...Object.keys(changes)]);
  return Object.fromEntries([...settings].map((setting) => [setting, merged(base[setting], changes[setting])]));
}

function merged(base: unknown, change: unknown): unknown {
  if (change === undefined) return base;
  const areObjects = [base, change].every(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  );
  return areObjects ? { ...(base as object), ...(change as object) } : change;
}

/** Settings and files of a directory served by slapd. */
export function slapdDirectory(slapd: Slapd, more: Settings = {}) {
  return {
    directory: { name: 'people', type: 'ldap', ...connection(slapd), ...more },
    files: { 'directory-ca.pem': slapd.ca, 'bind-password': slapd.password },
  };
}

/** Settings and files of a directory served by a Samba domain controller. */
export function sambaDirectory(dc: SambaDc) {
  return {
    directory: { name: 'corp', type: 'activeDirectory', ...connection(dc), netbiosName: dc.netbiosName },
    files: { 'directory-ca.pem': dc.ca, 'bind-password': dc.password },
  };
}

function connection(server: { readonly url: string; readonly bindDn: string; readonly searchBase: string }): Settings {
  return {
    servers: [server.url],
    certificateAuthorities: ['directory-ca.pem'],
    bindDn: server.bindDn,
    bindPasswordFile: 'bind-password',
    searchBase: server.searchBase,
  };
}

/** Settings and file of an account file. */
export function accountFileDirectory(accounts: readonly Settings[]) {
  return {
    directory: { name: 'local', type: 'file', accounts: 'accounts.yaml' },
    files: { 'accounts.yaml': stringify({ accounts }) },
  };
}

/** What most worlds log in by: the certificates that accounts hold. @param holders account name -> its certificate */
export function accountsHolding(
  holders: Readonly<Record<string, { readonly der: Buffer }>>,
): Pick<LoginWorldOptions, 'directories' | 'rules' | 'files'> {
  const { directory, files } = accountFileDirectory(
    Object.entries(holders).map(([name, { der }]) => ({
      name,
      certificates: [createHash('sha256').update(der).digest('hex')],
    })),
  );
  return { directories: [directory], files, rules: 'rules:\n  - { name: one-to-one, map: certificate }\n' };
}
