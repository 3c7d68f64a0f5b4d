/** The settings name their places in IIS: all that have one, and no place that IIS does not have. */
import { describe, expect, it } from 'vitest';
import { iisNames } from '../../../scripts/reference/settings-tables.ts';

/** Element of applicationHost.config -> its attributes, of those elements in which a setting of ours may have its like. */
const attributes: Readonly<Record<string, readonly string[]>> = {
  site: ['name', 'id', 'serverAutoStart'],
  'site/bindings/binding': ['protocol', 'bindingInformation'],
  'site/application/virtualDirectory': ['path', 'physicalPath', 'userName', 'password', 'logonMethod'],
  location: ['path', 'overrideMode', 'allowOverride'],
  ftpServer: ['allowUTF8', 'serverAutoStart'],
  'ftpServer/connections': [
    'controlChannelTimeout',
    'dataChannelTimeout',
    'disableSocketPooling',
    'maxBandwidth',
    'maxConnections',
    'minBytesPerSecond',
    'resetOnMaxConnections',
    'serverListenBacklog',
    'unauthenticatedTimeout',
  ],
  'ftpServer/directoryBrowse': ['showFlags', 'virtualDirectoryTimeout'],
  'ftpServer/fileHandling': ['allowReadUploadsInProgress', 'allowReplaceOnRename', 'keepPartialUploads'],
  'ftpServer/firewallSupport': ['externalIp4Address'],
  'ftpServer/logFile': ['enabled', 'directory', 'period', 'truncateSize', 'localTimeRollover', 'selectiveLogging'],
  'ftpServer/messages': [
    'allowLocalDetailedErrors',
    'bannerMessage',
    'exitMessage',
    'expandVariables',
    'greetingMessage',
    'maxClientsMessage',
    'suppressDefaultBanner',
  ],
  'ftpServer/security/authentication/basicAuthentication': ['enabled', 'defaultLogonDomain', 'logonMethod'],
  'ftpServer/security/authentication/clientCertAuthentication': ['enabled'],
  'ftpServer/security/commandFiltering': ['allowUnlisted', 'maxCommandLine'],
  'ftpServer/security/dataChannelSecurity': ['matchClientAddressForPasv', 'matchClientAddressForPort'],
  'ftpServer/security/ssl': [
    'controlChannelPolicy',
    'dataChannelPolicy',
    'serverCertHash',
    'serverCertStoreName',
    'ssl128',
  ],
  'ftpServer/security/sslClientCertificates': [
    'clientCertificatePolicy',
    'revocationFreshnessTime',
    'revocationUrlRetrievalTimeout',
    'useActiveDirectoryMapping',
    'validationFlags',
  ],
  'ftpServer/userIsolation': ['mode'],
  'system.ftpServer/firewallSupport': ['highDataChannelPort', 'lowDataChannelPort'],
  'system.ftpServer/security/authentication/denyByFailure': [
    'enabled',
    'entryExpiration',
    'loggingOnlyMode',
    'maxFailure',
  ],
  'system.ftpServer/security/authorization/add': ['accessType', 'permissions', 'roles', 'users'],
};

const places = Object.entries(attributes).flatMap(([element, names]) => names.map((name) => `${element}@${name}`));

/** Where ours has another name, because it holds something else: a file for a thumbprint, two settings for one text, a place among rules. */
const renamed = {
  'sites[].bindings[].address': 'site/bindings/binding@bindingInformation',
  'sites[].bindings[].port': 'site/bindings/binding@bindingInformation',
  'sites[].ssl.serverCertificate': 'ftpServer/security/ssl@serverCertHash',
  'sites[].physicalPath': 'site/application/virtualDirectory@physicalPath',
  'sites[].authorization[].path': 'location@path',
};

const named = [...iisNames()].flatMap(([setting, iis]) => (iis === undefined ? [] : [[setting, iis] as const]));

/** `ssl.dataChannelPolicy`: the section and the name, by which a setting and its like in IIS are known. */
const ofSetting = (setting: string) =>
  setting.replaceAll('[]', '').replace('sites.', 'site.').split('.').slice(-2).join('.');
const ofPlace = (place: string) => place.replace('/add@', '@').replace('@', '/').split('/').slice(-2).join('.');

describe('the place of a setting in IIS', () => {
  it.each(named)('%s names one that IIS has: %s', (_setting, iis) => {
    expect(places).toContain(iis);
  });

  it('stands at every setting of the same section and name, and elsewhere at those alone that are known to differ', () => {
    const alike = [...iisNames().keys()].flatMap((setting) =>
      places.filter((place) => ofPlace(place) === ofSetting(setting)).map((place) => [setting, place] as const),
    );
    expect(Object.fromEntries(named)).toEqual({ ...Object.fromEntries(alike), ...renamed });
  });
});
