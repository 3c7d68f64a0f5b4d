/** What every service does from the moment its listeners are open: it says that it runs, reloads, stops when it is told to, and drains. */
import type { Configuration } from '../config/load.ts';
import type { ServiceKind } from '../config/setting-effects.ts';
import type { LoginGenerations, Logins } from '../login/login-generations.ts';
import { productVersion } from '../product-version.ts';
import type { Milliseconds } from '../settings/units.ts';
import { logWarnings } from './configuration-warnings.ts';
import { closeAll } from './drain.ts';
import type { openSharedParts } from './logins.ts';
import { reloader } from './reload.ts';
import { untilStopped } from './service-life.ts';

export interface RunningService {
  readonly kind: ServiceKind;
  /** The configuration’s, for SIGHUP. */
  readonly file: string;
  readonly configuration: Configuration;
  readonly parts: ReturnType<typeof openSharedParts>;
  readonly logins: LoginGenerations;
  readonly create: (configuration: Configuration) => Logins;
  /** Renews what connections are served by: all of it, or it throws. */
  readonly apply: (configuration: Configuration) => void;
  /** What else is opened anew after log rotation. */
  readonly reopen?: () => void;
  /** What else SIGHUP does, after a refused reload too. Never rejects. */
  readonly afterReload?: () => Promise<void>;
  /** For the log, with the start. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Closed when the service stops. */
  readonly servers: readonly { close(drainTime: Milliseconds): Promise<void> }[];
  /** Hears when all of them are closed. */
  readonly drained?: () => void;
}

const events = {
  serve: { started: 'started', stopping: 'stopping', stopped: 'stopped' },
  'serve-mapping': {
    started: 'mapping-service-started',
    stopping: 'mapping-service-stopping',
    stopped: 'mapping-service-stopped',
  },
} as const;

/**
 * @param say hears the line that a service manager waits for
 * @returns whether the service stopped because its log or audit trail was lost
 */
export async function runUntilStopped(service: RunningService, say: (text: string) => void): Promise<boolean> {
  const { kind, file, configuration, parts, logins, create, apply } = service;
  const { audit, logger, clock, evidence } = parts;
  const { started, stopping, stopped: hasStopped } = events[kind];
  const { sha256 } = configuration;
  audit.write({ event: 'configuration', action: 'started', configuration: file, sha256 });
  logger.info(started, { configuration: file, sha256, version: productVersion, ...service.facts });
  logWarnings(configuration, logger);
  const reload = reloader({ file, service: kind, started: configuration, logins, create, apply, audit, clock, logger });
  const renew = async () => {
    await reload();
    await evidence.renew();
    await service.afterReload?.();
  };
  const reopen = () => {
    parts.reopen();
    service.reopen?.();
  };
  const stopped = untilStopped({ reload: () => void renew(), reopen, lost: parts.lost });
  // Not before: a service manager that waits for it may send a signal at once.
  say('cardgate is ready\n');

  const { reason, isFault, hurried } = await stopped;
  const { shutdownDrainTime } = configuration.settings;
  logger[isFault ? 'error' : 'info'](stopping, { reason, drainMilliseconds: shutdownDrainTime });
  await closeAll(service.servers, shutdownDrainTime, hurried);
  service.drained?.();
  logger.info(hasStopped);
  return isFault;
}
