/**
 * `cardgate check-config --online`: what only the world outside the configuration can tell, asked as the user who runs this. It binds and
 * searches as the service does, connects to hosts, and tries ports and folders so that nothing is left behind.
 */
import { connect } from 'node:net';
import { isolationModes } from '../../authorization/user-isolation.ts';
import type { Configuration } from '../../config/load.ts';
import type { ConfigurationFault } from '../../config/yaml/fault.ts';
import { errorMessage } from '../../error-message.ts';
import { accessLocations } from '../../pki/certificate/authority-information-access.ts';
import type { Certificate } from '../../pki/certificate/certificate.ts';
import { oids } from '../../pki/encoding/oids.ts';
import { formatSetting, type SettingPath } from '../../schema-faults/setting-path.ts';
import { checkDirectory, type Report } from './directory-check.ts';
import { listeningFaults } from './trial-listening.ts';
import { writingProblem } from './trial-writing.ts';

const connectTimeout = 5_000;

/** @returns what does not work, at the settings that are concerned */
export async function checkOnline(configuration: Configuration): Promise<readonly ConfigurationFault[]> {
  const found: ConfigurationFault[] = [];
  const report: Report = (severity, setting, message, remedy) => {
    const position = configuration.locate(setting);
    found.push({ severity, position, setting: formatSetting(setting), message, remedy });
  };
  await Promise.all([
    ...configuration.directories.map((directory, index) => {
      const place = configuration.settings.directories.findIndex(({ name }) => name === directory.settings.name);
      return checkDirectory(directory, ['directories', place < 0 ? index : place], report);
    }),
    ...configuration.sites.map((_site, index) => checkHosts(configuration, index, report)),
    checkServices(configuration, report),
  ]);
  for (const fault of await listeningFaults(configuration)) found.push(fault);
  await checkFolders(configuration, report);
  return found;
}

/** Every host that may be asked, at the ports that the certificates and settings of the site name. */
async function checkHosts({ settings, sites }: Configuration, index: number, report: Report): Promise<void> {
  const site = sites[index];
  const wanted = settings.sites[index]?.sslClientCertificates;
  if (!site || !wanted) return;
  const urls = [
    ...[...site.trustAnchors, ...site.intermediates].flatMap(urlsOf),
    ...wanted.revocation.ocsp.responders,
  ].filter((url) => URL.canParse(url));
  await Promise.all(
    wanted.revocationRetrievalHosts.map(async (host, place) => {
      const known = urls.map((url) => new URL(url)).filter((url) => url.hostname.replace(/^\[|\]$/g, '') === host);
      const ports = [...new Set(known.map(({ protocol, port }) => Number(port) || (defaultPorts[protocol] ?? 80)))];
      for (const port of ports.length > 0 ? ports : [80]) {
        const problem = await connectionProblem({ host, port });
        if (problem === undefined) continue;
        report(
          'fault',
          ['sites', index, 'sslClientCertificates', 'revocationRetrievalHosts', place],
          `${host} port ${port} cannot be reached: ${problem}`,
          'Correct the name, or let the gateway through the firewall to it.',
        );
      }
    }),
  );
}

const defaultPorts: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ldap:': 389, 'ldaps:': 636 };

function urlsOf(certificate: Certificate): readonly string[] {
  const points = certificate.crlDistributionPoints.flatMap(({ name }) => (name?.kind === 'fullName' ? name.names : []));
  return [
    ...points.flatMap((name) => (name.kind === 'uniformResourceIdentifier' ? [name.value] : [])),
    ...accessLocations(certificate, oids.ocspAccess),
    ...accessLocations(certificate, oids.caIssuers),
  ];
}

async function checkServices({ sites }: Configuration, report: Report): Promise<void> {
  for (const [index, { remoteMapping }] of sites.entries()) {
    for (const [place, endpoint] of (remoteMapping?.endpoints ?? []).entries()) {
      const target = 'socket' in endpoint ? { path: endpoint.socket } : hostAndPort(endpoint.url);
      const problem = await connectionProblem(target);
      if (problem === undefined) continue;
      const setting = ['sites', index, 'mapping', 'service', 'endpoints', place];
      report(
        'fault',
        setting,
        `the mapping service cannot be reached: ${problem}`,
        'Start it (cardgate serve-mapping), or correct the endpoint.',
      );
    }
  }
}

function hostAndPort(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 443 };
}

function connectionProblem(
  target: { readonly host: string; readonly port: number } | { readonly path: string },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(target);
    const finish = (problem?: string) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(connectTimeout, () => finish(`no answer within ${connectTimeout / 1000} s`));
    socket.once('error', (error) => finish(errorMessage(error)));
    socket.once('connect', () => finish());
  });
}

async function checkFolders(
  { settings, sites, auditFile, logFile, retrieval }: Configuration,
  report: Report,
): Promise<void> {
  const outputs: readonly (readonly [SettingPath, string | undefined])[] = [
    [['audit', 'file'], auditFile],
    [['log', 'file'], logFile],
    [['retrieval', 'cacheDirectory'], retrieval.cacheDirectory],
    ...sites.map((site, index) => [['sites', index, 'physicalPath'], writtenTo(site)] as const),
  ];
  for (const [setting, path] of outputs) {
    const problem = path === undefined ? undefined : await writingProblem(path);
    if (problem === undefined) continue;
    report(
      'fault',
      setting,
      `${path} cannot be written: ${problem}`,
      'Give it to the user the service runs as, and mount its file system writable.',
    );
  }
  if (process.getuid?.() === 0 && settings.sites.length > 0) {
    report(
      'warning',
      [],
      'this was tried as root, who may do what the service may not',
      'Name the user of the service: --user NAME.',
    );
  }
}

/** Undefined where the service writes nothing into the folder itself. */
function writtenTo({ settings, physicalPath }: Configuration['sites'][number]): string | undefined {
  const { mode, createHome } = settings.userIsolation;
  const mayWrite = settings.authorization.some(({ permissions }) => permissions.includes('Write'));
  return (isolationModes[mode].sharesRoot && mayWrite) || createHome ? physicalPath : undefined;
}
