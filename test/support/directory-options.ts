/** Directories with the defaults of their schemas; what a test says of settings and of what is read out of files stands side by side. */
import type { z } from 'zod';
import { accountFileSchema, createAccountFile } from '../../src/directory/account-file.ts';
import type { ActiveDirectoryOptions } from '../../src/directory/active-directory/active-directory.ts';
import {
  type ActiveDirectorySettings,
  activeDirectory,
} from '../../src/directory/active-directory/active-directory-settings.ts';
import { discovery } from '../../src/directory/connection/connection-settings.ts';
import type { Directory } from '../../src/directory/directory.ts';
import type { LdapDirectoryOptions } from '../../src/directory/ldap-directory.ts';
import { type LdapSettings, ldap } from '../../src/directory/ldap-settings.ts';
import { silentLogger } from '../../src/operations/log.ts';
import type { Plain } from './settings.ts';

const named = { name: 'people', certificateAuthorities: ['ca.pem'], searchBase: 'DC=corp,DC=example' };
const ldapDefaults = ldap.parse({ type: 'ldap', ...named });
const groupDefaults = ldap.shape.groups.unwrap().parse({ searchBase: named.searchBase });
const activeDirectoryDefaults = activeDirectory.parse({ type: 'activeDirectory', ...named });

type Material = Omit<LdapDirectoryOptions, 'settings'>;
type NamedFiles = 'type' | 'certificateAuthorities' | 'bindPasswordFile' | 'clientCertificate' | 'clientCertificateKey';
type Flat<Settings> = Partial<Material> & Plain<Omit<Settings, NamedFiles>>;

export type LdapChanges = Flat<LdapSettings>;
export type ActiveDirectoryChanges = Flat<ActiveDirectorySettings>;

export function ldapOptions(changes: LdapChanges): LdapDirectoryOptions {
  const { material, settings } = split(changes);
  const groups = settings.groups && { ...groupDefaults, ...settings.groups };
  const all: object = { ...ldapDefaults, ...settings, groups };
  return { settings: all as LdapSettings, ...material };
}

export function activeDirectoryOptions(changes: ActiveDirectoryChanges): ActiveDirectoryOptions {
  const { material, settings } = split(changes);
  const globalCatalog = settings.globalCatalog && { domains: [], ...settings.globalCatalog };
  const all: object = { ...activeDirectoryDefaults, ...settings, globalCatalog };
  return { settings: all as ActiveDirectorySettings, ...material };
}

function split<Changes extends Flat<LdapSettings | ActiveDirectorySettings>>(changes: Changes) {
  const {
    logger = silentLogger,
    certificateAuthorities = [],
    bindPassword,
    clientCertificate,
    lookup,
    ...more
  } = changes;
  const { maxWaiting, idleTimeout, maxPasswordChecks, maxWaitingPasswordChecks, ...settings } = more;
  const bounds = { maxWaiting, idleTimeout, maxPasswordChecks, maxWaitingPasswordChecks };
  const given = Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined));
  const material = { logger, certificateAuthorities, bindPassword, clientCertificate, lookup, ...given };
  const found = settings.discovery && { ...discoveryOf('ldap'), ...settings.discovery };
  return { material, settings: { ...settings, ...(found && { discovery: found }) } };
}

export function discoveryOf(service: Parameters<typeof discovery>[0]) {
  return discovery(service).unwrap().parse({ domain: 'corp.example' });
}

export function accountsInFile(name: string, accounts: z.input<typeof accountFileSchema>['accounts']): Directory {
  return createAccountFile(name, accountFileSchema.parse({ accounts }).accounts);
}
