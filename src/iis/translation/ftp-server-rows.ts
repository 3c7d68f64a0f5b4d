/** What becomes of every attribute below `ftpServer` of a site. */
import { securityRows } from './security-rows.ts';
import { asItIs, asText, inNumbers, inSeconds, nothingBut, type SettingRow } from './setting-row.ts';

const logFile = 'the audit trail and the log say more, as JSON, and a log service of the host rotates their files';

const variables = 'variables such as %UserName% are not replaced: a text that needs them is written as it is';

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
    fate: 'leftOut',
    why: 'a client too many is told so by reply 421 before its connection ends',
    carry: nothingBut(false),
  },
  {
    iis: 'ftpServer/connections@serverListenBacklog',
    fate: 'leftOut',
    why: 'the system decides: net.core.somaxconn of Linux',
    carry: nothingBut(60),
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
    fate: 'leftOut',
    why: 'the reply 421 has a text of its own',
    carry: nothingBut(''),
  },
  { iis: 'ftpServer/messages@expandVariables', fate: 'leftOut', why: variables, carry: nothingBut(false) },
  {
    iis: 'ftpServer/messages@suppressDefaultBanner',
    fate: 'leftOut',
    why: 'no banner but bannerMessage is sent',
    carry: () => ({ value: undefined }),
  },
  {
    iis: 'ftpServer/messages@allowLocalDetailedErrors',
    fate: 'leftOut',
    why: 'no client is told details; the record of the reference in the reply has them',
    carry: () => ({ value: undefined }),
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
    fate: 'leftOut',
    why: 'an upload has no name until it is whole, so that no client reads half a file',
    carry: nothingBut(false),
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
    why: 'the default is IsolateAllDirectories; homes are found by the account of the directory',
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
    fate: 'leftOut',
    why: 'LIST has the style of UNIX with UTC; MLSD says times and sizes exactly (RFC 3659)',
    carry: (value) => ({
      value: undefined,
      ...(Array.isArray(value) && !value.includes('StyleUnix') && { lost: 'clients get the style of UNIX' }),
    }),
  },
  {
    iis: 'ftpServer/directoryBrowse@virtualDirectoryTimeout',
    fate: 'leftOut',
    why: 'it belongs to virtual directories in listings',
    carry: nothingBut(5),
  },
  ...['enabled', 'directory', 'period', 'truncateSize', 'localTimeRollover', 'logExtFileFlags', 'selectiveLogging'].map(
    (name): SettingRow => ({
      iis: `ftpServer/logFile@${name}`,
      fate: 'leftOut',
      why: logFile,
      carry: () => ({ value: undefined, lost: '' }),
    }),
  ),
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
