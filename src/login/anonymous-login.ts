/**
 * Clients that log in without an account, as RFC 1635 describes it. They are one account of a directory that has no other: no rule for people
 * by name or group concerns it, and no certificate and no password leads to it.
 */
import type { Directory, DirectoryAccount } from '../directory/directory.ts';

/** As no directory of a configuration can be called. */
const anonymousDirectoryName = '(anonymous)';

const loginNames: readonly string[] = ['anonymous', 'ftp'];

/** Whether the argument of USER asks for an anonymous login, where a site has such. */
export function isAnonymousName(name: string | undefined): boolean {
  return name !== undefined && loginNames.includes(name.toLowerCase());
}

export function isAnonymousAccount({ directory }: Pick<DirectoryAccount, 'directory'>): boolean {
  return directory === anonymousDirectoryName;
}

/** @param userName what records and the home call it */
export function anonymousAccount(userName: string): DirectoryAccount {
  return {
    directory: anonymousDirectoryName,
    id: userName,
    distinguishedName: userName,
    accountName: userName,
    loginNames,
    altSecurityIdentities: [],
    certificates: [],
    certificateFingerprints: [],
    state: { type: 'person', disabled: false, smartcardRequired: false },
  };
}

export const anonymousDirectory: Directory = {
  name: anonymousDirectoryName,
  kind: 'file',
  lookups: new Set(),
  findAccounts: async () => [],
  readGroups: async () => [],
  close: async () => undefined,
};
