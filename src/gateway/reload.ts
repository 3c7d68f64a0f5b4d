/** Reading the configuration anew while a service runs: what can be renewed is, what cannot is named, or everything stays as it was. */
import type { Clock } from '../clock.ts';
import { type Configuration, loadConfiguration } from '../config/load.ts';
import { settingChanges } from '../config/setting-changes.ts';
import type { ServiceKind } from '../config/setting-effects.ts';
import { ConfigurationError, formatFault } from '../config/yaml/fault.ts';
import { errorMessage } from '../error-message.ts';
import type { LoginGenerations, Logins } from '../login/login-generations.ts';
import type { AuditTrail } from '../operations/audit.ts';
import type { Logger } from '../operations/log.ts';
import { logWarnings } from './configuration-warnings.ts';

export interface Reload {
  readonly file: string;
  readonly service: ServiceKind;
  /** What the service was started with. */
  readonly started: Configuration;
  readonly logins: LoginGenerations;
  readonly create: (configuration: Configuration) => Logins;
  /** Renews what connections are served by: all of it, or it throws. */
  readonly apply: (configuration: Configuration) => void;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @returns what SIGHUP does; it never rejects: a fault leaves the old in force */
export function reloader({
  file,
  service,
  started,
  logins,
  create,
  apply,
  audit,
  clock,
  logger,
}: Reload): () => Promise<void> {
  let inForce = started;
  return async () => {
    try {
      const renewed = loadConfiguration(file, clock);
      const names = new Set(renewed.sites.map(({ settings }) => settings.name));
      const missing = started.sites.map(({ settings }) => settings.name).filter((name) => !names.has(name));
      if (missing.length > 0) {
        throw new Error(`a reload cannot remove sites: ${missing.join(', ')}; restart the service without them`);
      }
      const { sha256 } = renewed;
      const changes = settingChanges(inForce, renewed, service, started);
      const fresh = create(renewed);
      try {
        apply(renewed);
      } catch (error) {
        await fresh.close();
        throw error;
      }
      const former = inForce;
      inForce = renewed;
      await logins.replace(fresh);
      const outcome = {
        tookEffect: changes.filter(({ effect }) => effect === 'renewed').map(({ setting }) => setting),
        // Against the start: what a former reload could not renew is still not in force.
        needsRestart: settingChanges(started, renewed, service)
          .filter(({ effect }) => effect === 'restart')
          .map(({ setting }) => setting),
      };
      const fields = {
        configuration: file,
        sha256,
        formerSha256: former.sha256,
        startedSha256: started.sha256,
        ...outcome,
      };
      if (outcome.needsRestart.length > 0) logger.warn('reloaded', fields);
      else logger.info('reloaded', fields);
      audit.write({ event: 'configuration', action: 'reloaded', ...fields });
      logWarnings(renewed, logger);
    } catch (error) {
      const faults = error instanceof ConfigurationError ? error.faults.map(formatFault) : [errorMessage(error)];
      const { sha256 } = inForce;
      logger.error('reload-refused', { configuration: file, sha256, faults });
      audit.write({ event: 'configuration', action: 'reload-refused', configuration: file, sha256, faults });
    }
  };
}
