/**
 * From a file name to a complete, frozen configuration with everything it refers to read and checked, or all faults at once.
 * Nothing is started, listened on or connected to here.
 */
import { isolationModes } from '../authorization/user-isolation.ts';
import type { VirtualDirectory } from '../authorization/virtual-directories.ts';
import type { Clock } from '../clock.ts';
import type { MappingRule } from '../mapping/rules/rule.ts';
import type { Certificate } from '../pki/certificate/certificate.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { ServiceListener } from '../service/service-settings.ts';
import { checkAuthorization } from './checks/authorization-check.ts';
import { checkConsistency } from './checks/consistency.ts';
import { checkRevocation } from './checks/revocation-check.ts';
import { checkRulePaths } from './checks/rule-path-check.ts';
import { checkOutputs, servedFolders } from './checks/served-files-check.ts';
import { checkHostNames, checkServerCertificate, checkServerTwins } from './checks/server-name-check.ts';
import { checkServerStatus, checkStapledTwins } from './checks/server-status-check.ts';
import { TrustCheck } from './checks/trust-check.ts';
import { ConfigurationDigest, type DigestedFile } from './configuration-digest.ts';
import { type LoadedDirectory, loadDirectory } from './directory-material.ts';
import { type LoadedHook, loadHooks } from './hook-material.ts';
import { readRules } from './mapping-rules.ts';
import { type LoadedCrl, type LoadingPurpose, MaterialReader } from './material.ts';
import { configurationSchema, type Settings } from './schema.ts';
import { readIdentity, type ServerIdentity } from './server-identity.ts';
import { type LoadedRemoteMapping, loadListeners, loadRemoteMapping } from './service-material.ts';
import { octetsOf } from './settings-only.ts';
import type { SiteSettings } from './site-schema.ts';
import { loadVirtualDirectories } from './virtual-directory-material.ts';
import { ConfigurationError, type ConfigurationFault, type SourcePosition } from './yaml/fault.ts';
import { YamlSource } from './yaml/yaml-source.ts';

export interface LoadedSite {
  readonly settings: SiteSettings;
  readonly server: ServerIdentity;
  /** For clients that call the server by other names. */
  readonly furtherServers: readonly ServerIdentity[];
  readonly trustAnchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly crls: readonly LoadedCrl[];
  readonly ocspResponders: readonly Certificate[];
  /** Empty with remoteMapping. */
  readonly rules: readonly MappingRule[];
  readonly remoteMapping?: LoadedRemoteMapping | undefined;
  /** Absolute. */
  readonly physicalPath: string;
  /** Absolute; absent where the site has no log of its own. */
  readonly logDirectory?: string | undefined;
  readonly virtualDirectories: readonly VirtualDirectory[];
  readonly hooks: readonly LoadedHook[];
}

/** Absolute paths, and PEM. */
interface LoadedRetrieval {
  readonly cacheDirectory?: string;
  readonly certificateAuthorities: readonly string[];
  readonly fileDirectories: readonly string[];
}

export interface Configuration {
  readonly settings: Settings;
  readonly sites: readonly LoadedSite[];
  readonly directories: readonly LoadedDirectory[];
  readonly retrieval: LoadedRetrieval;
  /** Of the mapping service; empty when the configuration has none. */
  readonly listeners: readonly ServiceListener[];
  readonly logFile?: string | undefined;
  readonly auditFile?: string | undefined;
  /** Of `files`, as ConfigurationDigest describes; lower-case hexadecimal. */
  readonly sha256: string;
  /** Every file that takes part, the configuration itself too. */
  readonly files: readonly DigestedFile[];
  readonly warnings: readonly ConfigurationFault[];
  /** Where a setting stands. */
  readonly locate: (setting: SettingPath) => SourcePosition;
}

