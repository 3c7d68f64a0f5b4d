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
  const index = new Map<string, DirectoryAccount[]>();
  for (const entry of options.accounts) {
    const account = directoryAccount(options.name, entry);
    if (groups.has(account.id)) throw new TypeError(`account ${entry.name} stands twice in ${options.name}`);
    groups.set(
      account.id,
      (entry.groups ?? []).map((name) => ({ name })),
    );
    for (const key of keysOf(account)) index.set(key, [...(index.get(key) ?? []), account]);
  }
  return {
    name: options.name,
    kind: 'file',
    lookups,
    findAccounts: async (lookup, limit) => {
      const found = keysSoughtBy(lookup).flatMap((key) => index.get(key) ?? []);
      return [...new Set(found)].slice(0, limit);
    },
    readGroups: async (account) => groups.get(account.id) ?? [],
    listMappings: async function* (limit) {
      const all = new Set([...index.values()].flat());
      yield* [...all].filter(({ altSecurityIdentities }) => altSecurityIdentities.length > 0).slice(0, limit);
    },
    close: async () => undefined,
  };
}

/** Everything an account can be found by. */
function keysOf(account: DirectoryAccount): readonly string[] {
  const { sid, userPrincipalName, altSecurityIdentities, certificateFingerprints } = account;
  return [
    ...(sid === undefined ? [] : [`sid ${sid}`]),
    ...(userPrincipalName === undefined ? [] : [`upn ${asciiLowerCase(userPrincipalName)}`]),
    ...new Set(altSecurityIdentities.map((value) => `alt ${asciiLowerCase(value)}`)),
    ...new Set(certificateFingerprints.map((fingerprint) => `certificate ${fingerprint}`)),
  ];
}

function keysSoughtBy(lookup: AccountLookup): readonly string[] {
  switch (lookup.by) {
    case 'sid':
      return [`sid ${lookup.sid}`];
    case 'altSecurityIdentities':
      return lookup.values.map((value) => `alt ${asciiLowerCase(value)}`);
    case 'userPrincipalName':
      return [`upn ${asciiLowerCase(lookup.userPrincipalName)}`];
    case 'certificate':
      return [`certificate ${lookup.sha256}`];
    case 'samAccountName':
    case 'filter':
      // an account file belongs to no domain, so it has no implicit user principal names; nor has it attributes
      return [];
  }
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

/** ASCII only: other folding makes different names equal. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
