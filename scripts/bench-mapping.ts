/**
 * What it costs to lead a certificate to its account with state and groups, against real Samba and OpenLDAP: resolutions per second,
 * CPU, requests to the directory, p99 in a crowd, and what 100,000 accounts change. The baseline sends the same requests through
 * plain ldapts clients. Run: node scripts/bench-mapping.ts [resolutions] [crowd] [accounts]
 */

import { performance } from 'node:perf_hooks';
import { Client } from 'ldapts';
import { z } from 'zod';
import { accountDenial } from '../src/directory/account-state.ts';
import { createActiveDirectory } from '../src/directory/active-directory/active-directory.ts';
import { ConnectionPool } from '../src/directory/connection/connection-pool.ts';
import type { Directory } from '../src/directory/directory.ts';
import { createLdapDirectory } from '../src/directory/ldap-directory.ts';
import { unrecorded } from '../src/explanation/steps.ts';
import { createAccountResolver } from '../src/mapping/resolve.ts';
import { issuerSerialValues } from '../src/mapping/stored/alt-security-identities.ts';
import { bindingSettings } from '../src/mapping/strength.ts';
import { silentLogger } from '../src/operations/log.ts';
import type { ValidatedCertificate } from '../src/pki/path/validated-certificate.ts';
import { activeDirectoryOptions, ldapOptions } from '../test/support/directory-options.ts';
import { startSambaDc } from '../test/support/samba-dc.ts';
import { startSlapd } from '../test/support/slapd.ts';
import { createLogonAuthority } from '../test/support/validated-certificate.ts';

const resolutions = Number(process.argv[2] ?? 2000);
const crowd = Number(process.argv[3] ?? 1000);
const manyAccounts = Number(process.argv[4] ?? 100_000);
const connections = 4;

interface Server {
  readonly url: string;
  readonly ca: string;
  readonly bindDn: string;
  readonly password: string;
  readonly searchBase: string;
}

interface Figures {
  readonly perSecond: number;
  readonly cpuMilliseconds: number;
}

/** As many workers as connections, so that neither side waits in a queue. */
async function throughput(work: (worker: number) => Promise<unknown>, count = resolutions): Promise<Figures> {
  const each = Math.ceil(count / connections);
  const run = (times: number) =>
    Promise.all(
      Array.from({ length: connections }, async (_, worker) => {
        for (let turn = 0; turn < times; turn += 1) await work(worker);
      }),
    );
  await run(Math.ceil(each / 10));
  const cpu = process.cpuUsage();
  const began = performance.now();
  await run(each);
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  const done = each * connections;
  return { perSecond: done / seconds, cpuMilliseconds: (used.user + used.system) / 1000 / done };
}

async function crowdTimes(work: () => Promise<unknown>): Promise<readonly number[]> {
  const began = performance.now();
  const times = await Promise.all(
    Array.from({ length: crowd }, async () => {
      await work();
      return performance.now() - began;
    }),
  );
  return times.sort((one, other) => one - other);
}

function loginOf(directory: Directory, certificate: ValidatedCertificate, user: string): () => Promise<void> {
  const rules = [{ name: 'issuer-and-serial', map: 'issuerSerial', onMiss: 'next' }] as const;
  const settings = z.strictObject(bindingSettings).parse({});
  const mapping = createAccountResolver({ rules, settings, directories: [directory], logger: silentLogger });
  return async () => {
    const result = await mapping.resolve(certificate, user, unrecorded);
    if (result.outcome === 'denied') throw new Error(`refused: ${result.denial.code}`);
    if (accountDenial(result.account.state, new Date())) throw new Error('the account may not log in');
    await result.directory.readGroups(result.account);
  };
}

/** The same two searches by plain clients, each over a connection of its own. */
async function baseline(server: Server, value: string, account: string, groups: string, attributes: string[]) {
  const clients = await Promise.all(
    Array.from({ length: connections }, async () => {
      const client = new Client({ url: server.url, tlsOptions: { ca: server.ca } });
      await client.bind(server.bindDn, server.password);
      return client;
    }),
  );
  const figures = await throughput(async (worker) => {
    const client = clients[worker];
    const filter = `(altSecurityIdentities=${value})`;
    const found = await client?.search(server.searchBase, { scope: 'sub', filter, attributes, sizeLimit: 2 });
    if (found?.searchEntries.length !== 1) throw new Error('the baseline finds no account');
    await client?.search(account, { scope: 'base', attributes: [groups] });
  });
  await Promise.all(clients.map((client) => client.unbind()));
  return figures;
}

