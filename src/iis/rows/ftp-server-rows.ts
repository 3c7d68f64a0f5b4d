/** What becomes of every attribute below `ftpServer` of a site. */
import { securityRows } from './security-rows.ts';
import { asItIs, asText, inNumbers, inSeconds, nothingBut, type SettingRow } from './setting-row.ts';

export const ftpServerRows: readonly SettingRow[] = [
  {
    iis: 'ftpServer@allowUTF8',
    fate: 'leftOut',
    why: 'names are UTF-8 always (RFC 2640)',
    carry: nothingBut(true),
  },
  {
    iis: 'ftpServer@serverAutoStart',
    fate: 'different',
    why: 'a site that does not start with the service is written as a comment',
  },
  {
    iis: 'ftpServer/connections@controlChannelTimeout',
    fate: 'same',
    setting: 'connections.controlChannelTimeout',
    carry: inSeconds(1, 86_400),
  },
  {
    iis: 'ftpServer/connections@dataChannelTimeout',
    fate: 'same',
    setting: 'connections.dataChannelTimeout',
    carry: inSeconds(1, 3600),
  },
  {
    iis: 'ftpServer/connections@unauthenticatedTimeout',
    fate: 'different',
    setting: 'connections.unauthenticatedTimeout',
    why: 'the default is longer: a person enters the PIN of the card in this time',
    carry: inSeconds(1, 600),
  },
  {
    iis: 'ftpServer/connections@minBytesPerSecond',
    fate: 'same',
    setting: 'connections.minBytesPerSecond',
    carry: inNumbers(0, 1_000_000_000),
  },
  {
    iis: 'ftpServer/connections@maxConnections',
    fate: 'different',
    setting: 'connections.maxConnections',
    why: 'the number is bounded, so that clients cannot use up memory and descriptors',
    carry: inNumbers(1, 100_000),
  },
  {
    iis: 'ftpServer/connections@resetOnMaxConnections',
    fate: 'same',
    setting: 'connections.resetOnMaxConnections',
    carry: asItIs,
  },
  {
    iis: 'ftpServer/connections@serverListenBacklog',
    fate: 'same',
    setting: 'connections.serverListenBacklog',
    carry: inNumbers(1, 65_535),
  },
  {
    iis: 'ftpServer/connections@disableSocketPooling',
    fate: 'leftOut',
    why: 'each binding listens at its address and nowhere else',
    carry: () => ({ value: undefined }),
  },
  {
    iis: 'ftpServer/connections@maxBandwidth',
    fate: 'leftOut',
    why: 'IIS has the attribute and does nothing with it',
    carry: nothingBut(0),
  },
  ...securityRows,
  {
    iis: 'ftpServer/messages@bannerMessage',
    fate: 'same',
    setting: 'messages.bannerMessage',
    carry: asText(8192),
  },
  {
    iis: 'ftpServer/messages@greetingMessage',
    fate: 'same',
    setting: 'messages.greetingMessage',
    carry: asText(8192),
  },
  {
    iis: 'ftpServer/messages@exitMessage',
    fate: 'same',
    setting: 'messages.exitMessage',
    carry: asText(1024),
  },
  {
    iis: 'ftpServer/messages@maxClientsMessage',
    fate: 'same',
    setting: 'messages.maxClientsMessage',
    carry: asText(1024),
  },
  { iis: 'ftpServer/messages@expandVariables', fate: 'same', setting: 'messages.expandVariables', carry: asItIs },
  {
    iis: 'ftpServer/messages@suppressDefaultBanner',
    fate: 'same',
    setting: 'messages.suppressDefaultBanner',
    carry: asItIs,
  },
  {
    iis: 'ftpServer/messages@allowLocalDetailedErrors',
    fate: 'different',
    setting: 'messages.allowLocalDetailedErrors',
    why: 'the default is false, and the import leaves it so: behind a proxy on the same host every client is local',
    carry: (value) => ({ value: undefined, ...(value === true && { difference: 'stays off' }) }),
  },
  {
    iis: 'ftpServer/fileHandling@keepPartialUploads',
    fate: 'same',
    setting: 'fileHandling.keepPartialUploads',
    carry: asItIs,
  },
  {
    iis: 'ftpServer/fileHandling@allowReplaceOnRename',
    fate: 'same',
    setting: 'fileHandling.allowReplaceOnRename',
    carry: asItIs,
  },
  {
    iis: 'ftpServer/fileHandling@allowReadUploadsInProgress',
    fate: 'same',
    setting: 'fileHandling.allowReadUploadsInProgress',
    carry: asItIs,
  },
  {
    iis: 'ftpServer/firewallSupport@externalIp4Address',
    fate: 'same',
    setting: 'firewallSupport.externalIp4Address',
  },
  {
    iis: 'ftpServer/userIsolation@mode',
    fate: 'different',
    setting: 'userIsolation.mode',
    why: 'the default is IsolateAllDirectories; layout iis lays homes out as Windows does; ActiveDirectory is DirectoryAttribute, for certificates too',
  },
  {
    iis: 'ftpServer/userIsolation/activeDirectory@adUserName',
    fate: 'different',
    setting: 'directories[].bindDn',
    why: 'the gateway binds to the directory with an account of its own',
  },
  {
    iis: 'ftpServer/userIsolation/activeDirectory@adPassword',
    fate: 'different',
    setting: 'directories[].bindPasswordFile',
    why: 'a password is never carried over',
  },
  {
    iis: 'ftpServer/userIsolation/activeDirectory@adCacheRefresh',
    fate: 'leftOut',
    why: 'the home is read anew at each login',
  },
  {
    iis: 'ftpServer/directoryBrowse@showFlags',
    fate: 'different',
    setting: 'directoryBrowse.showFlags',
    why: 'the default is StyleUnix, UseGmtTime; DisplayVirtualDirectories is directoryBrowse.showVirtualDirectories',
    carry: (value) => ({
      value: Array.isArray(value) ? value.filter((flag) => flag !== 'DisplayVirtualDirectories') : [],
    }),
  },
  {
    iis: 'ftpServer/directoryBrowse@virtualDirectoryTimeout',
    fate: 'leftOut',
    why: 'it belongs to virtual directories in listings',
    carry: nothingBut(5),
  },
  {
    iis: 'ftpServer/logFile@enabled',
    fate: 'different',
    setting: 'logFile.enabled',
    why: 'a site without the section has no such log',
  },
  {
    iis: 'ftpServer/logFile@directory',
    fate: 'different',
    setting: 'logFile.directory',
    why: 'it has no default; the option --map names the folder, and FTPSVC with the id of the site lies in it, as in IIS',
  },
  { iis: 'ftpServer/logFile@period', fate: 'same', setting: 'logFile.period', carry: asItIs },
  { iis: 'ftpServer/logFile@truncateSize', fate: 'same', setting: 'logFile.truncateSize', carry: asItIs },
  { iis: 'ftpServer/logFile@localTimeRollover', fate: 'same', setting: 'logFile.localTimeRollover', carry: asItIs },
  {
    iis: 'ftpServer/logFile@logExtFileFlags',
    fate: 'different',
    setting: 'logFile.logExtFileFlags',
    why: 'fields about the certificate stand beside those of IIS',
    carry: (value) =>
      Array.isArray(value) && value.length === 0
        ? { value: undefined, difference: 'a log has at least one field: those by default' }
        : { value },
  },
  { iis: 'ftpServer/logFile@selectiveLogging', fate: 'same', setting: 'logFile.selectiveLogging', carry: asItIs },
  {
    iis: 'ftpServer/customFeatures/providers/add@name',
    fate: 'leftOut',
    why: 'a provider is a program for Windows',
  },
  ...['enabled', 'impersonationLevel'].map(
    (name): SettingRow => ({
      iis: `ftpServer/customFeatures/providers/add@${name}`,
      fate: 'leftOut',
      why: 'as the provider',
    }),
  ),
];
