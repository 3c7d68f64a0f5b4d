/** What a directory needs besides its settings: certificates, the bind password, the accounts of an account file. */

import { accountFileSchema, type FileAccount } from '../directory/account-file.ts';
import type { ActiveDirectorySettings } from '../directory/active-directory/active-directory-settings.ts';
import type { DirectoryMaterial } from '../directory/directory-settings.ts';
import type { LdapSettings } from '../directory/ldap-settings.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { DirectorySettings } from './directory-schema.ts';
import type { MaterialReader } from './material.ts';
import { readIdentity } from './server-identity.ts';
import type { ConfigurationFault } from './yaml/fault.ts';
import { YamlSource } from './yaml/yaml-source.ts';

/** A directory over LDAP. */
export interface LoadedLdap {
  readonly settings: ActiveDirectorySettings | LdapSettings;
  readonly material: DirectoryMaterial;
}

interface LoadedAccountFile {
  readonly settings: Extract<DirectorySettings, { readonly type: 'file' }>;
  readonly accounts: readonly FileAccount[];
}

export type LoadedDirectory = LoadedLdap | LoadedAccountFile;

/** @param further receives faults that stand in other files than the configuration */
export function loadDirectory(
  reader: MaterialReader,
  setting: SettingPath,
  settings: DirectorySettings,
  now: Date,
  further: ConfigurationFault[],
): LoadedDirectory | undefined {
  if (settings.type === 'file') {
    const accounts = readAccounts(reader, [...setting, 'accounts'], settings.accounts, further);
    return accounts && { settings, accounts };
  }
  const certificateAuthorities = reader.authorities(
    [...setting, 'certificateAuthorities'],
    settings.certificateAuthorities,
  );
  const clientCertificate = readClientCertificate(reader, setting, settings, now);
  const bindPassword = readBindPassword(reader, setting, settings);
  return { settings, material: { certificateAuthorities, bindPassword, clientCertificate } };
}

function readBindPassword(
  reader: MaterialReader,
  setting: SettingPath,
  settings: LoadedLdap['settings'],
): string | undefined {
  if (settings.bindPasswordFile === undefined) return undefined;
  const passwordSetting = [...setting, 'bindPasswordFile'];
  const password = reader.secret(passwordSetting, settings.bindPasswordFile, 'password')?.replace(/\r?\n$/, '');
  if (password === '') {
    // A simple bind without a password succeeds anonymously on many servers (RFC 4513 5.1.2) and proves nothing.
    reader.source.fault(passwordSetting, 'holds an empty password', 'Write the password of bindDn into it.');
  }
  return password;
}

function readClientCertificate(
  reader: MaterialReader,
  setting: SettingPath,
  { clientCertificate, clientCertificateKey }: LoadedLdap['settings'],
  now: Date,
): DirectoryMaterial['clientCertificate'] {
  if (clientCertificate === undefined || clientCertificateKey === undefined) return undefined;
  return readIdentity(
    reader,
    {
      certificate: { setting: [...setting, 'clientCertificate'], file: clientCertificate },
      key: { setting: [...setting, 'clientCertificateKey'], file: clientCertificateKey },
    },
    now,
  );
}

function readAccounts(
  reader: MaterialReader,
  setting: SettingPath,
  name: string,
  further: ConfigurationFault[],
): readonly FileAccount[] | undefined {
  const text = reader.text(setting, name);
  if (text === undefined) return undefined;
  const source = new YamlSource(reader.resolve(name), text);
  const decoded = source.decodeLeniently(accountFileSchema);
  const ofSchema = source.faults.length;
  const accounts = decoded?.settings.accounts;
  const names = new Set<string>();
  accounts?.forEach(({ name: account }, index) => {
    if (names.has(account.toLowerCase())) {
      source.fault(['accounts', index, 'name'], `${account} is used twice`, 'Give each account a name of its own.');
    }
    names.add(account.toLowerCase());
  });
  source.withdraw(ofSchema, decoded?.replaced ?? []);
  further.push(...source.faults);
  return source.faults.some(({ severity }) => severity === 'fault') ? undefined : accounts;
}
