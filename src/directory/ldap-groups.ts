/** Groups of an account outside Active Directory: by searching for groups that hold it, level by level, or from its memberOf. */
import type { ConnectionPool } from './connection/connection-pool.ts';
import { type Directory, type DirectoryAccount, DirectoryAnswerError, type Group } from './directory.ts';
import type { GroupSettings } from './ldap-settings.ts';
import { allOf, anyEntry, anyOf, equals } from './search-filter.ts';

/** More is refused rather than cut off: a group that is missing may be one that a Deny rule names. */
const mostGroups = 1000;
const deepestNesting = 16;

/**
 * @param settings absent: the groups are those that memberOf names
 * @returns a reader that rejects with DirectoryUnavailableError, and with DirectoryAnswerError for more than 1000 groups or 16
 *   levels
 */
export function createGroupReader(pool: ConnectionPool, settings: GroupSettings | undefined): Directory['readGroups'] {
  return settings ? (account) => searchGroups(pool, settings, account) : (account) => readMemberOf(pool, account);
}

async function searchGroups(
  pool: ConnectionPool,
  settings: GroupSettings,
  account: DirectoryAccount,
): Promise<readonly Group[]> {
  const { searchBase: base, objectClass, memberAttribute, memberValue } = settings;
  const groups = new Map<string, Group>();
  const membersOfNextLevel = [memberValue === 'accountName' ? account.accountName : account.distinguishedName];
  for (let depth = 0; membersOfNextLevel.length > 0; depth += 1) {
    if (depth === deepestNesting) throw tooMany(account, `are nested more than ${deepestNesting} deep`);
    const members = membersOfNextLevel.splice(0);
    const found = await pool.search({
      base,
      scope: 'sub',
      filter: allOf(
        equals('objectClass', objectClass),
        anyOf(members.map((member) => equals(memberAttribute, member))),
      ),
      attributes: ['cn'],
      sizeLimit: mostGroups + 1,
    });
    for (const entry of found) {
      const { distinguishedName } = entry;
      if (groups.has(distinguishedName)) continue;
      const [name] = entry.texts('cn');
      groups.set(distinguishedName, name === undefined ? { distinguishedName } : { distinguishedName, name });
      // groups hold account names or groups, not both
      if (memberValue === 'distinguishedName') membersOfNextLevel.push(distinguishedName);
    }
    if (groups.size > mostGroups) throw tooMany(account, `are more than ${mostGroups}`);
  }
  return [...groups.values()];
}

async function readMemberOf(pool: ConnectionPool, account: DirectoryAccount): Promise<readonly Group[]> {
  const [entry] = await pool.search({
    base: account.distinguishedName,
    scope: 'base',
    filter: anyEntry,
    attributes: ['memberOf'],
    sizeLimit: 1,
  });
  if (!entry) {
    throw new DirectoryAnswerError('The account is gone from the directory.', {
      distinguishedName: account.distinguishedName,
    });
  }
  return entry.texts('memberOf').map((distinguishedName) => ({ distinguishedName }));
}

function tooMany(account: DirectoryAccount, complaint: string): DirectoryAnswerError {
  return new DirectoryAnswerError(`The groups of the account ${complaint}.`, {
    distinguishedName: account.distinguishedName,
  });
}
