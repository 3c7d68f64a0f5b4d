/** Reading the configuration anew while a service runs: new material for logins, or everything stays as it was. */
import type { Clock } from '../clock.ts';
import { ConfigurationError, formatFault } from '../config/fault.ts';
import { type Configuration, loadConfiguration } from '../config/load.ts';
import type { Logger } from '../operations/log.ts';
import type { Logins, SwitchableLogins } from './logins.ts';

export interface Reload {
  readonly file: string;
  /** Names of the sites that are served: a configuration without one of them is refused. */
  readonly sites: readonly string[];
  readonly logins: SwitchableLogins;
  readonly create: (configuration: Configuration) => Logins;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Never rejects: a fault leaves the old in force. Listeners, TLS identity and limits need a restart. */
export async function reload({ file, sites, logins, create, clock, logger }: Reload): Promise<void> {
  try {
    const configuration = loadConfiguration(file, clock);
    const names = new Set(configuration.sites.map(({ settings }) => settings.name));
    const missing = sites.filter((name) => !names.has(name));
    if (missing.length > 0) throw new Error(`sites cannot be removed by a reload: ${missing.join(', ')}`);
    await logins.replace(create(configuration));
    logger.info('reloaded', { configuration: file, sha256: configuration.sha256 });
  } catch (error) {
    const faults = error instanceof ConfigurationError ? error.faults.map(formatFault) : [String(error)];
    logger.error('reload-refused', { configuration: file, faults });
  }
}
