/**
 * Active Directory as a directory port: one search brings an account with all that is judged, one more its groups. State comes
 * from a domain controller of the account's own domain, never from a global catalog, which does not hold it.
 */
import type { Filter } from 'ldapts';
import { ConnectionPool, type ConnectionPoolOptions } from '../connection/connection-pool.ts';
import { createServiceResolver } from '../connection/service-resolver.ts';
import {
  type AccountLookup,
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  type Group,
  type LookupKind,
  type LookupOptions,
  type PasswordAnswer,
} from '../directory.ts';
import { FoundAccounts, questionOf } from '../found-accounts.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import { createMappingListing } from '../mapping-listing.ts';
import { createPasswordCheck, type PasswordCheckOptions } from '../password-check.ts';
import { activeDirectoryPasswords } from '../password-dialects.ts';
import { allOf, anyOf, attributesOfTree, attributeValues, equals, filterOfTree } from '../search-filter.ts';
import { type AccountReading, accountAttributes, accountFrom } from './active-directory-account.ts';
import { Forest, knownAccount, type OpenServers, person } from './active-directory-forest.ts';
import { nameGroups, readTokenGroups, tokenGroupsOf } from './active-directory-groups.ts';
import type { ActiveDirectorySettings } from './active-directory-settings.ts';
import { dnsDomainOf } from './domain-of-name.ts';
import { sidToBinary } from './sid.ts';

export interface ActiveDirectoryOptions extends ConnectionPoolOptions, PasswordCheckOptions {
  readonly settings: ActiveDirectorySettings;
}

const lookups: ReadonlySet<LookupKind> = new Set([
  'sid',
  'altSecurityIdentities',
  'userPrincipalName',
  'samAccountName',
  'certificate',
  'filter',
]);
/** Accounts with one login name at which the search is given up. */
const mostNamesakes = 8;

/**
 * @param open for tests: connects to servers
 * @throws TypeError when an option cannot be used
 */
export function createActiveDirectory(
  options: ActiveDirectoryOptions,
  open: OpenServers = openWith(options),
): Directory {
  const { settings } = options;
  const { name, searchBase, globalCatalog, resolveGroupNames, lookupCacheTime } = settings;
  const dnsDomain = dnsDomainOf(searchBase);
  if (dnsDomain === undefined)
    throw new TypeError(`${searchBase} does not end in the name of a domain, such as DC=corp`);
  const domainName = dnsDomain
    .split('.')
    .map((label) => `DC=${label}`)
    .join(',');
  const forest = new Forest(dnsDomain, settings, globalCatalog, open);
  const reading = readingOf(settings, dnsDomain);
  const attributes = accountAttributes(reading);
  const defaultBase = globalCatalog ? '' : searchBase;

  const known = new FoundAccounts(lookupCacheTime);
  /** Groups that came with the account. */
  const groupsOf = new WeakMap<DirectoryAccount, readonly string[]>();

  async function find(
    question: string,
    filter: Filter,
    limit: number,
    base: string,
    further: readonly string[],
    only?: { readonly dnsDomain: string },
  ) {
    const whole = allOf(...person, filter);
    const wanted = [...new Set([...attributes, ...further])];
    const key = `${base}\n${question}`;
    const before = known.recall(key);
    const again = before && (await forest.readAgain(before, whole, wanted));
    if (again?.length === 1) return again;
    const found = await forest.findAccounts({ base, filter: whole, attributes: wanted, sizeLimit: limit, ...only });
    const [first, ...more] = found;
    if (first && more.length === 0) known.remember(key, knownAccount(first));
    else known.forget(key);
    return found;
  }

  function accountOf(entry: LdapEntry, further: readonly string[] | undefined): DirectoryAccount {
    const account = { ...accountFrom(entry, reading), attributes: further && attributeValues(entry, further) };
    const groups = tokenGroupsOf(entry);
    if (groups) groupsOf.set(account, groups);
    return account;
  }

  async function findAccounts(
    lookup: AccountLookup,
    limit: number,
    { base = defaultBase }: LookupOptions = {},
  ): Promise<readonly DirectoryAccount[]> {
    const filter = filterOf(lookup);
    if (filter === undefined) return [];
    const further = lookup.by === 'filter' ? attributesOfTree(lookup.filter) : undefined;
    const only = lookup.by === 'samAccountName' ? { dnsDomain: lookup.dnsDomain } : undefined;
    const found = await find(questionOf(lookup), filter, limit, base, further ?? [], only);
    const accounts = found.map((entry) => accountOf(entry, further));
    if (!only) return accounts;
    const domain = only.dnsDomain.toLowerCase();
    return accounts.filter((account) => account.dnsDomain?.toLowerCase() === domain);
  }

  async function findByLoginName(loginName: string): Promise<readonly DirectoryAccount[]> {
    const found = await find(`name ${loginName}`, loginNameFilter(loginName), mostNamesakes, defaultBase, []);
    if (found.length >= mostNamesakes) throw new DirectoryAnswerError('Too many accounts have one login name.', {});
    return found.map((entry) => accountOf(entry, undefined));
  }

  async function readGroups(account: DirectoryAccount): Promise<readonly Group[]> {
    const sids = groupsOf.get(account) ?? (await readTokenGroups(forest, account));
    return resolveGroupNames ? nameGroups(forest, domainName, sids) : sids.map((sid) => ({ sid }));
  }

  const storedMappings = {
    base: domainName,
    filter: allOf(...person),
    accountName: 'sAMAccountName',
    altSecurityIdentities: 'altSecurityIdentities',
    sid: 'objectSid',
  };
  const checks = new Map<unknown, (account: DirectoryAccount, password: string) => Promise<PasswordAnswer>>();
  async function verifyPassword(account: DirectoryAccount, password: string): Promise<PasswordAnswer> {
    const servers = forest.serversOf(account.distinguishedName);
    const check = checks.get(servers) ?? createPasswordCheck(servers, activeDirectoryPasswords, options);
    checks.set(servers, check);
    return check(account, password);
  }

  return {
    name,
    kind: 'activeDirectory',
    lookups,
    findAccounts,
    readGroups,
    findByLoginName,
    verifyPassword,
    listMappings: (limit) => createMappingListing(forest.serversOf(domainName), storedMappings)(limit),
    close: () => forest.close(),
  };
}

