/**
 * OpenLDAP and its kin as a directory port. Attribute names are the site's; a certificate is looked up by issuer and serial
 * (certificateExactMatch) or by a stored fingerprint; the caller compares it octet by octet.
 */
import type { Filter } from 'ldapts';
import type { AccountState } from './account-state.ts';
import { sidFromBinary, sidToBinary } from './active-directory/sid.ts';
import { certificateExactAssertion } from './certificate-exact-assertion.ts';
import { ConnectionPool, type ConnectionPoolOptions } from './connection/connection-pool.ts';
import {
  type AccountLookup,
  type Directory,
  type DirectoryAccount,
  DirectoryAnswerError,
  type LookupKind,
  type LookupOptions,
} from './directory.ts';
import { dateFromGeneralizedTime } from './generalized-time.ts';
import type { LdapEntry } from './ldap-entry.ts';
import { createGroupReader } from './ldap-groups.ts';
import type { LdapSettings } from './ldap-settings.ts';
import { ldapStateAttributes, ldapStateFrom } from './ldap-state.ts';
import { createMappingListing } from './mapping-listing.ts';
import { createPasswordCheck, type PasswordCheckOptions } from './password-check.ts';
import { ldapPasswords } from './password-dialects.ts';
import { allOf, anyOf, attributesOfTree, attributeValues, equals, filterOfTree } from './search-filter.ts';

export interface LdapDirectoryOptions extends ConnectionPoolOptions, PasswordCheckOptions {
  readonly settings: LdapSettings;
}

/** Accounts with one login name at which the search is given up. */
const mostNamesakes = 8;

/**
 * @param pool for measurements: what connects to the servers
 * @throws TypeError when an option cannot be used
 */
export function createLdapDirectory(options: LdapDirectoryOptions, pool = new ConnectionPool(options)): Directory {
  const { settings } = options;
  const { name: directory, searchBase } = settings;
  const names = attributeNames(settings);
  const people = equals('objectClass', settings.accountObjectClass);
  const attributes = [...Object.values(names), ...ldapStateAttributes, 'createTimestamp'].filter(
    (name) => name !== undefined,
  );

  async function findAccounts(
    lookup: AccountLookup,
    limit: number,
    { base = searchBase }: LookupOptions = {},
  ): Promise<readonly DirectoryAccount[]> {
    const filter = filterOf(lookup, names, settings.certificateMatching);
    if (filter === undefined) return [];
    const further = lookup.by === 'filter' ? attributesOfTree(lookup.filter) : [];
    const found = await pool.search({
      base,
      scope: 'sub',
      filter: allOf(people, filter),
      attributes: [...new Set([...attributes, ...further])],
      sizeLimit: limit,
    });
    return Promise.all(
      found.slice(0, limit).map(async (entry) => ({
        ...accountFrom(entry, names, directory, await ldapStateFrom(entry, pool, settings), lookup),
        ...(lookup.by === 'filter' && { attributes: attributeValues(entry, further) }),
      })),
    );
  }

  async function findByLoginName(name: string): Promise<readonly DirectoryAccount[]> {
    const { accountName, userPrincipalName } = names;
    const attributesWithNames = userPrincipalName === undefined ? [accountName] : [accountName, userPrincipalName];
    const found = await pool.search({
      base: searchBase,
      scope: 'sub',
      filter: allOf(people, anyOf(attributesWithNames.map((attribute) => equals(attribute, name)))),
      attributes,
      sizeLimit: mostNamesakes,
    });
    if (found.length >= mostNamesakes) throw new DirectoryAnswerError('Too many accounts have one login name.', {});
    return Promise.all(
      found.map(async (entry) => accountFrom(entry, names, directory, await ldapStateFrom(entry, pool, settings))),
    );
  }

  return {
    name: directory,
    kind: 'ldap',
    lookups: lookupsWith(names),
    mappingSpelling: names.altSecurityIdentities?.toLowerCase() === 'ipacertmapdata' ? 'freeIpa' : 'activeDirectory',
    findAccounts,
    readGroups: createGroupReader(pool, settings.groups),
    findByLoginName,
    verifyPassword: createPasswordCheck(pool, ldapPasswords, options),
    listMappings: createMappingListing(pool, {
      base: searchBase,
      filter: people,
      accountName: names.accountName,
      altSecurityIdentities: names.altSecurityIdentities,
      sid: names.sid,
    }),
    close: () => pool.close(),
  };
}

