/** `cardgate serve-mapping`: answers other services who a certificate belongs to, by the sites of the same configuration; reloads on SIGHUP, ends on SIGTERM. */
import type { Configuration, LoadedSite } from '../config/load.ts';
import { errorMessage } from '../error-message.ts';
import { productVersion } from '../product-version.ts';
import { createMappingServer, type MappingServer, type MappingServerOptions } from '../service/mapping-server.ts';
import type { RemoteAuthenticatorOptions } from '../service/remote-authenticator.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { createLogins, openSharedParts, SwitchableLogins } from './logins.ts';
import { mappingServiceOptions } from './mapping-service-options.ts';
import { reloader } from './reload.ts';
import { closeAll, untilStopped } from './service-life.ts';
import { rightsOf } from './sites.ts';
import type { Terminal } from './terminal.ts';

type OwnOptions = 'sites' | 'resolve' | 'logger' | 'clock' | 'timer' | 'listener';

/** Everything about the service that a configuration says. */
export interface MappingServiceSettings extends Omit<MappingServerOptions, OwnOptions> {
  /** At least one. */
  readonly listeners: readonly MappingServerOptions['listener'][];
}

/** @param file the configuration’s, for SIGHUP */
export async function serveMapping(
  file: string,
  configuration: Configuration,
  { listeners, ...settings }: MappingServiceSettings,
  terminal: Terminal,
): Promise<ExitCode> {
  const parts = openSharedParts(configuration);
  const { audit, logger, clock, timer, evidence } = parts;
  const create = (current: Configuration) => createLogins(current, parts, mappingAuthorizer);
  const logins = new SwitchableLogins(create(configuration));
  const sites = configuration.sites.map(({ settings: { name } }) => name);
  const servers = listeners.map((listener) =>
    createMappingServer({
      ...settings,
      listener,
      sites,
      resolve: (site, ...request) => logins.decide(site, (authenticator) => authenticator.resolve(...request)),
      logger,
      clock,
      timer,
    }),
  );
  const apply = (renewed: Configuration) => renewServers(servers, listeners, renewed);
  const isListening = await listenAll(servers, terminal);
  let isFault = !isListening;
  if (isListening) {
    logger.info('mapping-service-started', {
      configuration: file,
      sha256: configuration.sha256,
      version: productVersion,
      sites,
    });
    audit.write({ event: 'configuration', action: 'started', configuration: file, sha256: configuration.sha256 });
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
  started: MappingServiceSettings['listeners'],
  renewed: Configuration,
): void {
  const listeners = mappingServiceOptions(renewed)?.listeners ?? [];
  for (const [index, server] of servers.entries()) {
    const [former, latter] = [started[index], listeners[index]];
    if (!former || !latter || 'socket' in former || 'socket' in latter) continue;
    if (former.address === latter.address && former.port === latter.port) server.renew(latter);
  }
}

/** All listeners, or none. */
async function listenAll(servers: readonly MappingServer[], terminal: Terminal): Promise<boolean> {
  const listening: MappingServer[] = [];
  for (const server of servers) {
    try {
      terminal.writeError(`mapping service on ${await server.listen()}\n`);
      listening.push(server);
    } catch (error) {
      terminal.writeError(`the mapping service cannot listen: ${errorMessage(error)}\n`);
      await Promise.all(listening.map((other) => other.close(0)));
      return false;
    }
  }
  return true;
}

/** The rights of the site decide here too, but no home is looked for: the files are elsewhere, if there are any. */
export function mappingAuthorizer(site: LoadedSite): RemoteAuthenticatorOptions['authorize'] {
  const findRights = rightsOf(site);
  return async (account, groups, steps) => {
    const rights = findRights(account, groups, steps);
    if (rights.outcome === 'denied') return rights;
    return { outcome: 'authorized', homeDirectory: account.homeDirectory ?? '', accessRights: rights.accessRights };
  };
}