/** @throws ConfigurationError with every fault found */
export function loadConfiguration(file: string, clock: Clock, purpose: LoadingPurpose = 'service'): Configuration {
  const content = octetsOf(file);
  const digest = new ConfigurationDigest(file, content);
  const source = new YamlSource(file, content);
  const decoded = source.decodeLeniently(configurationSchema);
  if (!decoded) throw new ConfigurationError(inOrder(file, source.faults));
  const { settings, replaced } = decoded;
  const ofSchema = source.faults.length;

  checkConsistency(source, settings);
  const reader = new MaterialReader(source, file, digest, purpose);
  const further: ConfigurationFault[] = [];
  const directories = settings.directories.map((entry, index) =>
    loadDirectory(reader, ['directories', index], entry, clock.now(), further),
  );
  const sites = settings.sites.map((site, index) => loadSite(reader, index, site, clock, further));

  const usable = directories.filter((directory) => directory !== undefined);
  for (const [index, site] of settings.sites.entries()) checkAuthorization(source, ['sites', index], site, usable);

  const retrieval = loadRetrieval(reader, settings.retrieval);
  const listeners = settings.mappingService ? loadListeners(reader, settings.mappingService, clock.now()) : [];
  const logFile = settings.log.file && reader.output(['log', 'file'], settings.log.file, 'file');
  const auditFile = settings.audit.file && reader.output(['audit', 'file'], settings.audit.file, 'file');

  checkOutputs(source, {
    outputs: [
      { setting: ['log', 'file'], path: logFile },
      { setting: ['audit', 'file'], path: auditFile },
      { setting: ['retrieval', 'cacheDirectory'], path: retrieval.cacheDirectory },
      ...settings.sites.map(({ logFile: ofSite }, index) => ({
        setting: ['sites', index, 'logFile', 'directory'],
        path: ofSite?.enabled ? reader.resolve(ofSite.directory) : undefined,
      })),
    ],
    inputs: digest.files().map(({ name, settings: [setting = []] }) => ({ setting, path: reader.resolve(name) })),
    folders: settings.sites.flatMap((site, index) => servedFolders(reader, ['sites', index], site)),
  });
  source.withdraw(ofSchema, replaced);
  const all = inOrder(file, [...source.faults, ...further]);
  if (all.some(({ severity }) => severity === 'fault')) throw new ConfigurationError(all);
  return Object.freeze({
    settings,
    sites: sites.filter((site) => site !== undefined),
    directories: usable,
    retrieval,
    listeners,
    logFile,
    auditFile,
    sha256: digest.sha256(),
    files: digest.files(),
    warnings: all,
    locate: (setting: SettingPath) => source.locate(setting),
  });
}

/** As a person reads the file; other files behind it. */
function inOrder(file: string, faults: readonly ConfigurationFault[]): readonly ConfigurationFault[] {
  const rank = ({ position }: ConfigurationFault) => (position.file === file ? 0 : 1);
  return faults.toSorted((one, other) => {
    if (rank(one) !== rank(other) || one.position.file !== other.position.file) return rank(one) - rank(other);
    return one.position.line - other.position.line || one.position.column - other.position.column;
  });
}

function loadRetrieval(reader: MaterialReader, settings: Settings['retrieval']): LoadedRetrieval {
  const { cacheDirectory, certificateAuthorities, fileDirectories } = settings;
  return {
    ...(cacheDirectory !== undefined && {
      cacheDirectory: reader.output(['retrieval', 'cacheDirectory'], cacheDirectory, 'directory'),
    }),
    certificateAuthorities: reader.authorities(['retrieval', 'certificateAuthorities'], certificateAuthorities),
    fileDirectories: fileDirectories.map((name, index) =>
      reader.directory(['retrieval', 'fileDirectories', index], name),
    ),
  };
}

