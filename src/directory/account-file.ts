/** The directory of a site without LDAP: accounts that stand in a file, known by the fingerprints of their certificates. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { file, fingerprint } from '../settings/values.ts';
import type { AccountLookup, Directory, DirectoryAccount, Group, LookupKind } from './directory.ts';
import { directoryName } from './directory-settings.ts';

/** One account in an account file. */
const account = z.strictObject({
  name: z.string().min(1).max(256).describe('Account name, which USER must give'),
  certificates: z
    .array(fingerprint)
    .max(100)
    .default([])
    .describe('SHA-256 fingerprints of the account’s certificates'),
  sid: z.string().max(184).optional().describe('Security identifier'),
  userPrincipalName: z.string().max(1024).optional().describe('User principal name'),
  altSecurityIdentities: z.array(z.string().max(4096)).max(100).default([]).describe('Values such as X509:<I>…<SR>…'),
  disabled: z.boolean().default(false).describe('A disabled account is refused'),
  expiresAt: z.iso.datetime({ offset: true }).optional().describe('The account is refused after this time'),
  groups: z.array(z.string().min(1).max(256)).max(1000).default([]).describe('Groups, for authorization'),
  homeDirectory: z.string().max(4096).optional().describe('Home directory, for userIsolation mode DirectoryAttribute'),
});

export const accountFileSchema = z.strictObject({ accounts: z.array(account).max(100_000) });
export type FileAccount = Decoded<typeof account>;

export const accountFile = z.strictObject({
  type: z.literal('file'),
  name: directoryName,
  accounts: file.describe('YAML file with the accounts'),
});

const lookups: ReadonlySet<LookupKind> = new Set(['sid', 'altSecurityIdentities', 'userPrincipalName', 'certificate']);

/**
 * @param name how rules and records call this directory
 * @throws TypeError when two accounts have the same name
 */
export function createAccountFile(name: string, accounts: readonly FileAccount[]): Directory {
  const groups = new Map<string, readonly Group[]>();
  const index = new Map<string, DirectoryAccount[]>();
  for (const entry of accounts) {
    const account = directoryAccount(name, entry);
    if (groups.has(account.id)) throw new TypeError(`account ${entry.name} stands twice in ${name}`);
    groups.set(
      account.id,
      entry.groups.map((group) => ({ name: group })),
    );
    for (const key of keysOf(account)) index.set(key, [...(index.get(key) ?? []), account]);
  }
  return {
    name,
    kind: 'file',
    lookups,
    findAccounts: async (lookup, limit) => {
      const found = keysSoughtBy(lookup).flatMap((key) => index.get(key) ?? []);
      return [...new Set(found)].slice(0, limit);
    },
    readGroups: async (account) => groups.get(account.id) ?? [],
    findByLoginName: async (loginName) => index.get(`name ${asciiLowerCase(loginName)}`) ?? [],
    listMappings: async function* (limit) {
      const all = new Set([...index.values()].flat());
      yield* [...all].filter(({ altSecurityIdentities }) => altSecurityIdentities.length > 0).slice(0, limit);
    },
    close: async () => undefined,
  };
}

/** Everything an account can be found by. */
function keysOf(account: DirectoryAccount): readonly string[] {
  const { sid, userPrincipalName, altSecurityIdentities, certificateFingerprints, loginNames } = account;
  return [
    ...new Set(loginNames.map((name) => `name ${asciiLowerCase(name)}`)),
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
    sid,
    userPrincipalName,
    altSecurityIdentities: entry.altSecurityIdentities,
    certificates: [],
    certificateFingerprints: entry.certificates,
    homeDirectory,
    state: {
      type: 'person',
      disabled: entry.disabled,
      expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
      smartcardRequired: false,
    },
  };
}

/** ASCII only: other folding makes different names equal. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
