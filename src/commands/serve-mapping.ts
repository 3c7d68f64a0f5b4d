/** `cardgate serve-mapping`: answers other services who a certificate belongs to, by the sites of the same configuration; reloads on SIGHUP, ends on SIGTERM. */

import type { Configuration, LoadedSite } from '../config/load.ts';
import { formatFault } from '../config/yaml/fault.ts';
import { logWarnings } from '../gateway/configuration-warnings.ts';
import { listenerFault } from '../gateway/listen-fault.ts';
import { createLogins, openSharedParts } from '../gateway/logins.ts';
import { type MappingServiceOptions, mappingServiceOptions } from '../gateway/mapping-service-options.ts';
import { reloader } from '../gateway/reload.ts';
import { closeAll, untilStopped } from '../gateway/service-life.ts';
import { LoginGenerations } from '../login/login-generations.ts';
import type { AuthorizationPolicy } from '../login/login-policy.ts';
import type { Logger } from '../operations/log.ts';
import { productVersion } from '../product-version.ts';
import { createMappingServer, type MappingServer } from '../service/mapping-server.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** @param file the configuration’s, for SIGHUP */
export async function serveMapping(
  file: string,
  configuration: Configuration,
  { listeners, ...settings }: MappingServiceOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const parts = openSharedParts(configuration);
  const { audit, logger, clock, timer, evidence } = parts;
  const create = (current: Configuration) => createLogins(current, parts, mappingAuthorization);
  const logins = new LoginGenerations(create(configuration));
  const sites = configuration.sites.map(({ settings: { name } }) => name);
  const servers = listeners.map((listener) =>
    createMappingServer({
      ...settings,
      listener,
      sites,
      resolve: (site, request, steps) => logins.resolve(site, request, { purpose: 'login', steps }),
      logger,
      clock,
      timer,
    }),
  );
  const apply = (renewed: Configuration) => renewServers(servers, listeners, renewed);
  const isListening = await listenAll(servers, configuration, logger, terminal);
  let isFault = !isListening;
  if (isListening) {
    logger.info('mapping-service-started', {
      configuration: file,
      sha256: configuration.sha256,
      version: productVersion,
      sites,
    });
    audit.write({ event: 'configuration', action: 'started', configuration: file, sha256: configuration.sha256 });
    logWarnings(configuration, logger);
    const service = 'serve-mapping';
    const reload = reloader({ file, service, started: configuration, logins, create, apply, audit, clock, logger });
    const stopped = untilStopped({
      reload: () => void reload().then(() => evidence.renew()),
      reopen: parts.reopen,
      lost: parts.lost,
    });
    terminal.writeError('cardgate is ready\n');
    const end = await stopped;
    ({ isFault } = end);
    const drainMilliseconds = configuration.settings.shutdownDrainTime;
    logger[isFault ? 'error' : 'info']('mapping-service-stopping', { reason: end.reason, drainMilliseconds });
    await closeAll(servers, drainMilliseconds, end.hurried);
    logger.info('mapping-service-stopped');
  }
  await parts.close(logins);
  return isFault ? exitCode.refused : exitCode.done;
}

/** Certificates only: a listener that has moved, or is new, waits for a restart, and the reload names it. */
function renewServers(
  servers: readonly MappingServer[],
  started: MappingServiceOptions['listeners'],
  renewed: Configuration,
): void {
  const listeners = mappingServiceOptions(renewed)?.listeners.filter((listener) => 'address' in listener) ?? [];
  for (const [index, server] of servers.entries()) {
    const former = started[index];
    if (!former || 'socket' in former) continue;
    const latter = listeners.find(({ address, port }) => address === former.address && port === former.port);
    if (latter) server.renew(latter);
  }
}

/** All listeners, or none. */
async function listenAll(
  servers: readonly MappingServer[],
  configuration: Configuration,
  logger: Logger,
  terminal: Terminal,
): Promise<boolean> {
  const listening: MappingServer[] = [];
  for (const [index, server] of servers.entries()) {
    try {
      terminal.writeError(`mapping service on ${await server.listen()}\n`);
      listening.push(server);
    } catch (error) {
      const fault = listenerFault(configuration, index, error);
      const { setting, message: reason, remedy } = fault;
      terminal.writeError(`the mapping service cannot listen:\n${formatFault(fault)}\n`);
      logger.error('listen-failed', { setting, reason, remedy });
      await Promise.all(listening.map((other) => other.close(0)));
      return false;
    }
  }
  return true;
}

/** The rights of the site decide here too, but no home is looked for: the files are elsewhere, if there are any. */
export function mappingAuthorization(site: LoadedSite): AuthorizationPolicy {
  return { rules: site.settings.authorization };
}
