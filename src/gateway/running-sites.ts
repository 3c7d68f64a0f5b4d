/** The FTP servers of a configuration: started, renewed and judged anew all together. */
import type { Clock, Timer } from '../clock.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import { formatFault } from '../config/yaml/fault.ts';
import { ReverseNameCache, systemNameServers } from '../ftp/admission/reverse-names.ts';
import { externalNamesIn } from '../ftp/data-ports/external-address.ts';
import { ExternalNames, lookUpBySystem } from '../ftp/data-ports/external-names.ts';
import { Listeners } from '../ftp/listening/listeners.ts';
import { checkIdentity, createFtpServer, type FtpServer } from '../ftp/server.ts';
import { UploadsInProgress } from '../ftp/uploads-in-progress.ts';
import type { SiteHooks } from '../hooks/site-hooks.ts';
import type { LoginGenerations } from '../login/login-generations.ts';
import { type AuditTrail, trailOfSite } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { SiteLog } from '../operations/site-log/site-log.ts';
import { milliseconds } from '../settings/units.ts';
import type { FileOperations } from '../storage/file-operations.ts';
import { closeAll } from './drain.ts';
import type { SharedEvidence } from './evidence.ts';
import { fileOperationLimits } from './file-threads.ts';
import { failedBinding, listenFault } from './listen-fault.ts';
import { OwnStatuses } from './own-statuses.ts';
import { openSiteHooks, renewedHooks } from './site-hooks.ts';
import { openSiteStorage } from './site-storage.ts';
import { logPlaceOf, serverOptions, stapledCertificates } from './sites.ts';

export interface RunningSite {
  /** As last loaded. */
  site: LoadedSite;
  readonly server: FtpServer;
  readonly files: FileOperations;
  readonly externalNames: ExternalNames;
  readonly statuses: OwnStatuses;
  readonly siteLog: SiteLog;
  readonly hooks: SiteHooks;
}

interface SiteParts {
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly timer: Timer;
  readonly evidence: Pick<SharedEvidence, 'retriever'>;
  /** By name of the site. */
  readonly fileOperations: ReadonlyMap<string, FileOperations>;
}

/**
 * All sites, or none: a port that is taken stops those that came before.
 * @param say hears, in whole lines, where each site listens or why it cannot
 * @returns undefined when a site cannot listen
 */
export async function startSites(
  configuration: Configuration,
  logins: LoginGenerations,
  { audit, clock, timer, logger, evidence, fileOperations }: SiteParts,
  say: (text: string) => void,
): Promise<readonly RunningSite[] | undefined> {
  const running: RunningSite[] = [];
  const uploads = new UploadsInProgress();
  const listeners = new Listeners({ audit, logger });
  const reverseNames = new ReverseNameCache(systemNameServers(), timer);
  for (const site of configuration.sites) {
    const { name } = site.settings;
    const files = fileOperations.get(name);
    if (!files) throw new Error(`site ${name} without file operations`);
    const siteLogger = logger.with({ site: name });
    const externalNames = new ExternalNames({ lookUp: lookUpBySystem, timer, logger: siteLogger });
    const statuses = new OwnStatuses({ retriever: evidence.retriever, clock, logger: siteLogger });
    const siteLog = openSiteLog(site, clock, siteLogger);
    const hooks = openSiteHooks(site, clock, siteLogger);
    const server = createFtpServer(
      {
        ...serverOptions(site, configuration.settings.ipSecurity),
        reverseNames,
        uploads,
        externalNames,
        statuses,
        authenticator: logins.authenticator(name),
        openStorage: (login, rights, settings) => openSiteStorage(files, login, rights, settings),
        audit: trailOfSite(audit, name),
        siteLog,
        hooks,
        logger: siteLogger,
        clock,
        timer,
      },
      listeners,
    );
    const one = { site, server, files, externalNames, statuses, siteLog, hooks };
    running.push(one);
    prepare(one);
  }
  // Those that share an address and port are there when its first client comes.
  for (const [index, { site, server }] of running.entries()) {
    const { name } = site.settings;
    try {
      for (const { address, port, tls, hostName } of await server.listen()) {
        const called = hostName === undefined ? '' : ` (${hostName})`;
        say(`site ${name}${called}: ${tls} FTPS on ${address} port ${port}\n`);
      }
    } catch (error) {
      const fault = listenFault(configuration, failedBinding(configuration, index, error), error);
      const { setting, message: reason, remedy } = fault;
      say(`site ${name} cannot listen:\n${formatFault(fault)}\n`);
      logger.error('listen-failed', { site: name, setting, reason, remedy });
      await closeAll(
        running.flatMap((other) => [other.server, other.statuses]),
        milliseconds(0),
      );
      return undefined;
    }
  }
  return running;
}

function openSiteLog(site: LoadedSite, clock: Clock, logger: Logger): SiteLog {
  const onAlarm = (text: string) => logger.error('site-log-alarm', { text });
  return new SiteLog({ place: logPlaceOf(site), site: site.settings.name, clock, onAlarm });
}

/** All sites, or none. @throws when a TLS identity cannot be used */
export function renewSites(running: readonly RunningSite[], { sites, settings }: Configuration, clock: Clock): void {
  const renewals = running.flatMap((one) => {
    const site = sites.find(({ settings }) => settings.name === one.site.settings.name);
    if (!site) return [];
    const options = serverOptions(site, settings.ipSecurity);
    checkIdentity(options);
    return [{ one, site, options, hooks: renewedHooks(one.site, site, clock) }];
  });
  for (const { one, site, options, hooks } of renewals) {
    one.server.renew(options);
    one.hooks.renew(hooks);
    one.siteLog.renew(logPlaceOf(site));
    one.files.limits = fileOperationLimits(site.settings);
    one.site = site;
    prepare(one);
  }
}

/** What is asked of others for the site, now and not by its first client. */
function prepare({ site, externalNames, statuses }: RunningSite): void {
  externalNames.prepare(externalNamesIn(site.settings.firewallSupport));
  statuses.prepare(stapledCertificates(site));
}

/** Never rejects. */
export async function recheckSessions(running: readonly RunningSite[], logger: Logger): Promise<void> {
  await Promise.all(
    running.map(async ({ site, server }) => {
      logger.info('sessions-rechecked', { site: site.settings.name, ...(await server.recheckLogins()) });
    }),
  );
}
