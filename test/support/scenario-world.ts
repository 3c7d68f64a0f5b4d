/** A scenario running for real: its world on disk, its accounts in a real directory by the LDIF it wrote, repository and gateway up. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sidFromBinary } from '../../src/directory/active-directory/sid.ts';
import type { AuditRecord, LoginAttempt } from '../../src/operations/audit.ts';
import { type RepositoryServer, startRepositoryServer } from '../../src/smartcard/authority/repository-server.ts';
import type { Scenario } from '../../src/smartcard/scenario/scenario.ts';
import { buildWorld, type World, type WorldOptions } from '../../src/smartcard/scenario/world.ts';
import { cardgate } from './built-program.ts';
import { freePort } from './free-ports.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { SambaDc } from './samba-dc.ts';
import type { Slapd } from './slapd.ts';

const run = promisify(execFile);
const clock = { now: () => new Date() };

/** What holds the accounts; a domain controller and a slapd can hold those of several scenarios. */
export type ScenarioDirectory =
  | { readonly store: 'file' }
  | { readonly store: 'activeDirectory'; readonly dc: SambaDc }
  | { readonly store: 'openLdap'; readonly slapd: Slapd };

export interface RunningScenario {
  readonly world: World;
  /** Another one after a restart. */
  readonly port: number;
  /** The gateway alone: what it remembered is gone. */
  restart(): Promise<void>;
  readonly rootFile: string;
  readonly repository: RepositoryServer | undefined;
  logins(claimedName: string): readonly LoginAttempt[];
  stop(): Promise<void>;
}

export async function startScenario(
  scenario: Scenario,
  directory: ScenarioDirectory,
  command: readonly string[] = cardgate,
): Promise<RunningScenario> {
  const folder = await mkdtemp(join(tmpdir(), 'cardgate-scenario-'));
  try {
    return await startIn(folder, scenario, directory, command);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startIn(
  folder: string,
  scenario: Scenario,
  directory: ScenarioDirectory,
  command: readonly string[],
): Promise<RunningScenario> {
  const repositoryUrl = `http://127.0.0.1:${await freePort()}`;
  const options = { directory: join(folder, 'world'), scenario, repositoryUrl, port: 0, clock };
  const world = await filledWorld(options, directory, folder);
  const repository =
    scenario.revocation === 'repository'
      ? await startRepositoryServer({ directory: world.cards, url: repositoryUrl, clock })
      : undefined;
  let gateway: Gateway = await startGateway({ command, configuration: world.configuration });
  return {
    world,
    get port() {
      return gateway.ports[0] ?? 0;
    },
    restart: async () => {
      await gateway.stop();
      gateway = await startGateway({ command, configuration: world.configuration });
    },
    rootFile: join(world.cards, 'ca', 'root', 'certificate.pem'),
    repository,
    logins: (claimedName) => loginsIn(join(world.directory, 'audit.jsonl'), claimedName),
    stop: async () => {
      await gateway.stop();
      await repository?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function loginsIn(file: string, claimedName: string): readonly LoginAttempt[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter((record) => record.event === 'login')
    .filter((record) => record.claimedName === claimedName);
}

type Options = Omit<WorldOptions, 'store' | 'connection' | 'searchBase'>;

async function filledWorld(options: Options, directory: ScenarioDirectory, folder: string): Promise<World> {
  switch (directory.store) {
    case 'file':
      return buildWorld({ ...options, store: 'file' });
    case 'openLdap':
      return inOpenLdap(options, directory.slapd, folder);
    case 'activeDirectory':
      return inActiveDirectory(options, directory.dc, folder);
  }
}

async function connectionTo(folder: string, server: { url: string; ca: string; bindDn: string; password: string }) {
  const [certificateAuthority, bindPasswordFile] = [join(folder, 'directory-ca.pem'), join(folder, 'bind-password')];
  await writeFile(certificateAuthority, server.ca);
  await writeFile(bindPasswordFile, server.password, { mode: 0o600 });
  return { server: server.url, certificateAuthority, bindDn: server.bindDn, bindPasswordFile };
}

async function inOpenLdap(options: Options, slapd: Slapd, folder: string): Promise<World> {
  const connection = await connectionTo(folder, slapd);
  const { searchBase } = slapd;
  const world = await buildWorld({ ...options, store: 'openLdap', searchBase, connection });
  await ldap('ldapadd', slapd.url, slapd.administrator, connection.certificateAuthority, folder, world.ldif.openLdap);
  return world;
}

/** In an administrator's order: users first, then their SIDs are known, then the cards that need them, then the mappings. */
async function inActiveDirectory(options: Options, dc: SambaDc, folder: string): Promise<World> {
  const connection = await connectionTo(folder, dc);
  const place = { ...options, store: 'activeDirectory' as const, searchBase: dc.searchBase, connection };
  const first = await buildWorld(place);
  const [accounts, mappings] = first.ldif.activeDirectory;
  const apply = (file: string) =>
    ldap('ldapmodify', dc.url, dc.administrator, connection.certificateAuthority, folder, file);
  await apply(accounts);
  const sids = new Map<string, string>();
  for (const name of first.awaitingSids) {
    const words = ['-o', 'ldif-wrap=no', '-b', dc.searchBase, `(sAMAccountName=${name})`, 'objectSid'];
    const found = await ldap('ldapsearch', dc.url, dc.administrator, connection.certificateAuthority, folder, words);
    const value = /^objectSid:: (\S+)$/m.exec(found)?.[1] ?? '';
    sids.set(name, sidFromBinary(Buffer.from(value, 'base64')) ?? '');
  }
  const world = sids.size === 0 ? first : await buildWorld({ ...place, sids });
  if ((await readFile(mappings, 'utf8')).includes('dn:')) await apply(mappings);
  return world;
}

/** One of OpenLDAP's own tools, with the password in a file. */
async function ldap(
  tool: 'ldapadd' | 'ldapmodify' | 'ldapsearch',
  url: string,
  { bindDn, password }: { readonly bindDn: string; readonly password: string },
  ca: string,
  folder: string,
  input: string | readonly string[],
): Promise<string> {
  const passwordFile = join(folder, 'administrator-password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  const words = typeof input === 'string' ? ['-f', input] : input;
  const { stdout } = await run(tool, ['-x', '-H', url, '-D', bindDn, '-y', passwordFile, ...words], {
    env: { ...process.env, LDAPTLS_CACERT: ca },
    maxBuffer: 1 << 24,
  });
  return stdout;
}
