/** The world of the demonstration: slapd, the scenario one-to-one built for it, and a gateway, all below one temporary directory. */
import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Gateway, startGateway } from '../../test/support/gateway.ts';
import type { Slapd } from '../../test/support/slapd.ts';
import { run } from './transcript.ts';

export const root = join(import.meta.dirname, '..', '..');
const cardgate = [process.execPath, join(root, 'dist', 'main.js')] as const;
const scenario = 'one-to-one';
const reloadTimeout = 10_000;

export interface World {
  readonly directory: string;
  readonly cards: string;
  readonly configuration: string;
  readonly auditFile: string;
  readonly gateway: Gateway;
  remove(): Promise<void>;
}

interface CardgateOptions {
  readonly expect?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly keep?: (line: string) => boolean;
}

/** Runs cardgate as a person does, and shows that. */
export function runCardgate(words: readonly string[], options: CardgateOptions = {}) {
  return run(cardgate[0], [cardgate[1], ...words], { shown: `cardgate ${words.join(' ')}`, ...options });
}

/** Authorities, three cards, LDIF, rules and configuration, by the command that an administrator uses. */
export async function buildScenario(directory: string, slapd: Slapd): Promise<void> {
  await writeFile(join(directory, 'directory-ca.pem'), slapd.ca);
  await writeFile(join(directory, 'bind-password'), slapd.password, { mode: 0o600 });
  const place = ['--server', slapd.url, '--directory-ca', join(directory, 'directory-ca.pem')];
  const bind = ['--bind-dn', slapd.bindDn, '--bind-password-file', join(directory, 'bind-password')];
  await runCardgate([
    ...['card', 'scenario', scenario, '--directory', directory, '--accounts', 'openLdap', '--port', '0'],
    ...[...place, ...bind, '--search-base', slapd.searchBase],
  ]);
}

/** Puts the people into slapd, and the gateway in front of it. */
export async function startWorld(directory: string, slapd: Slapd): Promise<World> {
  const password = join(directory, 'administrator-password');
  await writeFile(password, slapd.administrator.password, { mode: 0o600 });
  const words = ['-x', '-H', slapd.url, '-D', slapd.administrator.bindDn, '-y', password];
  await run('ldapadd', [...words, '-f', join(directory, 'openldap.ldif')], {
    env: { LDAPTLS_CACERT: join(directory, 'directory-ca.pem') },
  });
  const configuration = join(directory, 'cardgate.yaml');
  await runCardgate(['check-config', configuration]);
  const gateway = await startGateway({ command: cardgate, configuration });
  return {
    directory,
    cards: join(directory, 'cards'),
    configuration,
    auditFile: join(directory, 'audit.jsonl'),
    gateway,
    remove: async () => {
      await gateway.stop();
      await slapd.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when the gateway has read its files anew. */
export async function reload({ gateway, directory }: World): Promise<void> {
  const log = join(directory, 'cardgate.log');
  const reloads = () =>
    existsSync(log)
      ? readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => line.includes('"reloaded"')).length
      : 0;
  const before = reloads();
  const deadline = performance.now() + reloadTimeout;
  gateway.signal('SIGHUP');
  while (reloads() === before) {
    if (performance.now() > deadline) throw new Error(`the gateway did not reload; see ${log}`);
    await delay(20);
  }
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

/** The client hears of a refusal before the gateway's record of it is in the file. */
const recordPatienceMs = 10_000;

/** The audit record with the reference that a client was told. */
export async function auditRecord(file: string, reference: string): Promise<DeniedRecord> {
  for (const began = performance.now(); performance.now() - began < recordPatienceMs; await delay(50)) {
    const [, line] = new RegExp(`^(.*"reference":"${reference}".*)\n`, 'mu').exec(readFileSync(file, 'utf8')) ?? [];
    if (line !== undefined) return JSON.parse(line) as DeniedRecord;
  }
  throw new Error(`no audit record has the reference ${reference}`);
}
