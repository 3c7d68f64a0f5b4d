/** `cardgate serve-mapping`: the mapping service of a configuration on each of its listeners. */
import type { Configuration } from '../config/load.ts';
import { formatFault } from '../config/yaml/fault.ts';
import { LoginGenerations } from '../login/login-generations.ts';
import type { Logger } from '../operations/log.ts';
import { createMappingServer, type MappingServer } from '../service/mapping-server.ts';
import type { MappingServiceSettings } from '../service/service-settings.ts';
import { listenerFault } from './listen-fault.ts';
import { createLogins, openSharedParts } from './logins.ts';
import { runUntilStopped } from './running-service.ts';

/**
 * @param file the configuration’s, for SIGHUP
 * @param say hears whole lines for the caller of the process
 * @returns whether the service did its work until it was told to stop
 */
export async function serveMappings(
  file: string,
  configuration: Configuration,
  settings: MappingServiceSettings,
  say: (text: string) => void,
): Promise<boolean> {
  const parts = openSharedParts(configuration);
  const { logger, clock, timer } = parts;
  const create = (current: Configuration) => createLogins(current, parts, noHomes);
  const logins = new LoginGenerations(create(configuration));
  const sites = configuration.sites.map(({ settings: { name } }) => name);
  const servers = configuration.listeners.map((listener) =>
    createMappingServer({
      settings,
      listener,
      sites,
      resolve: (site, request, steps) => logins.resolve(site, request, { purpose: 'login', steps }),
      logger,
      clock,
      timer,
    }),
  );
  const isListening = await listenAll(servers, configuration, logger, say);
  const apply = (renewed: Configuration) => renewServers(servers, configuration, renewed);
  const service = { kind: 'serve-mapping', file, configuration, parts, logins, create, apply } as const;
  const isSound = isListening && !(await runUntilStopped({ ...service, facts: { sites }, servers }, say));
  await parts.close(logins);
  return isSound;
}

/** Certificates only: a listener that has moved, or is new, waits for a restart, and the reload names it. */
function renewServers(servers: readonly MappingServer[], started: Configuration, renewed: Configuration): void {
  const listeners = renewed.listeners.filter((listener) => 'address' in listener);
  for (const [index, server] of servers.entries()) {
    const former = started.listeners[index];
    if (!former || 'socket' in former) continue;
    const latter = listeners.find(({ address, port }) => address === former.address && port === former.port);
    if (latter) server.renew(latter);
  }
}

/** The rights of the site decide here too, but no home is looked for: the files are elsewhere, if there are any. */
export const noHomes = () => undefined;

/** All listeners, or none. */
async function listenAll(
  servers: readonly MappingServer[],
  configuration: Configuration,
  logger: Logger,
  say: (text: string) => void,
): Promise<boolean> {
  const listening: MappingServer[] = [];
  for (const [index, server] of servers.entries()) {
    try {
      say(`mapping service on ${await server.listen()}\n`);
      listening.push(server);
    } catch (error) {
      const fault = listenerFault(configuration, index, error);
      const { setting, message: reason, remedy } = fault;
      say(`the mapping service cannot listen:\n${formatFault(fault)}\n`);
      logger.error('listen-failed', { setting, reason, remedy });
      await Promise.all(listening.map((other) => other.close(0)));
      return false;
    }
  }
  return true;
}
