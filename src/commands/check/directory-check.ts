/** Asks the servers of one directory what a login asks them: a protected connection, the bind, the search base, an account. */
import type { LoadedDirectory, LoadedLdap } from '../../config/directory-material.ts';
import type { ConfigurationFault } from '../../config/yaml/fault.ts';
import {
  ConnectionLostError,
  LdapConnection,
  type LdapCredentials,
  SearchRefusedError,
} from '../../directory/connection/ldap-connection.ts';
import type { LdapServer } from '../../directory/connection/ldap-transport.ts';
import { DirectoryAnswerError } from '../../directory/directory.ts';
import { anyEntry, equals } from '../../directory/search-filter.ts';
import { errorMessage } from '../../error-message.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import { type ServerGroup, serverGroups } from './directory-servers.ts';

/** Adds a finding about a setting. */
export type Report = (
  severity: ConfigurationFault['severity'],
  setting: SettingPath,
  message: string,
  remedy: string,
) => void;

/** noSuchObject, RFC 4511 appendix A.2. */
const noSuchObject = 32;

/** @param setting of the directory */
export async function checkDirectory(directory: LoadedDirectory, setting: SettingPath, report: Report): Promise<void> {
  if ('accounts' in directory) {
    if (directory.accounts.length === 0) {
      report('warning', [...setting, 'accounts'], 'the file holds no account', 'Add the people who may log in.');
    }
    return;
  }
  for (const group of serverGroups(directory.settings)) await checkGroup(directory, group, setting, report);
}

async function checkGroup(
  directory: LoadedLdap,
  group: ServerGroup,
  setting: SettingPath,
  report: Report,
): Promise<void> {
  const { settings } = directory;
  const place = [...setting, group.name === '' || group.name === 'globalCatalog' ? group.name : 'globalCatalog'].filter(
    (part) => part !== '',
  );
  const named = settings.servers === undefined ? 'discovery' : 'servers';
  const serversSetting = group.name === '' ? [...place, named] : place;
  try {
    for (const server of await group.list.current()) {
      await checkServer(directory, group, server, { own: setting, servers: serversSetting }, report);
    }
  } catch (error) {
    report('fault', serversSetting, errorMessage(error), 'Correct the name, or ask for the records in the DNS.');
  }
}

async function checkServer(
  directory: LoadedLdap,
  { name, lookup }: ServerGroup,
  server: LdapServer,
  setting: { readonly own: SettingPath; readonly servers: SettingPath },
  report: Report,
): Promise<void> {
  const { settings, material } = directory;
  const transport = { ...material, lookup };
  let connection: LdapConnection;
  try {
    connection = await LdapConnection.open(server, transport, credentialsOf(directory), settings.connectTimeout);
  } catch (error) {
    const reason = `${server.url}: ${errorMessage(error)}`;
    if (isRefusedBind(error)) {
      const bind = settings.bindDn === undefined ? 'clientCertificate' : 'bindDn';
      report(
        'fault',
        [...setting.own, bind],
        reason,
        'Correct bindDn and the password in bindPasswordFile, or unlock the account.',
      );
    } else
      report(
        'fault',
        setting.servers,
        reason,
        'Correct the server, its certificate or certificateAuthorities, or the firewall.',
      );
    return;
  }
  try {
    if (name === '') await checkBase(connection, directory, setting.own, report);
  } finally {
    connection.close();
  }
}

async function checkBase(
  connection: LdapConnection,
  { settings }: LoadedLdap,
  setting: SettingPath,
  report: Report,
): Promise<void> {
  const bases = [
    {
      path: ['searchBase'],
      base: settings.searchBase,
      objectClass: settings.type === 'ldap' ? settings.accountObjectClass : 'user',
    },
    ...(settings.type === 'ldap' && settings.groups
      ? [{ path: ['groups', 'searchBase'], base: settings.groups.searchBase, objectClass: settings.groups.objectClass }]
      : []),
  ];
  for (const { path, base, objectClass } of bases) {
    const at = [...setting, ...path];
    const search = (scope: 'base' | 'sub', filter: typeof anyEntry) =>
      connection.search({ base, scope, filter, attributes: ['objectClass'], sizeLimit: 1 }, settings.operationTimeout);
    try {
      if ((await search('base', anyEntry)).length === 0) {
        report(
          'fault',
          at,
          `${base} is not there, or the bind account may not read it`,
          'Correct the name, or give the bind account the right to read.',
        );
      } else if ((await search('sub', equals('objectClass', objectClass))).length === 0) {
        report(
          'warning',
          at,
          `no entry of class ${objectClass} is found below ${base}`,
          'Correct the base or the object class, or give the bind account the right to read.',
        );
      }
    } catch (error) {
      // One entry more than was asked for is what this wants to see.
      if (error instanceof DirectoryAnswerError) continue;
      if (!(error instanceof SearchRefusedError) && !(error instanceof ConnectionLostError)) throw error;
      const isMissing = error instanceof SearchRefusedError && error.resultCode === noSuchObject;
      const message = isMissing
        ? `there is no entry ${base}`
        : `${connection.server.url}: the search failed: ${errorMessage(error.cause ?? error)}`;
      report('fault', at, message, 'Correct the name of the entry, or give the bind account the right to read.');
    }
  }
}

function credentialsOf({ settings, material: { bindPassword } }: LoadedLdap): LdapCredentials {
  const { bindDn } = settings;
  return bindDn === undefined || bindPassword === undefined ? 'external' : { bindDn, bindPassword };
}

function isRefusedBind(error: unknown): boolean {
  return error instanceof ConnectionLostError && error.cause instanceof SearchRefusedError;
}
