/** Who may import whom, from the rules that dependency-cruiser holds. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { code, table } from './markdown.ts';

interface ImportRules {
  /** Room -> what it may import. */
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  /** What every room may import. */
  readonly leaves: readonly string[];
}

const rulesFile = new URL('../../.dependency-cruiser.mjs', import.meta.url).href;
const { allowed, leaves }: ImportRules = await import(rulesFile);

const source = join(import.meta.dirname, '..', '..', 'src');

/** What each room owns; a room without a line here is a fault. */
const owned: Readonly<Record<string, string>> = {
  main: 'takes signals over, then runs the command line',
  commands: 'the commands: each takes its arguments, calls and prints',
  gateway: 'a configuration made to run: sites, generations of logins, reload, drain',
  explanation: 'the steps of a decision, as text and as a page',
  config: 'reads and decodes strictly, and reports every fault at once with its line',
  'schema-faults': 'says in plain words what a schema refuses: found, allowed, meant',
  iis: 'applicationHost.config of IIS: reads it strictly, resolves it as IIS does, and writes a configuration and a report',
  pki: 'certificates from strict DER, path building and validation (RFC 5280), revocation, retrieval',
  directory: 'the directory port: Active Directory, LDAP, account file; account state and groups',
  mapping: 'certificate and rules to exactly one account',
  login: 'certificate to verdict, one audit record for each attempt; generations and rechecks',
  authorization: 'rules to access rights; home directories',
  ftp: 'the protocol: one command table, TLS upgrade, data channels, transfers',
  storage: 'the files of one home: confined, under rights, uploads replaced whole',
  hooks: 'programs and services that are asked before something happens',
  service: 'the mapping service over HTTP, and the front end that asks one',
  smartcard: 'cards for trials, readers, a TLS 1.3 client that a card signs for, scenarios, card trials',
  operations: 'audit trail, log, descriptors, references, networks',
  settings: 'single values of settings and their units: durations, octets, addresses, ports',
  denial: 'the one table of refusals',
  clock: 'the port of the time',
  'error-message': 'the message of anything that was thrown',
  'product-version': 'the version of the product',
  'presentation-reader': 'reads numbers and vectors of TLS messages',
};

/** @returns the table of rooms for the architecture page */
export function roomsTable(): string {
  const present = new Set(readdirSync(source).map((name) => name.replace(/\.ts$/, '')));
  const rows = Object.entries(allowed)
    .filter(([room]) => present.has(room))
    .map(([room, targets]) => {
      const meaning = owned[room];
      if (meaning === undefined) throw new Error(`rooms-table.ts does not say what ${room} owns`);
      return [code(room), meaning, leaves.includes(room) ? 'nothing; every room may import it' : summary(targets)];
    });
  return table(['room of `src`', 'what it owns', 'may import, besides the leaves'], rows);
}

/** By room: which files of it may be imported, the rules say. */
function summary(targets: readonly string[]): string {
  if (targets.includes('*')) return 'everything';
  const rooms = new Map<string, string[]>();
  for (const target of targets) {
    const [room = '', ...rest] = target.split('/');
    rooms.set(room, [...(rooms.get(room) ?? []), ...(rest.length > 0 ? [rest.join('/')] : [])]);
  }
  return (
    Array.from(rooms, ([room, files]) => (files.length === 0 ? code(room) : `facts of ${code(room)}`)).join(', ') ||
    'nothing'
  );
}