interface AttributeNames {
  readonly accountName: string;
  readonly id: string;
  readonly certificate: string;
  readonly homeDirectory: string;
  readonly userPrincipalName: string | undefined;
  readonly altSecurityIdentities: string | undefined;
  readonly sid: string | undefined;
  readonly fingerprint: string | undefined;
}

function attributeNames(settings: LdapSettings): AttributeNames {
  return {
    accountName: settings.accountNameAttribute,
    id: settings.idAttribute,
    certificate: 'userCertificate',
    homeDirectory: settings.homeDirectoryAttribute,
    userPrincipalName: settings.userPrincipalNameAttribute,
    altSecurityIdentities: settings.altSecurityIdentitiesAttribute,
    sid: settings.sidAttribute,
    fingerprint: settings.fingerprintAttribute,
  };
}

function lookupsWith(names: AttributeNames): ReadonlySet<LookupKind> {
  return new Set<LookupKind>([
    'certificate',
    'filter',
    ...(names.sid === undefined ? [] : (['sid'] as const)),
    ...(names.altSecurityIdentities === undefined ? [] : (['altSecurityIdentities'] as const)),
    ...(names.userPrincipalName === undefined ? [] : (['userPrincipalName'] as const)),
  ]);
}

/** @returns undefined when no attribute can answer, or nothing can have this value */
function filterOf(
  lookup: AccountLookup,
  names: AttributeNames,
  matching: LdapSettings['certificateMatching'],
): Filter | undefined {
  switch (lookup.by) {
    case 'sid': {
      const sid = sidToBinary(lookup.sid);
      return sid && names.sid !== undefined ? equals(names.sid, sid) : undefined;
    }
    case 'altSecurityIdentities': {
      const { altSecurityIdentities } = names;
      return altSecurityIdentities === undefined
        ? undefined
        : anyOf(lookup.values.map((value) => equals(altSecurityIdentities, value)));
    }
    case 'userPrincipalName':
      return names.userPrincipalName === undefined
        ? undefined
        : equals(names.userPrincipalName, lookup.userPrincipalName);
    case 'samAccountName':
      return undefined;
    case 'certificate': {
      const assertion = matching === 'octets' ? lookup.der : certificateExactAssertion(lookup);
      const ways = [
        ...(assertion === undefined ? [] : [equals(names.certificate, assertion)]),
        ...(names.fingerprint === undefined ? [] : [equals(names.fingerprint, lookup.sha256)]),
      ];
      return ways.length > 0 ? anyOf(ways) : undefined;
    }
    case 'filter':
      return filterOfTree(lookup.filter);
  }
}

function accountFrom(
  entry: LdapEntry,
  names: AttributeNames,
  directory: string,
  state: AccountState,
  lookup?: AccountLookup,
): DirectoryAccount {
  const accountName = entry.requiredText(names.accountName);
  const texts = (name: string | undefined) => (name === undefined ? [] : entry.texts(name));
  const userPrincipalNames = texts(names.userPrincipalName);
  const sid = names.sid === undefined ? undefined : readSid(entry, names.sid);
  const createdAt = entry.read('createTimestamp', dateFromGeneralizedTime);
  const homeDirectory = entry.text(names.homeDirectory);
  // mail may have several values: the one that was asked for is the one to compare again
  const asked = lookup?.by === 'userPrincipalName' ? lookup.userPrincipalName.toLowerCase() : undefined;
  const userPrincipalName = userPrincipalNames.find((value) => value.toLowerCase() === asked) ?? userPrincipalNames[0];
  return {
    directory,
    id: entry.requiredText(names.id),
    distinguishedName: entry.distinguishedName,
    accountName,
    loginNames: [accountName, ...userPrincipalNames],
    sid,
    userPrincipalName,
    altSecurityIdentities: texts(names.altSecurityIdentities),
    certificates: entry.octets(names.certificate),
    certificateFingerprints: texts(names.fingerprint).map((text) => text.toLowerCase()),
    createdAt,
    homeDirectory,
    state,
  };
}

function readSid(entry: LdapEntry, attribute: string): string | undefined {
  const [octets, ...more] = entry.octets(attribute);
  if (octets === undefined) return undefined;
  const sid = more.length === 0 ? sidFromBinary(octets) : undefined;
  if (sid === undefined) throw entry.unreadable(attribute, 'is not one SID');
  return sid;
}
