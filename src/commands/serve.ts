/** `cardgate serve` and `cardgate serve-mapping`: the services of a configuration, each run until it is told to stop. */
import { serveSites } from '../gateway/ftp-service.ts';
import { serveMappings } from '../gateway/mapping-service.ts';
import { loadOrReport } from './check/check-config.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export async function serve(file: string, terminal: Terminal): Promise<ExitCode> {
  const configuration = loadOrReport(file, terminal);
  if (!configuration) return exitCode.usage;
  return (await serveSites(file, configuration, terminal.writeError)) ? exitCode.done : exitCode.refused;
}

export async function serveMapping(file: string, terminal: Terminal): Promise<ExitCode> {
  const configuration = loadOrReport(file, terminal);
  if (!configuration) return exitCode.usage;
  const { mappingService } = configuration.settings;
  if (!mappingService) {
    terminal.writeError(`${file} has no mappingService to serve.\n`);
    return exitCode.usage;
  }
  const isSound = await serveMappings(file, configuration, mappingService, terminal.writeError);
  return isSound ? exitCode.done : exitCode.refused;
}