async function measure(
  name: string,
  directory: Directory,
  pools: ConnectionPool[],
  login: () => Promise<void>,
  raw: Figures,
) {
  const figures = await throughput(login);
  const requestsBefore = pools.reduce((sum, pool) => sum + pool.requests, 0);
  for (let turn = 0; turn < 100; turn += 1) await login();
  const requests = (pools.reduce((sum, pool) => sum + pool.requests, 0) - requestsBefore) / 100;
  const times = await crowdTimes(login);
  const at = (share: number) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  console.log(
    `${name}: ${Math.round(figures.perSecond)} logins/s (${(figures.perSecond / raw.perSecond).toFixed(2)}x of plain ldapts, ` +
      `${Math.round(raw.perSecond)}/s), ${figures.cpuMilliseconds.toFixed(2)} ms CPU each ` +
      `(${(figures.cpuMilliseconds / raw.cpuMilliseconds).toFixed(2)}x), ${requests} requests each; ` +
      `${crowd} at once: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${Math.round((crowd * 1000) / (times.at(-1) ?? 1))}/s`,
  );
  await directory.close();
  return figures;
}

const connectionOptions = (server: Server) => ({
  servers: [server.url],
  certificateAuthorities: [server.ca],
  bindDn: server.bindDn,
  bindPassword: server.password,
  searchBase: server.searchBase,
  maxConnections: connections,
  operationTimeout: 60_000,
  logger: silentLogger,
});

const ca = await createLogonAuthority();
const certificate = await ca.validated({ serialNumber: 0xe1ac11000000002bn });
const [value = ''] = issuerSerialValues(certificate.certificate);

const dc = await startSambaDc();
try {
  const { distinguishedName } = await dc.addUser({ sam: 'ada', altSecurityIdentities: [value] });
  await dc.addGroup('staff', [distinguishedName]);
  const attributes = ['objectGUID', 'objectSid', 'sAMAccountName', 'altSecurityIdentities', 'userAccountControl'];
  const raw = await baseline(dc, value, distinguishedName, 'tokenGroups', attributes);
  for (const [name, more] of [
    ['Samba', {}],
    ['Samba, global catalog', { globalCatalog: { servers: [`${dc.url}:3269`] } }],
    ['Samba, group names', { resolveGroupNames: true }],
    ['Samba, look-ups remembered', { lookupCacheTime: 60_000 }],
  ] as const) {
    const pools: ConnectionPool[] = [];
    const options = activeDirectoryOptions({ name: 'corp', ...connectionOptions(dc), ...more });
    const directory = createActiveDirectory(options, (servers) => {
      const pool = new ConnectionPool({ ...options, settings: { ...options.settings, ...servers } });
      pools.push(pool);
      return pool;
    });
    await measure(name, directory, pools, loginOf(directory, certificate, 'ada'), raw);
  }
} finally {
  await dc.stop();
}

const speeds: number[] = [];
for (const size of [1000, manyAccounts]) {
  const others = Array.from({ length: size - 1 }, (_, index) => ({
    uid: `user${index}`,
    mail: `user${index}@corp.example`,
    altSecurityIdentities: [value.replace(/<SR>.*$/, `<SR>${index.toString(16).padStart(16, '0')}`)],
  }));
  const slapd = await startSlapd({
    accounts: [{ uid: 'ada', mail: 'ada@corp.example', altSecurityIdentities: [value] }, ...others],
  });
  try {
    const account = `uid=ada,${slapd.searchBase}`;
    const raw = await baseline(slapd, value, account, 'memberOf', ['uid', 'entryUUID', 'altSecurityIdentities']);
    const options = ldapOptions({
      name: 'people',
      ...connectionOptions(slapd),
      altSecurityIdentitiesAttribute: 'altSecurityIdentities',
    });
    const pool = new ConnectionPool(options);
    const directory = createLdapDirectory(options, pool);
    const figures = await measure(
      `slapd, ${size} accounts`,
      directory,
      [pool],
      loginOf(directory, certificate, 'ada'),
      raw,
    );
    speeds.push(figures.perSecond);
  } finally {
    await slapd.stop();
  }
}
const [few = 1, many = 0] = speeds;
console.log(`slapd, ${manyAccounts} accounts against 1000: ${(many / few).toFixed(2)}x the logins per second`);
