/** What stands below `ftpServer`, of a site or of siteDefaults: every element and attribute of FTP 7.0 to 10.0, with type and default. */
import {
  bool,
  collection,
  element,
  flags,
  int,
  int64,
  member,
  required,
  secret,
  span,
  text,
  uint32,
} from './element-schema.ts';

export const logonMethods = { Interactive: 0, Batch: 1, Network: 2, ClearText: 3 } as const;

/** The numbers between belong to the web server. */
const logFields = {
  Date: 1,
  Time: 2,
  ClientIP: 4,
  UserName: 8,
  SiteName: 16,
  ComputerName: 32,
  ServerIP: 64,
  Method: 128,
  UriStem: 256,
  FtpStatus: 1024,
  Win32Status: 2048,
  BytesSent: 4096,
  BytesRecv: 8192,
  TimeTaken: 16_384,
  ServerPort: 32_768,
  Host: 1_048_576,
  FtpSubStatus: 2_097_152,
  Session: 4_194_304,
  FullPath: 8_388_608,
  Info: 16_777_216,
  ClientPort: 33_554_432,
} as const;

const fieldsByDefault =
  'Date, Time, ClientIP, UserName, ServerIP, Method, UriStem, FtpStatus, Win32Status, FtpSubStatus, ServerPort, Session, FullPath';

/** Of a site’s log, and of the server’s central one. */
export const logFileAttributes = {
  enabled: bool(true),
  directory: text('%SystemDrive%\\inetpub\\logs\\LogFiles'),
  period: member({ MaxSize: 0, Daily: 1, Weekly: 2, Monthly: 3, Hourly: 4 }, 'Daily'),
  truncateSize: int64(20_971_520, 1_048_576),
  localTimeRollover: bool(false),
  logExtFileFlags: flags(logFields, fieldsByDefault),
  selectiveLogging: flags(
    { LogSuccessful: 1, LogError: 2, LogInfrastructure: 4 },
    'LogSuccessful, LogError, LogInfrastructure',
  ),
};

const connections = element({
  controlChannelTimeout: int(120),
  dataChannelTimeout: int(30),
  unauthenticatedTimeout: int(30),
  minBytesPerSecond: int(240),
  maxConnections: uint32(4_294_967_295),
  resetOnMaxConnections: bool(false),
  serverListenBacklog: int(60),
  disableSocketPooling: bool(false),
  maxBandwidth: uint32(undefined),
});

const ssl = element(
  {
    serverCertHash: text(),
    serverCertStoreName: text('MY'),
    ssl128: bool(false),
    controlChannelPolicy: member({ SslAllow: 0, SslRequire: 1, SslRequireCredentialsOnly: 2 }, 'SslRequire'),
    dataChannelPolicy: member({ SslAllow: 0, SslRequire: 1, SslDeny: 2 }, 'SslRequire'),
  },
  {},
  { isSecurity: true },
);

const sslClientCertificates = element(
  {
    clientCertificatePolicy: member({ CertIgnore: 0, CertAllow: 1, CertRequire: 2 }, 'CertIgnore'),
    validationFlags: flags(
      {
        NoRevocationCheck: 1,
        CertChainRevocationCheckCacheOnly: 2,
        CertChainCacheOnlyUrlRetrieval: 4,
        CertNoUsageCheck: 8,
      },
      '',
    ),
    revocationFreshnessTime: span('00:00:00'),
    revocationUrlRetrievalTimeout: span('00:01:00'),
    useActiveDirectoryMapping: bool(false),
  },
  {},
  { isSecurity: true },
);

const authentication = element(
  {},
  {
    anonymousAuthentication: element({
      enabled: bool(false),
      userName: text('IUSR'),
      password: secret,
      defaultLogonDomain: text('NT AUTHORITY'),
      logonMethod: member(logonMethods, 'ClearText'),
    }),
    basicAuthentication: element({
      enabled: bool(false),
      defaultLogonDomain: text('NT AUTHORITY'),
      logonMethod: member(logonMethods, 'ClearText'),
    }),
    clientCertAuthentication: element({ enabled: bool(false) }),
    customAuthentication: element(
      {},
      {
        providers: element(
          {},
          {},
          { collection: collection(['name'], { name: required(text()), enabled: bool(true) }) },
        ),
      },
    ),
  },
  { isSecurity: true },
);

const commandFiltering = element(
  { maxCommandLine: uint32(4096), allowUnlisted: bool(true) },
  {},
  {
    isSecurity: true,
    collection: collection(['command'], { command: required(text()), allowed: required(bool(true)) }),
  },
);

const userIsolation = element(
  {
    mode: member(
      {
        StartInUsersDirectory: 0,
        IsolateRootDirectoryOnly: 1,
        ActiveDirectory: 2,
        IsolateAllDirectories: 3,
        None: 4,
        Custom: 5,
      },
      'None',
    ),
  },
  { activeDirectory: element({ adUserName: text(), adPassword: secret, adCacheRefresh: span('00:01:00') }) },
  { isSecurity: true },
);

export const ftpServer = element(
  { allowUTF8: bool(true), serverAutoStart: bool(true) },
  {
    connections,
    security: element(
      {},
      {
        ssl,
        sslClientCertificates,
        authentication,
        customAuthorization: element(
          {},
          { provider: element({ name: text(), enabled: bool(true) }) },
          { isSecurity: true },
        ),
        commandFiltering,
        dataChannelSecurity: element(
          { matchClientAddressForPort: bool(true), matchClientAddressForPasv: bool(true) },
          {},
          { isSecurity: true },
        ),
      },
      { isSecurity: true },
    ),
    messages: element({
      bannerMessage: text(),
      greetingMessage: text(),
      exitMessage: text(),
      maxClientsMessage: text(),
      expandVariables: bool(false),
      suppressDefaultBanner: bool(false),
      allowLocalDetailedErrors: bool(true),
    }),
    fileHandling: element({
      keepPartialUploads: bool(false),
      allowReplaceOnRename: bool(false),
      allowReadUploadsInProgress: bool(false),
    }),
    firewallSupport: element({ externalIp4Address: text() }),
    userIsolation,
    directoryBrowse: element({
      showFlags: flags(
        { LongDate: 2, StyleUnix: 4, DisplayAvailableBytes: 16, DisplayVirtualDirectories: 32, UseGmtTime: 64 },
        '',
      ),
      virtualDirectoryTimeout: int(5),
    }),
    logFile: element(logFileAttributes),
    customFeatures: element(
      {},
      {
        providers: element(
          {},
          {},
          {
            collection: collection(['name'], {
              name: required(text()),
              enabled: bool(true),
              // FTP 7.0 wrote it, and no version read it.
              impersonationLevel: text(),
            }),
          },
        ),
      },
    ),
  },
);
