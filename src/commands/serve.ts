/** `cardgate serve`: starts every site or none, reloads on SIGHUP, drains on SIGTERM. */
import type { Clock } from '../clock.ts';
import type { Configuration, LoadedSite } from '../config/load.ts';
import { formatFault } from '../config/yaml/fault.ts';
import { checkIdentity, createFtpServer, type FtpServer } from '../ftp/server.ts';
import { logWarnings } from '../gateway/configuration-warnings.ts';
import { fileOperationLimits, fileOperationsOf, sizeFileThreads } from '../gateway/file-threads.ts';
import { failedBinding, listenFault } from '../gateway/listen-fault.ts';
import { createLogins, type LoginParts, openSharedParts } from '../gateway/logins.ts';
import { reloader } from '../gateway/reload.ts';
import { closeAll, untilStopped } from '../gateway/service-life.ts';
import { serverOptions } from '../gateway/sites.ts';
import { LoginGenerations } from '../login/login-generations.ts';
import { trailOfSite } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { productVersion } from '../product-version.ts';
import { milliseconds } from '../settings/units.ts';
import { openBoundedStorage } from '../storage/bounded-storage.ts';
import { type FileOperations, forEver } from '../storage/file-operations.ts';
import { openLocalStorage } from '../storage/local-storage.ts';
import { sweepUploads } from '../storage/sweep.ts';
import { loadOrReport } from './check/check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** No transfer may stall for longer (the longest dataChannelTimeout), so what is older belongs to a process that died. */
const leftoverAge = 3_600_000;
const sweepInterval = 3_600_000;

interface RunningSite {
  /** As last loaded. */
  site: LoadedSite;
  readonly server: FtpServer;
  readonly files: FileOperations;
}

type ServeParts = LoginParts & { readonly fileOperations: ReadonlyMap<string, FileOperations> };

export async function serve(file: string, terminal: Terminal): Promise<ExitCode> {
  const configuration = loadOrReport(file, terminal);
  if (!configuration) return exitCode.usage;
  sizeFileThreads(configuration.sites.length);
  const shared = openSharedParts(configuration);
  const parts = { ...shared, fileOperations: fileOperationsOf(configuration.sites, shared.logger) };
  const { audit, logger, clock, evidence } = parts;
  const logins = new LoginGenerations(createLogins(configuration, parts));
  const running = await startSites(configuration, logins, parts, terminal);
  if (!running) {
    await parts.close(logins);
    return exitCode.refused;
  }
  audit.write({ event: 'configuration', action: 'started', configuration: file, sha256: configuration.sha256 });
  logger.info('started', {
    configuration: file,
    sha256: configuration.sha256,
    version: productVersion,
    sites: running.length,
    node: process.version,
  });
  logWarnings(configuration, logger);
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
  const stopped = untilStopped({ reload: () => void renew(), reopen: parts.reopen, lost: parts.lost });
  // Not before: a service manager that waits for it may send a signal at once.
  terminal.writeError('cardgate is ready\n');

  const { reason, isFault, hurried } = await stopped;
  const { shutdownDrainTime } = configuration.settings;
  logger[isFault ? 'error' : 'info']('stopping', { reason, drainMilliseconds: shutdownDrainTime });
  clearInterval(sweeping);
  await closeAll(
    running.map(({ server }) => server),
    shutdownDrainTime,
    hurried,
  );
  const stuck = running.reduce((sum, { files }) => sum + files.overdue, 0);
  if (stuck > 0) logger.error('stopped-with-file-operations-that-never-returned', { threads: stuck });
  logger.info('stopped');
  await parts.close(logins);
  // The process waits for its threads until their file system answers.
  if (stuck > 0) process.kill(process.pid, 'SIGKILL');
  return isFault ? exitCode.refused : exitCode.done;
}

/** All sites, or none: a port that is taken stops those that came before. */
async function startSites(
  configuration: Configuration,
  logins: LoginGenerations,
  { audit, clock, timer, logger, fileOperations }: ServeParts,
  terminal: Terminal,
): Promise<readonly RunningSite[] | undefined> {
  const running: RunningSite[] = [];
  for (const [index, site] of configuration.sites.entries()) {
    const { name } = site.settings;
    const files = fileOperations.get(name);
    if (!files) throw new Error(`site ${name} without file operations`);
    const server = createFtpServer({
      ...serverOptions(site),
      authenticator: logins.authenticator(name),
      openStorage: ({ homeDirectory }, rights) =>
        openBoundedStorage(files, homeDirectory, () => openLocalStorage({ homeDirectory, rights })),
      audit: trailOfSite(audit, name),
      logger: logger.with({ site: name }),
      clock,
      timer,
    });
    running.push({ site, server, files });
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
      await closeAll(
        running.map((other) => other.server),
        milliseconds(0),
      );
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
    const options = serverOptions(site);
    checkIdentity(options);
    return [{ one, site, options }];
  });
  for (const { one, site, options } of renewals) {
    one.server.renew(options);
    one.files.limits = fileOperationLimits(site.settings);
    one.site = site;
  }
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
  const isSwept = new Set<RunningSite>();
  const sweep = async (one: RunningSite) => {
    // One that hangs takes a thread of its site; the next takes another.
    if (isSwept.has(one)) return;
    isSwept.add(one);
    const root = one.site.physicalPath;
    const writtenBefore = new Date(clock.now().getTime() - leftoverAge);
    try {
      const work = () => sweepUploads({ root, writtenBefore });
      const swept = await one.files.run({ home: root, overdue: 0 }, 'sweep', work, { deadline: forEver });
      const { removed, skipped, isComplete } = swept;
      if (removed > 0 || !isComplete) logger.info('upload-leftovers-removed', { root, removed, skipped, isComplete });
    } catch (error) {
      logger.warn('upload-leftovers-not-removed', { root, error });
    } finally {
      isSwept.delete(one);
    }
  };
  const sweepAll = () => {
    for (const one of running) void sweep(one);
  };
  sweepAll();
  return setInterval(sweepAll, sweepInterval).unref();
}
