/**
 * The domains of a forest. Accounts may be sought in a global catalog, which knows all of them but not their state; each is then
 * read again at a domain controller of its own domain, and one of a domain without servers is an answer that cannot be used.
 */
import type { Filter } from 'ldapts';
import type { ConnectionPool } from '../connection/connection-pool.ts';
import type { ServersSettings } from '../connection/connection-settings.ts';
import { parseServer } from '../connection/ldap-transport.ts';
import { DirectoryAnswerError, DirectoryUnavailableError } from '../directory.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import { equals } from '../search-filter.ts';
import { guidOf } from './active-directory-account.ts';
import type { GlobalCatalogSettings } from './active-directory-settings.ts';
import { dnsDomainOf } from './domain-of-name.ts';

/** What the forest needs of a pool of connections. */
export type DomainServers = Pick<ConnectionPool, 'search' | 'openUnbound' | 'openBound' | 'operationTimeout' | 'close'>;
export type OpenServers = (servers: ServersSettings) => DomainServers;

export interface AccountSearch {
  readonly base: string;
  readonly filter: Filter;
  readonly attributes: readonly string[];
  readonly sizeLimit: number;
  /** DNS name of the domain whose accounts alone are meant. Absent: those of every domain. */
  readonly dnsDomain?: string;
}

/** What finds an account again. */
export interface KnownAccount {
  readonly guid: string;
  readonly distinguishedName: string;
}

export function knownAccount(entry: LdapEntry): KnownAccount {
  return { guid: guidOf(entry), distinguishedName: entry.distinguishedName };
}

/** RFC 4511 appendix A.2. */
const noSuchObject = 32;
/** People only: computers are of class user too, and have another category; contacts have the category and not the class. */
export const person: readonly Filter[] = [equals('objectCategory', 'person'), equals('objectClass', 'user')];

/** Accounts that different domains have under one name; no forest has so many domains. */
const mostNamesakes = 256;
const globalCatalogPorts: ReadonlySet<number> = new Set([3268, 3269]);

export class Forest {
  /** By DNS name in lower case. */
  readonly #domains = new Map<string, DomainServers>();
  readonly #catalog: DomainServers | undefined;

  /**
   * @param own DNS name of the domain that `servers` are of
   * @throws TypeError when a domain stands twice or a global catalog stands where a domain controller must
   */
  constructor(own: string, servers: ServersSettings, catalog: GlobalCatalogSettings | undefined, open: OpenServers) {
    const { servers: listed, discovery } = servers;
    const domains = [{ dnsDomain: own, servers: listed, discovery }, ...(catalog?.domains ?? [])];
    const names = domains.map(({ dnsDomain }) => dnsDomain.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new TypeError(`the domain ${twice} stands twice in the forest`);
    for (const domain of domains) {
      demandDomainControllers(domain);
      this.#domains.set(domain.dnsDomain.toLowerCase(), open(domain));
    }
    this.#catalog = catalog && open(catalog);
  }

  /** Entries with the attributes asked for, as their own domain has them now. */
  async findAccounts(search: AccountSearch): Promise<readonly LdapEntry[]> {
    const { base, filter, attributes, sizeLimit, dnsDomain } = search;
    const catalog = this.#catalog;
    if (catalog === undefined) {
      const domain = this.serversOf(base);
      // Samba ignores size limits
      return (await domain.search({ base, scope: 'sub', filter, attributes, sizeLimit })).slice(0, sizeLimit);
    }
    // Namesakes of other domains must not crowd out the one that is meant.
    const most = dnsDomain === undefined ? sizeLimit : mostNamesakes;
    const found = await catalog.search({ base, scope: 'sub', filter, attributes: ['objectGUID'], sizeLimit: most });
    if (dnsDomain !== undefined && found.length >= most)
      throw new DirectoryAnswerError('Too many accounts of the forest have one name.', { found: found.length });
    const domain = dnsDomain?.toLowerCase();
    const read = found
      .filter((entry) => domain === undefined || dnsDomainOf(entry.distinguishedName)?.toLowerCase() === domain)
      .slice(0, sizeLimit)
      .map((entry) => this.readAgain(knownAccount(entry), equals('objectClass', 'user'), attributes));
    return (await Promise.all(read)).flat();
  }

  /** The servers of the domain that an object is in. @throws DirectoryAnswerError */
  serversOf(distinguishedName: string): DomainServers {
    const dnsDomain = dnsDomainOf(distinguishedName)?.toLowerCase();
    const servers = dnsDomain === undefined ? undefined : this.#domains.get(dnsDomain);
    if (servers) return servers;
    throw new DirectoryAnswerError('The account is in a domain that has no servers configured.', {
      distinguishedName,
      dnsDomain,
    });
  }

  /** Where objects of every domain can be found: the global catalog, or the only domain. */
  everywhere(domainName: string): { readonly servers: DomainServers; readonly base: string } {
    return this.#catalog
      ? { servers: this.#catalog, base: '' }
      : { servers: this.serversOf(domainName), base: domainName };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#domains.values(), this.#catalog].map((servers) => servers?.close()));
  }

  /**
   * An account as its own domain has it now, with the groups it is in (tokenGroups, which only such a reading brings).
   * By GUID, so that one renamed or moved meanwhile is still itself.
   * @returns empty when it is gone, or the filter does not fit it any more
   */
  async readAgain(
    { guid, distinguishedName }: KnownAccount,
    filter: Filter,
    attributes: readonly string[],
  ): Promise<readonly LdapEntry[]> {
    const request = { scope: 'base', filter, attributes: [...attributes, 'tokenGroups'], sizeLimit: 1 } as const;
    try {
      const again = await this.serversOf(distinguishedName).search({ ...request, base: `<GUID=${guid}>` });
      for (const account of again) {
        if (guidOf(account) !== guid) throw account.unreadable('objectGUID', 'is not that of the account asked for');
      }
      return again;
    } catch (error) {
      if (error instanceof DirectoryUnavailableError && error.facts['resultCode'] === noSuchObject) return [];
      throw error;
    }
  }
}

function demandDomainControllers({ servers = [], discovery }: ServersSettings): void {
  const what = 'a global catalog, which does not hold whether accounts expire or are locked';
  for (const server of servers) {
    const url = typeof server === 'string' ? server : server.url;
    if (globalCatalogPorts.has(parseServer(url).port)) throw new TypeError(`${url} is ${what}`);
  }
  if (discovery?.service === 'globalCatalog')
    throw new TypeError(`what is discovered for ${discovery.domain} is ${what}`);
}
