/** `cardgate check-config`: every fault of a configuration at once, and nothing started. */
import { systemClock } from '../clock.ts';
import { ConfigurationError, type ConfigurationFault, formatFault } from '../config/fault.ts';
import { type Configuration, loadConfiguration } from '../config/load.ts';
import type { LoadingPurpose } from '../config/material.ts';
import { silentLogger } from '../operations/log.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { createLogins } from './logins.ts';
import type { Terminal } from './terminal.ts';

export function checkConfig(file: string, options: { readonly json: boolean }, terminal: Terminal): ExitCode {
  const outcome = tryLoad(file, 'check');
  if (options.json) {
    terminal.write(
      `${JSON.stringify({ valid: outcome.configuration !== undefined, sha256: outcome.configuration?.sha256, files: outcome.configuration?.files, faults: outcome.faults }, null, 2)}\n`,
    );
  } else {
    for (const fault of outcome.faults) terminal.writeError(`${formatFault(fault)}\n`);
    if (outcome.configuration)
      terminal.write(
        `${file}: the configuration is valid (SHA-256 ${outcome.configuration.sha256})${warningCount(outcome.faults)}\n`,
      );
  }
  return outcome.configuration ? exitCode.done : exitCode.usage;
}

/**
 * The configuration for a command that needs it, with its faults or warnings on standard error.
 * @param purpose `explanation` for commands that write nothing of what the service writes
 */
export function loadOrReport(file: string, terminal: Terminal, purpose?: LoadingPurpose): Configuration | undefined {
  const { configuration, faults } = tryLoad(file, purpose);
  for (const fault of faults) terminal.writeError(`${formatFault(fault)}\n`);
  return configuration;
}

function tryLoad(file: string, purpose?: LoadingPurpose) {
  try {
    const configuration = loadConfiguration(file, systemClock, purpose);
    // Putting the parts together finds what only they know, such as a rule that no directory can answer. Nothing connects.
    void createLogins(configuration, {
      audit: { write: () => undefined },
      logger: silentLogger,
      clock: systemClock,
    }).close();
    return { configuration, faults: configuration.warnings };
  } catch (error) {
    if (error instanceof TypeError) return { configuration: undefined, faults: [wholeFileFault(file, error.message)] };
    if (error instanceof ConfigurationError) return { configuration: undefined, faults: error.faults };
    throw error;
  }
}

function warningCount({ length }: readonly ConfigurationFault[]): string {
  if (length === 0) return '';
  return length === 1 ? ', with a warning' : `, with ${length} warnings`;
}

function wholeFileFault(file: string, message: string): ConfigurationFault {
  const position = { file, line: 1, column: 1 };
  return { severity: 'fault', position, setting: '', message, remedy: 'README describes every setting.' };
}
