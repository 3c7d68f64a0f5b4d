/** `cardgate check-config`: every fault of a configuration at once, and nothing started. */
import { systemClock, systemTimer } from '../../clock.ts';
import { type Configuration, loadConfiguration } from '../../config/load.ts';
import type { LoadingPurpose } from '../../config/material.ts';
import { ConfigurationError, type ConfigurationFault, formatFault } from '../../config/yaml/fault.ts';
import { createLogins } from '../../gateway/logins.ts';
import { unrecordedTrail } from '../../operations/audit.ts';
import { silentLogger } from '../../operations/log.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { becomeUser } from './become-user.ts';
import { checkOnline } from './online-check.ts';

export interface CheckConfigOptions {
  readonly json: boolean;
  /** Also asks directories, hosts, ports and folders. */
  readonly online?: boolean;
  /** User the service runs as. */
  readonly user?: string;
}

/** @returns `refused` when the configuration is right, and the world outside it is not */
export async function checkConfig(file: string, options: CheckConfigOptions, terminal: Terminal): Promise<ExitCode> {
  const problem = options.user === undefined ? undefined : becomeUser(options.user);
  if (problem !== undefined) {
    terminal.writeError(`${problem}\n`);
    return exitCode.usage;
  }
  const { configuration, faults } = tryLoad(file, 'check');
  const online = configuration && options.online ? await checkOnline(configuration) : undefined;
  const all = [...faults, ...(online ?? [])];
  if (options.json) {
    const { sha256, files } = configuration ?? {};
    terminal.write(
      `${JSON.stringify({ valid: configuration !== undefined, sha256, files, faults, online }, null, 2)}\n`,
    );
  } else {
    for (const fault of all) terminal.writeError(`${formatFault(fault)}\n`);
    if (configuration) {
      const warnings = warningCount(all.filter(({ severity }) => severity === 'warning'));
      terminal.write(`${file}: the configuration is valid (SHA-256 ${configuration.sha256})${warnings}\n`);
      if (online) terminal.write(onlineSummary(online));
    }
  }
  if (!configuration) return exitCode.usage;
  return online?.some(({ severity }) => severity === 'fault') ? exitCode.refused : exitCode.done;
}

function onlineSummary(online: readonly ConfigurationFault[]): string {
  const count = online.filter(({ severity }) => severity === 'fault').length;
  return count === 0 ? 'Everything it names answers.\n' : `${count} of what it names does not work.\n`;
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
      audit: unrecordedTrail,
      logger: silentLogger,
      clock: systemClock,
      timer: systemTimer,
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
  return {
    severity: 'fault',
    position,
    setting: '',
    message,
    remedy: 'docs/reference/settings.md describes every setting.',
  };
}
