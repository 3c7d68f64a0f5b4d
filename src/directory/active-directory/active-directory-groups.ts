/**
 * The groups of an Active Directory account: tokenGroups has the SIDs of all it is in, nested ones and the primary group
 * included. Their names are asked for only where the site's rules speak of groups by name.
 */

import { type DirectoryAccount, DirectoryAnswerError, type Group } from '../directory.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import { anyOf, equals } from '../search-filter.ts';
import type { Forest } from './active-directory-forest.ts';
import { sidFromBinary, sidToBinary } from './sid.ts';

/** Domain controllers return no more entries than 1000, and no Kerberos token has more groups. */
const mostGroups = 1000;

/** @throws DirectoryUnavailableError | DirectoryAnswerError */
export async function readTokenGroups(forest: Forest, account: DirectoryAccount): Promise<readonly string[]> {
  const { distinguishedName } = account;
  const [entry] = await forest.serversOf(distinguishedName).search({
    // by SID, so that an account renamed or moved meanwhile is still itself
    base: account.sid === undefined ? distinguishedName : `<SID=${account.sid}>`,
    scope: 'base',
    filter: equals('objectClass', 'user'),
    attributes: ['tokenGroups'],
    sizeLimit: 1,
  });
  const groups = entry && tokenGroupsOf(entry);
  if (groups) return groups;
  throw new DirectoryAnswerError('The directory did not say which groups the account is in.', { distinguishedName });
}

/**
 * @returns undefined when the entry has none: the primary group is always among them, so they were not asked for or not shown
 * @throws DirectoryAnswerError when a SID cannot be read
 */
export function tokenGroupsOf(entry: LdapEntry): readonly string[] | undefined {
  const groups = entry.octets('tokenGroups').map((octets) => {
    const sid = sidFromBinary(octets);
    if (sid === undefined) throw entry.unreadable('tokenGroups', 'has a SID that cannot be read');
    return sid;
  });
  return groups.length > 0 ? groups : undefined;
}

/**
 * The groups with their names, by one search. A SID that no group is found for keeps only its SID.
 * @param domainName distinguished name of the domain
 * @throws DirectoryUnavailableError | DirectoryAnswerError
 */
export async function nameGroups(
  forest: Forest,
  domainName: string,
  sids: readonly string[],
): Promise<readonly Group[]> {
  if (sids.length > mostGroups) {
    throw new DirectoryAnswerError(`The account is in more than ${mostGroups} groups.`, { groups: sids.length });
  }
  const { servers, base } = forest.everywhere(domainName);
  const filters = sids.flatMap((sid) => {
    const octets = sidToBinary(sid);
    return octets ? [equals('objectSid', octets)] : [];
  });
  const found = await servers.search({
    base,
    scope: 'sub',
    filter: anyOf(filters),
    attributes: ['objectSid', 'sAMAccountName'],
    sizeLimit: sids.length,
  });
  const named = new Map<string | undefined, Group>();
  for (const entry of found) {
    const sid = sidFromBinary(entry.octets('objectSid')[0] ?? Buffer.alloc(0));
    const name = entry.text('sAMAccountName');
    named.set(sid, { distinguishedName: entry.distinguishedName, name });
  }
  return sids.map((sid) => ({ ...named.get(sid), sid }));
}
