/** What becomes of sites, bindings and folders, of the sections below `system.ftpServer`, and of what is never in a file. */
import { logFileAttributes } from '../schema/ftp-server-elements.ts';
import type { SettingRow } from './setting-row.ts';

const passThrough = 'files belong to the user that the service runs as, and rules decide who may what';

const providers = 'registered is not enabled: only a site that names a provider uses it, and none can be carried over';

const ipSecurity = 'system.ftpServer/security/ipSecurity';

export const siteRows: readonly SettingRow[] = [
  {
    iis: 'site@name',
    fate: 'different',
    setting: 'name',
    why: 'letters, digits, dot, hyphen and underscore; others become a hyphen',
  },
  { iis: 'site@id', fate: 'leftOut', why: 'a site is known by its name' },
  { iis: 'site@serverAutoStart', fate: 'leftOut', why: 'it is the web server’s; that of ftpServer counts for FTP' },
  {
    iis: 'site/bindings/binding@protocol',
    fate: 'different',
    setting: 'bindings[].tls',
    why: 'a site with an ftp binding is imported; port 990 is implicit TLS, as in IIS',
  },
  {
    iis: 'site/bindings/binding@bindingInformation',
    fate: 'different',
    setting: 'bindings[].port',
    why: 'a host name is hostName of the binding; it chooses the site by SNI, too, and behind TLS no client goes to another',
  },
  { iis: 'site/bindings/binding@sslFlags', fate: 'leftOut', why: 'it belongs to https' },
  {
    iis: 'site/application@path',
    fate: 'different',
    setting: 'virtualDirectories[].path',
    why: 'its path and that of the directory together are the virtual path',
  },
  ...[
    'applicationPool',
    'enabledProtocols',
    'serviceAutoStartEnabled',
    'serviceAutoStartProvider',
    'preloadEnabled',
  ].map(
    (name): SettingRow => ({ iis: `site/application@${name}`, fate: 'leftOut', why: 'the web server alone reads it' }),
  ),
  {
    iis: 'site/application/virtualDirectory@path',
    fate: 'different',
    setting: 'virtualDirectories[].path',
    why: 'that of the root is physicalPath of the site; deeper applications are virtual directories, too',
  },
  {
    iis: 'site/application/virtualDirectory@physicalPath',
    fate: 'different',
    setting: 'physicalPath',
    why: 'the option --map names the folder of this host; a share is mounted by the system',
  },
  ...['userName', 'password', 'logonMethod'].map(
    (name): SettingRow => ({
      iis: `site/application/virtualDirectory@${name}`,
      fate: 'leftOut',
      why: passThrough,
    }),
  ),
  {
    iis: 'site/application/virtualDirectory@allowSubDirConfig',
    fate: 'leftOut',
    why: 'no configuration lies among the files',
  },
];

