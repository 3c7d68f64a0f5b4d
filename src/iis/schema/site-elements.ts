/** What stands below `system.applicationHost/sites`: sites with bindings, applications and virtual directories, and their defaults. */
import { bool, type ElementSchema, element, member, required, secret, text, uint32 } from './element-schema.ts';
import { ftpServer, logonMethods } from './ftp-server-elements.ts';

const ofWeb = element({}, {}, { isUnread: true });

const virtualDirectoryAttributes = {
  physicalPath: text(),
  userName: text(),
  password: secret,
  logonMethod: member(logonMethods, 'ClearText'),
  allowSubDirConfig: bool(true),
};

const virtualDirectoryDefaults = element(virtualDirectoryAttributes);

const applicationAttributes = {
  applicationPool: text(),
  enabledProtocols: text('http'),
  serviceAutoStartEnabled: bool(false),
  serviceAutoStartProvider: text(),
  preloadEnabled: bool(false),
};

const applicationDefaults = element({ path: text(), ...applicationAttributes }, { virtualDirectoryDefaults });

const application = element(
  { path: required(text()), ...applicationAttributes },
  { virtualDirectoryDefaults },
  {
    collection: {
      add: 'virtualDirectory',
      keys: ['path'],
      entry: element({ path: required(text()), ...virtualDirectoryAttributes }),
    },
  },
);

const bindings = element(
  {},
  {},
  {
    collection: {
      add: 'binding',
      clear: 'clear',
      keys: ['protocol', 'bindingInformation'],
      // sslFlags, and what newer versions add, belong to https.
      entry: element({ protocol: required(text()), bindingInformation: required(text()), sslFlags: uint32(0) }),
    },
  },
);

/** Sections of a site that the web server alone reads. */
const webSections = {
  limits: ofWeb,
  logFile: ofWeb,
  traceFailedRequestsLogging: ofWeb,
  hsts: ofWeb,
  applicationDefaults,
  virtualDirectoryDefaults,
};

const site: ElementSchema = element(
  { name: required(text()), id: required(uint32(undefined, 1)), serverAutoStart: bool(true) },
  { bindings, ftpServer, ...webSections },
  { collection: { add: 'application', keys: ['path'], entry: application } },
);

const siteDefaults: ElementSchema = element(
  { name: text(), id: uint32(undefined), serverAutoStart: bool(true) },
  { bindings, ftpServer, ...webSections },
);

export const sites: ElementSchema = element(
  {},
  { siteDefaults, applicationDefaults, virtualDirectoryDefaults },
  { collection: { add: 'site', keys: ['name'], entry: site } },
);
