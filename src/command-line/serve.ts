/** `cardgate serve`: starts every site or none, reloads on SIGHUP, drains on SIGTERM. */
import type { Clock } from '../clock.ts';
import { formatFault } from '../config/fault.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import { checkIdentity, createFtpServer, type FtpServer } from '../ftp/server.ts';
import type { Logger } from '../operations/log.ts';
import { productVersion } from '../product-version.ts';
import { openLocalStorage } from '../storage/local-storage.ts';
import { sweepUploads } from '../storage/sweep.ts';
import { loadOrReport } from './check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { failedBinding, listenFault } from './listen-fault.ts';
import { createLogins, type LoginParts, openSharedParts, SwitchableLogins } from './logins.ts';
import { reloader } from './reload.ts';
import { serverOptions } from './sites.ts';
import type { Terminal } from './terminal.ts';

/** No transfer may stall for longer (the longest dataChannelTimeout), so what is older belongs to a process that died. */
const leftoverAge = 3_600_000;
const sweepInterval = 3_600_000;

interface RunningSite {
  /** As last loaded. */
  site: LoadedSite;
  readonly server: FtpServer;
}

export async function serve(file: string, terminal: Terminal): Promise<ExitCode> {
  const configuration = loadOrReport(file, terminal);
  if (!configuration) return exitCode.usage;
  const parts = openSharedParts(configuration);
  const { audit, logger, clock, evidence } = parts;
  const logins = new SwitchableLogins(createLogins(configuration, parts));
  const running = await startSites(configuration, logins, parts, terminal);
  if (!running) {
    await Promise.all([logins.close(), evidence.stop()]);
    await Promise.all([audit.close(), logger.close()]);
    return exitCode.refused;
  }
  terminal.writeError('cardgate is ready\n');
  audit.write({ event: 'configuration', action: 'started', configuration: file, sha256: configuration.sha256 });
  logger.info('started', {
    configuration: file,
    sha256: configuration.sha256,
    version: productVersion,
    sites: running.length,
    node: process.version,
  });
  const sweeping = keepSwept(running, clock, logger);
  const create = (renewed: Configuration) => createLogins(renewed, parts);
  const apply = (renewed: Configuration) => renewSites(running, renewed);
  const reload = reloader({
    file,
    service: 'serve',
    started: configuration,
    logins,
    create,
    apply,
    audit,
    clock,
    logger,
  });
  const renew = async () => {
    await reload();
    await evidence.renew();
    // After a refused reload too: the administrator may have withdrawn a group, and the old configuration still decides.
    await recheckSessions(running, logger);
  };
  const onHangUp = () => void renew();
  process.on('SIGHUP', onHangUp);

  const signal = await firstSignal('SIGTERM', 'SIGINT');
  logger.info('stopping', { signal, drainMilliseconds: configuration.settings.shutdownDrainTime });
  clearInterval(sweeping);
  await stopSites(running, configuration.settings.shutdownDrainTime);
  process.off('SIGHUP', onHangUp);
  await Promise.all([logins.close(), evidence.stop()]);
  logger.info('stopped');
  await Promise.all([audit.close(), logger.close()]);
  return exitCode.done;
}

/** All sites, or none: a port that is taken stops those that came before. */
async function startSites(
  configuration: Configuration,
  logins: SwitchableLogins,
  { audit, clock, logger }: LoginParts,
  terminal: Terminal,
): Promise<readonly RunningSite[] | undefined> {
  const running: RunningSite[] = [];
  for (const [index, site] of configuration.sites.entries()) {
    const { name } = site.settings;
    const server = createFtpServer({
      ...serverOptions(site),
      authenticator: { authenticate: (request) => logins.authenticate(name, request) },
      openStorage: ({ homeDirectory }, rights) => openLocalStorage({ homeDirectory, rights }),
      audit,
      logger: logger.with({ site: name }),
      clock,
    });
    running.push({ site, server });
    try {
      for (const { address, port, tls } of await server.listen()) {
        terminal.writeError(`site ${name}: ${tls} FTPS on ${address} port ${port}\n`);
      }
    } catch (error) {
      const fault = listenFault(configuration, failedBinding(configuration, index, error), error);
      terminal.writeError(`site ${name} cannot listen:\n${formatFault(fault)}\n`);
      logger.error('listen-failed', {
        site: name,
        setting: fault.setting,
        reason: fault.message,
        remedy: fault.remedy,
      });
      await stopSites(running, 0);
      return undefined;
    }
  }
  return running;
}

/** All sites, or none. @throws when a TLS identity cannot be used */
function renewSites(running: readonly RunningSite[], { sites }: Configuration): void {
  const renewals = running.flatMap((one) => {
    const site = sites.find(({ settings }) => settings.name === one.site.settings.name);
    if (!site) return [];
    const { bindings: _, ...options } = serverOptions(site);
    checkIdentity(options);
    return [{ one, site, options }];
  });
  for (const { one, site, options } of renewals) {
    one.server.renew(options);
    one.site = site;
  }
}

async function stopSites(running: readonly RunningSite[], drainMilliseconds: number): Promise<void> {
  await Promise.all(running.map(({ server }) => server.close(drainMilliseconds)));
}

/** Never rejects. */
async function recheckSessions(running: readonly RunningSite[], logger: Logger): Promise<void> {
  await Promise.all(
    running.map(async ({ site, server }) => {
      logger.info('sessions-rechecked', { site: site.settings.name, ...(await server.recheckLogins()) });
    }),
  );
}

/** Removes what uploads of killed processes left, now and every hour. */
function keepSwept(running: readonly RunningSite[], clock: Clock, logger: Logger): NodeJS.Timeout {
  const sweepAll = async () => {
    for (const { site } of running) {
      const root = site.physicalPath;
      const writtenBefore = new Date(clock.now().getTime() - leftoverAge);
      try {
        const { removed, skipped, isComplete } = await sweepUploads({ root, writtenBefore });
        if (removed > 0 || !isComplete) logger.info('upload-leftovers-removed', { root, removed, skipped, isComplete });
      } catch (error) {
        logger.warn('upload-leftovers-not-removed', { root, error });
      }
    }
  };
  void sweepAll();
  return setInterval(() => void sweepAll(), sweepInterval).unref();
}

function firstSignal(...signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(signal));
  });
}
