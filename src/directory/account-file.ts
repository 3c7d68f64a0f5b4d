/** The directory of a site without LDAP: accounts that stand in a file, known by the fingerprints of their certificates. */
import type { AccountLookup, Directory, DirectoryAccount, Group, LookupKind } from './directory.ts';

export interface FileAccount {
  /** The account's name, unique in the file without regard to ASCII case. */
  readonly name: string;
  /** SHA-256 of the account's certificates, lower-case hexadecimal. */
  readonly fingerprints: readonly string[];
  /** `S-1-…` */
  readonly sid?: string;
  readonly userPrincipalName?: string;
  /** Values such as `X509:<I>…<SR>…`. */
  readonly altSecurityIdentities?: readonly string[];
  /** Default: false. */
  readonly disabled?: boolean;
  /** From this moment on the account is refused; default: never. */
  readonly expiresAt?: Date;
  /** Names of groups. */
  readonly groups?: readonly string[];
  /** Absolute path. */
  readonly homeDirectory?: string;
}

export interface AccountFileOptions {
  /** How rules and records call this directory. */
  readonly name: string;
  readonly accounts: readonly FileAccount[];
}

const lookups: ReadonlySet<LookupKind> = new Set(['sid', 'altSecurityIdentities', 'userPrincipalName', 'certificate']);

/** @throws TypeError when two accounts have the same name */
export function createAccountFile(options: AccountFileOptions): Directory {
  const groups = new Map<string, readonly Group[]>();
  const accounts = options.accounts.map((entry) => {
    const account = directoryAccount(options.name, entry);
    if (groups.has(account.id)) throw new TypeError(`account ${entry.name} stands twice in ${options.name}`);
    groups.set(
      account.id,
      (entry.groups ?? []).map((name) => ({ name })),
    );
    return account;
  });
  return {
    name: options.name,
    kind: 'file',
    lookups,
    findAccounts: async (lookup, limit) => accounts.filter((account) => matches(account, lookup)).slice(0, limit),
    readGroups: async (account) => groups.get(account.id) ?? [],
    close: async () => undefined,
  };
}

function directoryAccount(directory: string, entry: FileAccount): DirectoryAccount {
  const { name, sid, userPrincipalName, homeDirectory, expiresAt } = entry;
  return {
    directory,
    id: asciiLowerCase(name),
    distinguishedName: name,
    accountName: name,
    loginNames: userPrincipalName === undefined ? [name] : [name, userPrincipalName],
    ...(sid !== undefined && { sid }),
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    altSecurityIdentities: entry.altSecurityIdentities ?? [],
    certificates: [],
    certificateFingerprints: entry.fingerprints,
    ...(homeDirectory !== undefined && { homeDirectory }),
    state: {
      type: 'person',
      disabled: entry.disabled ?? false,
      ...(expiresAt && { expiresAt }),
      smartcardRequired: false,
    },
  };
}

function matches(account: DirectoryAccount, lookup: AccountLookup): boolean {
  switch (lookup.by) {
    case 'sid':
      return account.sid === lookup.sid;
    case 'altSecurityIdentities': {
      const stored = account.altSecurityIdentities.map(asciiLowerCase);
      return lookup.values.some((value) => stored.includes(asciiLowerCase(value)));
    }
    case 'userPrincipalName':
      return (
        account.userPrincipalName !== undefined &&
        asciiLowerCase(account.userPrincipalName) === asciiLowerCase(lookup.userPrincipalName)
      );
    case 'certificate':
      return account.certificateFingerprints.includes(lookup.sha256);
    case 'samAccountName':
      // an account file belongs to no domain, so it has no implicit user principal names
      return false;
  }
}

/** ASCII only: other folding would make different names equal. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