export const serverRows: readonly SettingRow[] = [
  ...['lowDataChannelPort', 'highDataChannelPort'].map(
    (name): SettingRow => ({
      iis: `system.ftpServer/firewallSupport@${name}`,
      fate: 'different',
      setting: `firewallSupport.${name}`,
      why: 'each site has a range; the import gives all of them that of the server',
    }),
  ),
  {
    iis: 'system.ftpServer/log@centralLogFileMode',
    fate: 'leftOut',
    why: 'one audit trail holds all sites, and each record names its own',
  },
  { iis: 'system.ftpServer/log@logInUTF8', fate: 'leftOut', why: 'records are UTF-8 always' },
  ...Object.keys(logFileAttributes).map(
    (name): SettingRow => ({
      iis: `system.ftpServer/log/centralLogFile@${name}`,
      fate: 'leftOut',
      why: 'as logFile of a site',
    }),
  ),
  ...['enabled', 'flushInterval'].map(
    (name): SettingRow => ({
      iis: `system.ftpServer/caching/credentialsCache@${name}`,
      fate: 'leftOut',
      why: 'no password is remembered; loginRecheckInterval says how often a running session is judged anew',
    }),
  ),
  {
    iis: 'system.ftpServer/serverRuntime/hostNameSupport@useDomainNameAsHostName',
    fate: 'leftOut',
    why: 'USER takes host|user; what stands before a backslash is a domain and no host',
  },
  ...[
    'add@name',
    'add@type',
    'add@clsid',
    'activation/providerData@name',
    'activation/providerData/add@key',
    'activation/providerData/add@value',
    'activation/providerData/add@encryptedValue',
  ].map(
    (name): SettingRow => ({ iis: `system.ftpServer/providerDefinitions/${name}`, fate: 'leftOut', why: providers }),
  ),
  {
    iis: 'system.ftpServer/security/authentication/denyByFailure@enabled',
    fate: 'different',
    setting: 'denyByFailure.maxFailure',
    why: 'it is always on',
  },
  {
    iis: 'system.ftpServer/security/authentication/denyByFailure@maxFailure',
    fate: 'different',
    setting: 'denyByFailure.maxFailure',
    why: 'it counts for an account at an address, so that strangers lock out no person',
  },
  {
    iis: 'system.ftpServer/security/authentication/denyByFailure@entryExpiration',
    fate: 'different',
    setting: 'denyByFailure.entryExpiration',
    why: 'the default is longer than the time in which directories count',
  },
  {
    iis: 'system.ftpServer/security/authentication/denyByFailure@loggingOnlyMode',
    fate: 'leftOut',
    why: 'it always refuses',
  },
  {
    iis: 'system.ftpServer/security/authorization/add@accessType',
    fate: 'different',
    setting: 'authorization[].accessType',
    why: 'Deny wins, in whatever order the rules stand',
  },
  {
    iis: 'system.ftpServer/security/authorization/add@users',
    fate: 'different',
    setting: 'authorization[].users',
    why: 'accounts by their own name without a domain; Allow for * is for accounts alone, and ? is for anonymous clients',
  },
  {
    iis: 'system.ftpServer/security/authorization/add@roles',
    fate: 'different',
    setting: 'authorization[].roles',
    why: 'groups of the directory, by name or SID; those of the Windows host do not count',
  },
  {
    iis: 'system.ftpServer/security/authorization/add@permissions',
    fate: 'same',
    setting: 'authorization[].permissions',
  },
  { iis: `${ipSecurity}@allowUnlisted`, fate: 'same', setting: 'ipSecurity.allowUnlisted' },
  {
    iis: `${ipSecurity}@enableReverseDns`,
    fate: 'different',
    setting: 'ipSecurity.entries[].domainName',
    why: 'names are looked up where an entry has one, and count only if they lead back to the address',
  },
  {
    iis: `${ipSecurity}/add@ipAddress`,
    fate: 'different',
    setting: 'ipSecurity.entries[].ipAddress',
    why: 'address and mask are one value, such as 10.0.0.0/8; IPv6 is allowed, too',
  },
  {
    iis: `${ipSecurity}/add@subnetMask`,
    fate: 'different',
    setting: 'ipSecurity.entries[].ipAddress',
    why: 'it is part of the address; a mask with holes cannot be had',
  },
  { iis: `${ipSecurity}/add@domainName`, fate: 'same', setting: 'ipSecurity.entries[].domainName' },
  { iis: `${ipSecurity}/add@allowed`, fate: 'same', setting: 'ipSecurity.entries[].allowed' },
  ...[
    ['@allowHighBitCharacters', 'allowHighBitCharacters'],
    ['/requestLimits@maxAllowedContentLength', 'requestLimits.maxAllowedContentLength'],
    ['/requestLimits@maxUrl', 'requestLimits.maxUrl'],
    ['/fileExtensions@allowUnlisted', 'fileExtensions.allowUnlisted'],
    ['/fileExtensions/add@fileExtension', 'fileExtensions.extensions[].fileExtension'],
    ['/fileExtensions/add@allowed', 'fileExtensions.extensions[].allowed'],
    ['/hiddenSegments/add@segment', 'hiddenSegments'],
    ['/denyUrlSequences/add@sequence', 'denyUrlSequences'],
  ].map(
    ([name, setting]): SettingRow => ({
      iis: `system.ftpServer/security/requestFiltering${name}`,
      fate: 'same',
      setting: `requestFiltering.${setting}`,
    }),
  ),
];

/** What the documentation lists beside the settings, and no file holds. */
export const runtimeRows: readonly { readonly name: string; readonly instead: string }[] = [
  { name: 'ftpServer state, lastStartupStatus', instead: '`cardgate health`, and the log' },
  {
    name: 'ftpServer Start, Stop',
    instead: 'the service manager of the host; SIGHUP reads certificates, CRLs, rules and accounts anew',
  },
  { name: 'ftpServer FlushLog', instead: 'records are written at once' },
  {
    name: 'ftpServer/sessions, Terminate',
    instead: 'the audit trail; a recheck ends sessions of accounts that may no longer log in',
  },
  { name: 'credentialsCache Flush', instead: 'no password is remembered' },
  {
    name: 'location, overrideMode, lockAttributes and the like',
    instead: '`path` of authorization rules; no file lies deeper, so that nothing is locked',
  },
  {
    name: 'configSections, configProtectedData, encrypted values',
    instead: 'files with passwords and keys, which only the service may read',
  },
  { name: 'Event Tracing for Windows', instead: 'the log at level `debug`, and `cardgate explain`' },
];