/** Servers without a resolver of their own are looked up where those of the directory are. */
function openWith(options: ActiveDirectoryOptions): OpenServers {
  const { discovery: own } = options.settings;
  const lookup = own && createServiceResolver(own.dnsServers).lookup;
  return ({ servers, discovery }) =>
    new ConnectionPool({ ...options, lookup, settings: { ...options.settings, servers, discovery } });
}

function readingOf(settings: ActiveDirectorySettings, dnsDomain: string): AccountReading {
  const domains = [{ dnsDomain, netbiosName: settings.netbiosName }, ...(settings.globalCatalog?.domains ?? [])];
  return {
    directory: settings.name,
    netbiosNames: new Map(
      domains.flatMap((domain) =>
        domain.netbiosName === undefined ? [] : [[domain.dnsDomain.toLowerCase(), domain.netbiosName]],
      ),
    ),
    home: settings.homeDirectoryFrom === 'iisFtp' ? 'iisFtp' : { attribute: settings.homeDirectoryAttribute },
  };
}

/** The account name behind `DOMAIN\` or before an `@`, or the user principal name; the caller compares the whole name again. */
function loginNameFilter(loginName: string): Filter {
  const accountName = /^[^\\@]+\\([^\\@]+)$/.exec(loginName)?.[1] ?? /^([^\\@]+)@[^\\@]+$/.exec(loginName)?.[1];
  const byAccountName = equals('sAMAccountName', accountName ?? loginName);
  return loginName.includes('@') ? anyOf([byAccountName, equals('userPrincipalName', loginName)]) : byAccountName;
}

/** @returns undefined when nothing in Active Directory can have this value */
function filterOf(lookup: AccountLookup): Filter | undefined {
  switch (lookup.by) {
    case 'sid': {
      const sid = sidToBinary(lookup.sid);
      return sid && equals('objectSid', sid);
    }
    case 'altSecurityIdentities':
      return anyOf(lookup.values.map((value) => equals('altSecurityIdentities', value)));
    case 'userPrincipalName':
      return equals('userPrincipalName', lookup.userPrincipalName);
    case 'samAccountName':
      return equals('sAMAccountName', lookup.samAccountName);
    case 'certificate':
      // an octet string here: no certificateExactMatch, and not indexed by default
      return equals('userCertificate', lookup.der);
    case 'filter':
      return filterOfTree(lookup.filter);
  }
}
