/**
 * The servers of a directory: listed by the administrator, or found in the DNS. What the DNS says is not authenticated, so a
 * name outside the configured domain is not used, and each server found must show a certificate for its name.
 */
import type { Logger } from '../../operations/log.ts';
import { DirectoryUnavailableError } from '../directory.ts';
import type { ListedServer, ServerDiscovery } from './connection-settings.ts';
import { type LdapServer, parseServer } from './ldap-transport.ts';
import type { Ranked } from './server-order.ts';
import type { ServiceRecord, ServiceResolver } from './service-resolver.ts';

export type RankedServer = LdapServer & Ranked;

export interface ServerList {
  /** @throws DirectoryUnavailableError when no server is known */
  current(): Promise<readonly RankedServer[]>;
}

/** No real domain has more; the first are used. */
const mostServers = 64;
const retryInterval = 1000;
const queryTimeout = 5000;
const secureTwin: Readonly<Record<number, number>> = { 389: 636, 3268: 3269 };
const dnsName = /^(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/i;

/** @throws TypeError when a URL cannot be used or the list is empty */
export function listedServers(servers: readonly ListedServer[]): ServerList {
  if (servers.length === 0) throw new TypeError('a directory needs at least one server');
  const ranked = servers.map((server, index) => {
    // A plain list is tried in its order.
    const { url, priority = index, weight = 1 } = typeof server === 'string' ? { url: server } : server;
    return { ...parseServer(url), priority, weight };
  });
  return { current: async () => ranked };
}

/**
 * Asks when the answer is needed and the last one is too old. Without an answer the servers known so far stay in use.
 * @throws TypeError when domain or site is no DNS name
 */
export function discoveredServers(discovery: ServerDiscovery, resolver: ServiceResolver, logger: Logger): ServerList {
  const { domain, site, refreshInterval } = discovery;
  for (const name of [domain, site]) {
    if (name !== undefined && !dnsName.test(name)) throw new TypeError(`${name} is not a DNS name`);
  }
  let known: readonly RankedServer[] = [];
  let askAgainAt = 0;
  let asking: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      const found = await within(queryTimeout, find(discovery, resolver, logger));
      if (found.length === 0) throw new Error(`the DNS names no server below ${domain}`);
      known = found;
      askAgainAt = performance.now() + refreshInterval;
    } catch (error) {
      askAgainAt = performance.now() + retryInterval;
      logger.warn('directory-discovery-failed', { domain, site, serversKept: known.length, error });
    }
  }

  return {
    current: async () => {
      if (performance.now() >= askAgainAt) {
        asking ??= refresh().finally(() => {
          asking = undefined;
        });
        // a list that is known is good enough for this search
        if (known.length === 0) await asking;
      }
      if (known.length > 0) return known;
      throw new DirectoryUnavailableError('No directory server is found in the DNS.', { domain, site });
    },
  };
}

/** A resolver that never answers must not hold up logins for ever. */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the DNS did not answer within ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** The servers of the site, and behind them those of the whole domain. */
async function find(
  { domain, site, service, security }: ServerDiscovery,
  resolver: ServiceResolver,
  logger: Logger,
): Promise<readonly RankedServer[]> {
  const names = serviceNames(service, domain, site);
  const answers = await Promise.allSettled(names.map((name) => resolver.resolveService(name)));
  const servers = new Map<string, RankedServer>();
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'rejected') {
      logger.info('directory-discovery-empty', { name: names[index], error: answer.reason });
      continue;
    }
    for (const record of answer.value) {
      const server = serverOf(record, domain, security);
      if (server === undefined) logger.warn('directory-discovery-name-refused', { domain, target: record.target });
      else if (!servers.has(server.url) && servers.size < mostServers) {
        // priorities have 16 bits: those of the site stand before all others
        servers.set(server.url, { ...server, priority: record.priority + index * 65_536, weight: record.weight });
      }
    }
  }
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (servers.size === 0 && failure) throw failure.reason;
  return [...servers.values()];
}

/** MS-ADTS 6.3.2.3: the records a domain controller registers. */
function serviceNames(service: ServerDiscovery['service'], domain: string, site: string | undefined): string[] {
  const [protocol, zone] = {
    domainController: ['_ldap._tcp', `dc._msdcs.${domain}`],
    globalCatalog: ['_gc._tcp', domain],
    ldap: ['_ldap._tcp', domain],
  }[service];
  const whole = `${protocol}.${zone}`;
  return site === undefined ? [whole] : [`${protocol}.${site}._sites.${zone}`, whole];
}

/** @returns undefined when the name is malformed or lies outside the domain; a dot alone says that there is no such service */
function serverOf(record: ServiceRecord, domain: string, security: 'ldaps' | 'startTls'): LdapServer | undefined {
  const host = record.target.replace(/\.$/, '').toLowerCase();
  if (!dnsName.test(host) || !host.endsWith(`.${domain.toLowerCase()}`)) return undefined;
  if (!Number.isInteger(record.port) || record.port < 1 || record.port > 65_535) return undefined;
  const port = security === 'ldaps' ? (secureTwin[record.port] ?? record.port) : record.port;
  return parseServer(`${security === 'ldaps' ? 'ldaps' : 'ldap'}://${host}:${port}`);
}
