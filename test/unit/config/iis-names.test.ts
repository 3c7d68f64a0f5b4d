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
  'ftpServer/logFile': [
    'enabled',
    'directory',
    'period',
    'truncateSize',
    'localTimeRollover',
    'selectiveLogging',
    'logExtFileFlags',
  ],
  'ftpServer/messages': [
    'allowLocalDetailedErrors',
    'bannerMessage',
    'exitMessage',
    'expandVariables',
    'greetingMessage',
    'maxClientsMessage',
    'suppressDefaultBanner',
  ],
  'ftpServer/security/authentication/anonymousAuthentication': [
    'defaultLogonDomain',
    'enabled',
    'logonMethod',
    'password',
    'userName',
  ],
  'ftpServer/security/authentication/basicAuthentication': ['enabled', 'defaultLogonDomain', 'logonMethod'],
  'ftpServer/security/authentication/clientCertAuthentication': ['enabled'],
  'ftpServer/security/commandFiltering': ['allowUnlisted', 'maxCommandLine'],
  'ftpServer/security/commandFiltering/add': ['allowed', 'command'],
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
  'system.ftpServer/security/ipSecurity': ['allowUnlisted', 'enableReverseDns'],
  'system.ftpServer/security/ipSecurity/add': ['allowed', 'domainName', 'ipAddress', 'subnetMask'],
  'system.ftpServer/security/requestFiltering': ['allowHighBitCharacters'],
  'system.ftpServer/security/requestFiltering/denyUrlSequences/add': ['sequence'],
  'system.ftpServer/security/requestFiltering/fileExtensions': ['allowUnlisted'],
  'system.ftpServer/security/requestFiltering/fileExtensions/add': ['allowed', 'fileExtension'],
  'system.ftpServer/security/requestFiltering/hiddenSegments/add': ['segment'],
  'system.ftpServer/security/requestFiltering/requestLimits': ['maxAllowedContentLength', 'maxUrl'],
  'system.ftpServer/security/authorization/add': ['accessType', 'permissions', 'roles', 'users'],
};

const places = Object.entries(attributes).flatMap(([element, names]) => names.map((name) => `${element}@${name}`));

const requestFiltering = 'system.ftpServer/security/requestFiltering';

/** Where ours has another name, because it holds something else: a file for a thumbprint, two settings for one text, a place among rules, a list beside other settings of its section. */
const renamed = {
  'sites[].bindings[].address': 'site/bindings/binding@bindingInformation',
  'sites[].bindings[].hostName': 'site/bindings/binding@bindingInformation',
  'sites[].bindings[].port': 'site/bindings/binding@bindingInformation',
  'sites[].ssl.serverCertificate': 'ftpServer/security/ssl@serverCertHash',
  'sites[].physicalPath': 'site/application/virtualDirectory@physicalPath',
  'sites[].virtualDirectories[].path': 'site/application/virtualDirectory@path',
  'sites[].virtualDirectories[].physicalPath': 'site/application/virtualDirectory@physicalPath',
  'sites[].directoryBrowse.showVirtualDirectories': 'ftpServer/directoryBrowse@showFlags',
  'sites[].authorization[].path': 'location@path',
  'sites[].commandFiltering.commands[].command': 'ftpServer/security/commandFiltering/add@command',
  'sites[].commandFiltering.commands[].allowed': 'ftpServer/security/commandFiltering/add@allowed',
  'sites[].requestFiltering.fileExtensions.extensions[].fileExtension': `${requestFiltering}/fileExtensions/add@fileExtension`,
  'sites[].requestFiltering.fileExtensions.extensions[].allowed': `${requestFiltering}/fileExtensions/add@allowed`,
  'sites[].requestFiltering.hiddenSegments': `${requestFiltering}/hiddenSegments/add@segment`,
  'sites[].requestFiltering.denyUrlSequences': `${requestFiltering}/denyUrlSequences/add@sequence`,
  ...Object.fromEntries(
    ['ipSecurity', 'sites[].ipSecurity'].flatMap((section) =>
      ['ipAddress', 'domainName', 'allowed'].map((name) => [
        `${section}.entries[].${name}`,
        `system.ftpServer/security/ipSecurity/add@${name}`,
      ]),
    ),
  ),
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
