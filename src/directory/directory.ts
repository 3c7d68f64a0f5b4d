/**
 * The directory port: what cardgate asks of Active Directory, another LDAP directory, or its own account file.
 * Adapters turn look-ups into searches; they decide nothing about logins, and mapping compares what they return again.
 */
import type { Denial } from '../denial.ts';
import type { Facts } from '../explanation/steps.ts';
import type { AccountState } from './account-state.ts';

/** How an account can be found from a certificate. Values come from validated certificates, yet are still hostile text. */
export type AccountLookup =
  | { readonly by: 'sid'; readonly sid: string }
  /** Any of these values, in the spelling of MS-PKCA (`X509:<I>…<SR>…`). */
  | { readonly by: 'altSecurityIdentities'; readonly values: readonly string[] }
  | { readonly by: 'userPrincipalName'; readonly userPrincipalName: string }
  /** The implicit user principal name: name@dns-domain of the account. */
  | { readonly by: 'samAccountName'; readonly samAccountName: string; readonly dnsDomain: string }
  /** The account that holds exactly this certificate. */
  | {
      readonly by: 'certificate';
      readonly der: Buffer;
      readonly sha256: string;
      readonly serialNumber: bigint;
      /** RFC 4514. */
      readonly issuer: string;
    }
  /** A filter of a mapping rule, filled with facts of the certificate. */
  | { readonly by: 'filter'; readonly filter: FilterTree };

/**
 * A search filter as a structure (RFC 4511 4.5.1.7), never as text, so that no value can change it. Attribute names come from
 * the rule and carry no options; values are never empty.
 */
export type FilterTree =
  | { readonly operator: 'and' | 'or'; readonly operands: readonly FilterTree[] }
  | { readonly operator: 'not'; readonly operand: FilterTree }
  | {
      readonly operator: 'equals';
      readonly attribute: string;
      readonly value: string | Buffer;
      /** What the attribute holds where the assertion is not the value itself, as with certificateExactMatch (RFC 4523). */
      readonly stored?: Buffer | undefined;
    }
  | { readonly operator: 'present'; readonly attribute: string };

export type LookupKind = AccountLookup['by'];

export interface Group {
  readonly sid?: string;
  readonly distinguishedName?: string;
  readonly name?: string | undefined;
}

export interface DirectoryAccount {
  /** Name of the directory it was found in, as configured. */
  readonly directory: string;
  /** Stable and unique within the directory: objectGUID, entryUUID, or the name in an account file. */
  readonly id: string;
  readonly distinguishedName: string;
  /** sAMAccountName or uid: the name for home directories and records. */
  readonly accountName: string;
  /** All names by which USER may call this account. */
  readonly loginNames: readonly string[];
  readonly sid?: string | undefined;
  readonly userPrincipalName?: string | undefined;
  /** DNS name of the account's domain, where the directory is Active Directory. */
  readonly dnsDomain?: string | undefined;
  /** NetBIOS name of that domain, as configured or as the first label of its DNS name. */
  readonly netbiosDomain?: string | undefined;
  readonly altSecurityIdentities: readonly string[];
  /** DER of the certificates stored at the account. */
  readonly certificates: readonly Buffer[];
  /** SHA-256 fingerprints of certificates, lower-case hexadecimal; account files hold these instead of whole certificates. */
  readonly certificateFingerprints: readonly string[];
  readonly createdAt?: Date | undefined;
  readonly homeDirectory?: string | undefined;
  /**
   * After a look-up by filter: the values, as stored, of every attribute the filter names, by attribute name in lower case.
   * Names without values are left out.
   */
  readonly attributes?: ReadonlyMap<string, readonly Buffer[]> | undefined;
  readonly state: AccountState;
}

/** What one account says about certificates, for an administrator who looks for mistakes in it. */
export interface StoredMapping {
  readonly distinguishedName: string;
  readonly accountName: string;
  readonly sid?: string | undefined;
  readonly altSecurityIdentities: readonly string[];
  readonly certificates: readonly Buffer[];
  /** Member of a protected group (adminCount 1), where the directory tells. */
  readonly isProtected?: boolean;
}

/** How the values that map certificates write names: as Windows does in altSecurityIdentities, or as FreeIPA does in ipaCertMapData. */
export type MappingSpelling = 'activeDirectory' | 'freeIpa';

export interface LookupOptions {
  /** Distinguished name of the entry below which to look, instead of the directory's own search base. */
  readonly base?: string;
}

/** What the directory says to the password of an account. */
export type PasswordAnswer =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused'; readonly denial: Denial };

export interface Directory {
  readonly name: string;
  readonly kind: 'activeDirectory' | 'ldap' | 'file';
  /** Look-ups this directory can answer; a rule that needs another is a configuration fault. */
  readonly lookups: ReadonlySet<LookupKind>;
  /** Of the values of altSecurityIdentities, or what stands for it here. Default `activeDirectory`. */
  readonly mappingSpelling?: MappingSpelling;
  /**
   * The accounts that match, at most `limit` (two prove ambiguity). Attribute values are returned as stored.
   * @throws DirectoryUnavailableError no server answered within the deadline
   * @throws DirectoryAnswerError an entry came back that cannot be read
   */
  findAccounts(lookup: AccountLookup, limit: number, options?: LookupOptions): Promise<readonly DirectoryAccount[]>;
  /**
   * The account's groups, nested ones included.
   * @throws DirectoryUnavailableError | DirectoryAnswerError
   */
  readGroups(account: DirectoryAccount): Promise<readonly Group[]>;
  /**
   * Every account with a mapping, page by page, at most `limit`; absent where accounts hold none.
   * @throws DirectoryUnavailableError | DirectoryAnswerError
   */
  listMappings?(limit: number): AsyncIterable<StoredMapping>;
  /**
   * The accounts that a person may mean who types this name: account name, `DOMAIN\name` or user principal name. The caller
   * compares the names again. Absent: no login names an account of this directory.
   * @throws DirectoryUnavailableError | DirectoryAnswerError
   */
  findByLoginName?(name: string): Promise<readonly DirectoryAccount[]>;
  /**
   * Whether this is the account's password, and the account may use it now. Absent: the directory knows no passwords.
   * @throws DirectoryUnavailableError
   */
  verifyPassword?(account: DirectoryAccount, password: string): Promise<PasswordAnswer>;
  close(): Promise<void>;
}

/** No answer: the login cannot be decided now. */
export class DirectoryUnavailableError extends Error {
  override readonly name = 'DirectoryUnavailableError';
  readonly facts: Facts;
  constructor(message: string, facts: Facts = {}, options?: ErrorOptions) {
    super(message, options);
    this.facts = facts;
  }
}

/** An answer that cannot be believed: the login is refused. */
export class DirectoryAnswerError extends Error {
  override readonly name = 'DirectoryAnswerError';
  readonly facts: Facts;
  constructor(message: string, facts: Facts = {}, options?: ErrorOptions) {
    super(message, options);
    this.facts = facts;
  }
}
