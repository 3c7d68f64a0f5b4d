/** What a configuration that is in force warns of, for the administrator who reads the log instead of `check-config`. */
import type { Configuration } from '../config/load.ts';
import type { Logger } from '../operations/log.ts';

/** At every start and every reload: what was not warned of at the start may have come with the reload. */
export function logWarnings({ warnings }: Configuration, logger: Logger): void {
  for (const { severity, setting, message, remedy } of warnings)
    if (severity !== 'note') logger.warn('configuration-warning', { setting, message, remedy });
}
