/** The sections below `system.ftpServer`, and where each may stand: at the server alone, or in a location of a site or path, too. */
import {
  bool,
  collection,
  type ElementSchema,
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
import { logFileAttributes } from './ftp-server-elements.ts';

export interface SectionSchema {
  readonly schema: ElementSchema;
  /**
   * `server`: AppHostOnly, refused in the location of a site. `serverInEffect`: allowed there, and without effect. `path`: the location
   * of a site, or of a path below it, may hold the section, too.
   */
  readonly standsAt: 'server' | 'serverInEffect' | 'path';
}

const firewallSupport = element({ lowDataChannelPort: int(0, 0, 65_535), highDataChannelPort: int(0, 0, 65_535) });

const log = element(
  { centralLogFileMode: member({ Site: 0, Central: 1 }, 'Site'), logInUTF8: bool(true) },
  {
    centralLogFile: element(logFileAttributes),
    // FTP 7.0 wrote it, and no version read it.
    customLogging: element({}, {}, { isUnread: true }),
  },
);

const caching = element(
  {},
  { credentialsCache: element({ enabled: bool(true), flushInterval: uint32(900, 5, 604_800) }) },
);

const serverRuntime = element({}, { hostNameSupport: element({ useDomainNameAsHostName: bool(false) }) });

const providerDefinitions = element(
  {},
  {
    activation: element(
      {},
      {},
      {
        collection: {
          ...collection(['name'], {}),
          add: 'providerData',
          entry: element(
            { name: required(text()) },
            {},
            { collection: collection(['key'], { key: required(text()), value: text(), encryptedValue: secret }) },
          ),
        },
      },
    ),
  },
  { collection: collection(['name'], { name: required(text()), type: text(), clsid: text() }) },
);

const authentication = element(
  {},
  {
    denyByFailure: element({
      enabled: bool(false),
      maxFailure: uint32(4),
      entryExpiration: span('00:00:30'),
      loggingOnlyMode: bool(false),
    }),
  },
  { isSecurity: true },
);

const authorization = element(
  {},
  {},
  {
    isSecurity: true,
    collection: collection(['users', 'roles', 'permissions'], {
      accessType: required(member({ Allow: 0, Deny: 1 })),
      users: text(''),
      roles: text(''),
      permissions: flags({ Read: 1, Write: 2 }, ''),
    }),
  },
);

const ipSecurity = element(
  { allowUnlisted: bool(true), enableReverseDns: bool(false) },
  {},
  {
    isSecurity: true,
    collection: collection(['ipAddress', 'subnetMask', 'domainName'], {
      ipAddress: text(''),
      subnetMask: text('255.255.255.255'),
      domainName: text(''),
      allowed: bool(false),
    }),
  },
);

const requestFiltering = element(
  { allowHighBitCharacters: bool(true) },
  {
    requestLimits: element({ maxAllowedContentLength: int64(0), maxUrl: uint32(4096, 32, 32_768) }),
    fileExtensions: element(
      { allowUnlisted: bool(true) },
      {},
      { collection: collection(['fileExtension'], { fileExtension: required(text()), allowed: bool(true) }) },
    ),
    hiddenSegments: element({}, {}, { collection: collection(['segment'], { segment: required(text()) }) }),
    denyUrlSequences: element({}, {}, { collection: collection(['sequence'], { sequence: required(text()) }) }),
  },
  { isSecurity: true },
);

/** Below `system.ftpServer/security`. */
const securitySections = {
  authentication: { schema: authentication, standsAt: 'serverInEffect' },
  authorization: { schema: authorization, standsAt: 'path' },
  ipSecurity: { schema: ipSecurity, standsAt: 'path' },
  requestFiltering: { schema: requestFiltering, standsAt: 'path' },
} as const satisfies Readonly<Record<string, SectionSchema>>;

/** By path below `system.ftpServer`. */
export const serverSections: Readonly<Record<string, SectionSchema>> = {
  log: { schema: log, standsAt: 'server' },
  firewallSupport: { schema: firewallSupport, standsAt: 'server' },
  caching: { schema: caching, standsAt: 'server' },
  serverRuntime: { schema: serverRuntime, standsAt: 'server' },
  providerDefinitions: { schema: providerDefinitions, standsAt: 'serverInEffect' },
  ...Object.fromEntries(Object.entries(securitySections).map(([name, section]) => [`security/${name}`, section])),
};