function loadSite(
  reader: MaterialReader,
  index: number,
  settings: SiteSettings,
  clock: Clock,
  further: ConfigurationFault[],
): LoadedSite | undefined {
  const now = clock.now();
  const site = ['sites', index];
  const certificates = [...site, 'sslClientCertificates'];
  const { trustAnchors, intermediates, crlFiles, revocation } = settings.sslClientCertificates;
  const { server, furtherServers } = readServers(reader, [...site, 'ssl'], settings.ssl, now);
  if (server) checkHostNames(reader.source, [...site, 'bindings'], settings.bindings, [server, ...furtherServers]);
  const { service } = settings.mapping;
  const remoteMapping = service && loadRemoteMapping(reader, site, service, now);
  const faultsBefore = reader.source.faults.length;
  const physicalPath = reader.directory([...site, 'physicalPath'], settings.physicalPath);
  const isDirectory = reader.source.faults.length === faultsBefore;
  const loaded = {
    settings,
    trustAnchors: reader.certificates([...certificates, 'trustAnchors'], trustAnchors),
    intermediates: reader.certificates([...certificates, 'intermediates'], intermediates),
    crls: reader.crls([...certificates, 'crlFiles'], crlFiles),
    ocspResponders: reader.certificates(
      [...certificates, 'revocation', 'ocsp', 'responderCertificates'],
      revocation.ocsp.responderCertificates,
    ),
    physicalPath,
    logDirectory: readLogDirectory(reader, [...site, 'logFile', 'directory'], settings),
    virtualDirectories: loadVirtualDirectories(reader, site, settings, isDirectory ? physicalPath : undefined),
    hooks: loadHooks(reader, [...site, 'hooks'], settings.hooks, now),
  };
  // What could not be read is missing here, and a reference to it is not a fault of its own.
  const isWhole = reader.source.faults.length === faultsBefore;
  if (isWhole && !service && settings.authentication.clientCertAuthentication.enabled) {
    new TrustCheck(reader, certificates, settings.sslClientCertificates, loaded, clock).run();
    checkRevocation(reader, certificates, settings.sslClientCertificates, loaded);
  }
  if (isDirectory) {
    checkWritable(reader, [...site, 'physicalPath'], settings);
    checkRulePaths(reader.source, site, settings, physicalPath, loaded.virtualDirectories);
  }
  const rules = readRules(reader, [...site, 'mapping', 'rules'], settings, further);
  return server && rules && { ...loaded, server, furtherServers, rules, remoteMapping };
}

function readLogDirectory(reader: MaterialReader, setting: SettingPath, { logFile }: SiteSettings) {
  return logFile?.enabled ? reader.output(setting, logFile.directory, 'directory') : undefined;
}

function readServers(reader: MaterialReader, place: SettingPath, ssl: SiteSettings['ssl'], now: Date) {
  const { furtherCertificates, ocspStapling } = ssl;
  const read = (files: ServerFiles, at: SettingPath) => readServer(reader, at, files, ocspStapling, now);
  const server = read(ssl, place);
  const furtherServers = furtherCertificates.flatMap(
    (files, index) => read(files, [...place, 'furtherCertificates', index]) ?? [],
  );
  if (server && furtherServers.length === furtherCertificates.length) {
    checkServerTwins(reader.source, place, [server, ...furtherServers]);
    if (ocspStapling) checkStapledTwins(reader.source, place, [server, ...furtherServers]);
  }
  return { server, furtherServers };
}

type ServerFiles = Pick<SiteSettings['ssl'], 'serverCertificate' | 'serverCertificateKey'>;

function readServer(
  reader: MaterialReader,
  place: SettingPath,
  files: ServerFiles,
  isStapled: boolean,
  now: Date,
): ServerIdentity | undefined {
  const certificate = { setting: [...place, 'serverCertificate'], file: files.serverCertificate };
  const key = { setting: [...place, 'serverCertificateKey'], file: files.serverCertificateKey };
  const server = readIdentity(reader, { certificate, key }, now);
  if (server) {
    checkServerCertificate(reader.source, certificate.setting, server.certificate, now);
    checkServerStatus(reader.source, certificate.setting, server.certificate, isStapled);
  }
  return server;
}

/** Where the service makes homes, or all share the folder and may write, the folder itself must be writable. */
function checkWritable(reader: MaterialReader, setting: SettingPath, settings: SiteSettings): void {
  const { mode, createHome } = settings.userIsolation;
  const mayWrite = settings.authorization.some(({ permissions }) => permissions.includes('Write'));
  if ((mode !== 'None' && createHome) || (isolationModes[mode].sharesRoot && mayWrite))
    reader.writableFolder(setting, settings.physicalPath);
}
