/**
 * Active Directory as a directory port: one search brings an account with all that is judged, one more its groups. It asks a
 * domain controller of the accounts' own domain, never a global catalog, which does not hold the account's state.
 */
import type { Filter } from 'ldapts';
import { accountStateFrom, stateAttributes } from './active-directory-state.ts';
import { ConnectionPool, type ConnectionPoolOptions } from './connection-pool.ts';
import {
  type AccountLookup,
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  type Group,
  type LookupKind,
  type LookupOptions,
} from './directory.ts';
import { dnsDomainOf } from './domain-of-name.ts';
import { dateFromGeneralizedTime } from './generalized-time.ts';
import type { LdapEntry } from './ldap-entry.ts';
import { parseServer } from './ldap-transport.ts';
import { allOf, anyOf, attributesOfTree, attributeValues, equals, filterOfTree } from './search-filter.ts';
import { sidFromBinary, sidToBinary } from './sid.ts';

export interface ActiveDirectoryOptions extends ConnectionPoolOptions {
  /** How rules and records call this directory. */
  readonly name: string;
  /** Distinguished name of the domain or of a container in it, such as `DC=corp,DC=example`. */
  readonly searchBase: string;
  /** NetBIOS name of the domain, for `DOMAIN\name` in USER. Default: the first label of the account's DNS domain. */
  readonly netbiosName?: string;
  /** Attribute with the home directory. Default `unixHomeDirectory`. */
  readonly homeDirectoryAttribute?: string;
}

const globalCatalogPorts: ReadonlySet<number> = new Set([3268, 3269]);
const lookups: ReadonlySet<LookupKind> = new Set([
  'sid',
  'altSecurityIdentities',
  'userPrincipalName',
  'samAccountName',
  'certificate',
  'filter',
]);
/** People only: computers are of class user too, and have another category; contacts have the category and not the class. */
const person = [equals('objectCategory', 'person'), equals('objectClass', 'user')];
const identityAttributes = [
  'objectGUID',
  'objectSid',
  'sAMAccountName',
  'userPrincipalName',
  'altSecurityIdentities',
  'userCertificate',
  'whenCreated',
];

/** @throws TypeError when an option cannot be used */
export function createActiveDirectory(options: ActiveDirectoryOptions): Directory {
  for (const server of options.servers ?? []) {
    const url = typeof server === 'string' ? server : server.url;
    if (globalCatalogPorts.has(parseServer(url).port)) {
      throw new TypeError(`${url} is a global catalog, which does not hold whether accounts expire or are locked`);
    }
  }
  const pool = new ConnectionPool(options);
  const homeDirectoryAttribute = options.homeDirectoryAttribute ?? 'unixHomeDirectory';
  const attributes = [...identityAttributes, ...stateAttributes, homeDirectoryAttribute];

  async function findAccounts(
    lookup: AccountLookup,
    limit: number,
    { base = options.searchBase }: LookupOptions = {},
  ): Promise<readonly DirectoryAccount[]> {
    const filter = filterOf(lookup);
    if (filter === undefined) return [];
    const further = lookup.by === 'filter' ? attributesOfTree(lookup.filter) : [];
    const found = await pool.search({
      base,
      scope: 'sub',
      filter: allOf(...person, filter),
      attributes: [...new Set([...attributes, ...further])],
      sizeLimit: limit,
    });
    // Samba ignores size limits
    const accounts = found.slice(0, limit).map((entry) => ({
      ...accountFrom(entry, options, homeDirectoryAttribute),
      ...(lookup.by === 'filter' && { attributes: attributeValues(entry, further) }),
    }));
    if (lookup.by !== 'samAccountName') return accounts;
    const domain = lookup.dnsDomain.toLowerCase();
    return accounts.filter((account) => account.dnsDomain?.toLowerCase() === domain);
  }

  async function readGroups(account: DirectoryAccount): Promise<readonly Group[]> {
    const { distinguishedName } = account;
    const [entry] = await pool.search({
      // by SID, so that an account renamed or moved meanwhile is still itself
      base: account.sid === undefined ? distinguishedName : `<SID=${account.sid}>`,
      scope: 'base',
      filter: equals('objectClass', 'user'),
      attributes: ['tokenGroups'],
      sizeLimit: 1,
    });
    const sids = entry?.octets('tokenGroups') ?? [];
    // the primary group is always among them
    if (sids.length === 0) {
      throw new DirectoryAnswerError('The directory did not say which groups the account is in.', {
        distinguishedName,
      });
    }
    return sids.map((octets) => {
      const sid = sidFromBinary(octets);
      if (sid === undefined) {
        throw new DirectoryAnswerError('A group of the account has an unreadable SID.', { distinguishedName });
      }
      return { sid };
    });
  }

  return { name: options.name, kind: 'activeDirectory', lookups, findAccounts, readGroups, close: () => pool.close() };
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

function accountFrom(
  entry: LdapEntry,
  { name, netbiosName }: ActiveDirectoryOptions,
  homeDirectoryAttribute: string,
): DirectoryAccount {
  const guid = entry.octets('objectGUID')[0];
  if (guid?.length !== 16) throw entry.unreadable('objectGUID', 'is not 16 octets');
  const sid = sidFromBinary(entry.octets('objectSid')[0] ?? Buffer.alloc(0));
  if (sid === undefined) throw entry.unreadable('objectSid', 'is not a SID');
  const accountName = entry.requiredText('sAMAccountName');
  const userPrincipalName = entry.text('userPrincipalName');
  const dnsDomain = dnsDomainOf(entry.distinguishedName);
  const createdAt = entry.read('whenCreated', dateFromGeneralizedTime);
  const homeDirectory = entry.text(homeDirectoryAttribute);
  const domain = netbiosName ?? dnsDomain?.split('.')[0];
  return {
    directory: name,
    id: guidText(guid),
    distinguishedName: entry.distinguishedName,
    accountName,
    loginNames: [
      accountName,
      ...(userPrincipalName === undefined ? [] : [userPrincipalName]),
      ...(dnsDomain === undefined ? [] : [`${accountName}@${dnsDomain}`]),
      ...(domain === undefined ? [] : [`${domain}\\${accountName}`]),
    ],
    sid,
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    ...(dnsDomain !== undefined && { dnsDomain }),
    altSecurityIdentities: entry.texts('altSecurityIdentities'),
    certificates: entry.octets('userCertificate'),
    certificateFingerprints: [],
    ...(createdAt && { createdAt }),
    ...(homeDirectory !== undefined && { homeDirectory }),
    state: accountStateFrom(entry),
  };
}

/** The first three fields of a GUID are little-endian (MS-DTYP 2.3.4). */
function guidText(guid: Buffer): string {
  const hex = (from: number, to: number) => guid.subarray(from, to).toString('hex');
  const reversed = (from: number, to: number) => Buffer.from(guid.subarray(from, to)).reverse().toString('hex');
  return [reversed(0, 4), reversed(4, 6), reversed(6, 8), hex(8, 10), hex(10, 16)].join('-');
}
