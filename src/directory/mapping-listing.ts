/**
 * Lists what accounts say about certificates, page by page over a connection of its own, for an administrator who looks for mistakes.
 * It takes part in no login.
 */
import type { Filter } from 'ldapts';
import { sidFromBinary } from './active-directory/sid.ts';
import type { ConnectionPool } from './connection/connection-pool.ts';
import { ConnectionLostError, SearchRefusedError } from './connection/ldap-connection.ts';
import { DirectoryAnswerError, DirectoryUnavailableError, type StoredMapping } from './directory.ts';
import type { LdapEntry } from './ldap-entry.ts';
import { allOf, anyOf, present } from './search-filter.ts';

export interface MappingListingOptions {
  /** Accounts are listed below this entry. */
  readonly base: string;
  /** What accounts are. */
  readonly filter: Filter;
  readonly accountName: string;
  /** Attribute with the mappings; without it only stored certificates are listed. */
  readonly altSecurityIdentities?: string | undefined;
  readonly sid?: string | undefined;
}

/** Domain controllers answer with no more than 1000 entries at a time (MaxPageSize). */
const pageSize = 500;
/** RFC 4511 4.1.9. */
const sizeLimitExceeded = 4;
const certificate = 'userCertificate';
/** Set on members of the groups that the directory protects, and left behind on former ones. */
const adminCount = 'adminCount';

/**
 * @returns a listing of at most `limit` entries that hold a mapping, page by page (RFC 2696); it rejects with
 *   DirectoryUnavailableError or DirectoryAnswerError
 */
export function createMappingListing(
  servers: Pick<ConnectionPool, 'openBound' | 'operationTimeout'>,
  options: MappingListingOptions,
): (limit: number) => AsyncGenerator<StoredMapping> {
  const { base, filter, altSecurityIdentities, sid } = options;
  const mappings = [certificate, ...(altSecurityIdentities === undefined ? [] : [altSecurityIdentities])];
  const request = {
    base,
    scope: 'sub',
    filter: allOf(filter, anyOf(mappings.map(present))),
    attributes: [options.accountName, adminCount, ...mappings, ...(sid === undefined ? [] : [sid])],
    sizeLimit: pageSize,
  } as const;

  return async function* listMappings(limit) {
    const connection = await servers.openBound();
    let left = limit;
    try {
      for await (const page of connection.searchPages(request, servers.operationTimeout)) {
        for (const entry of page) {
          if (left === 0) return;
          left -= 1;
          yield storedMapping(entry, options);
        }
      }
    } catch (cause) {
      if (cause instanceof SearchRefusedError && cause.resultCode === sizeLimitExceeded) {
        throw new DirectoryAnswerError(
          `The server ends its lists after ${limit - left} accounts: allow the bind account more (OpenLDAP: limits … size.prtotal).`,
          { base },
        );
      }
      if (!(cause instanceof ConnectionLostError) && !(cause instanceof SearchRefusedError)) throw cause;
      throw new DirectoryUnavailableError('The directory did not list its mappings to the end.', {}, { cause });
    } finally {
      connection.close();
    }
  };
}

/** @throws DirectoryAnswerError when a value cannot be read */
function storedMapping(entry: LdapEntry, options: MappingListingOptions): StoredMapping {
  const { altSecurityIdentities } = options;
  const octets = options.sid === undefined ? undefined : entry.octets(options.sid)[0];
  const sid = octets && sidFromBinary(octets);
  if (octets && sid === undefined) {
    throw new DirectoryAnswerError(`The SID of ${entry.distinguishedName} cannot be read.`);
  }
  return {
    distinguishedName: entry.distinguishedName,
    accountName: entry.texts(options.accountName)[0] ?? entry.distinguishedName,
    sid,
    altSecurityIdentities: altSecurityIdentities === undefined ? [] : entry.texts(altSecurityIdentities),
    certificates: entry.octets(certificate),
    isProtected: entry.texts(adminCount)[0] === '1',
  };
}
