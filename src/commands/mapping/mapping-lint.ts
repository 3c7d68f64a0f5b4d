/** `cardgate mapping lint`: reads the mappings of the configured directories and prints what is wrong, with what belongs there. */
import { type Directory, DirectoryAnswerError, DirectoryUnavailableError } from '../../directory/directory.ts';
import { openDirectory } from '../../gateway/directories.ts';
import { createMappingLint, findingKinds, type MappingFinding } from '../../mapping/stored/mapping-lint.ts';
import { silentLogger } from '../../operations/log.ts';
import { loadOrReport } from '../check/check-config.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { wholeText } from '../whole-text.ts';

export interface MappingLintOptions {
  readonly config: string;
  readonly directory?: string;
  readonly limit: number;
  readonly json: boolean;
}

export interface DirectoryLint {
  readonly directory: string;
  /** Accounts read. */
  readonly accounts: number;
  /** False when there were more accounts than the limit, so that duplicates may be missing. */
  readonly complete: boolean;
  readonly findings: readonly MappingFinding[];
}

/** @returns `refused` when there is a finding worse than weak */
export async function lintMappings(options: MappingLintOptions, terminal: Terminal): Promise<ExitCode> {
  const configuration = loadOrReport(options.config, terminal, 'explanation');
  if (!configuration) return exitCode.usage;
  const names = configuration.directories.map(({ settings }) => settings.name);
  if (options.directory !== undefined && !names.includes(options.directory)) {
    terminal.writeError(`There is no directory ${options.directory}; the configuration has: ${names.join(', ')}.\n`);
    return exitCode.usage;
  }
  const results: DirectoryLint[] = [];
  for (const loaded of configuration.directories) {
    if (options.directory !== undefined && loaded.settings.name !== options.directory) continue;
    const directory = openDirectory(loaded, silentLogger);
    try {
      results.push(await lintDirectory(directory, options.limit));
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError) && !(error instanceof DirectoryAnswerError)) throw error;
      terminal.writeError(`${directory.name}: ${error.message}\nCheck the directory with cardgate explain.\n`);
      return exitCode.refused;
    } finally {
      await directory.close();
    }
  }
  terminal.write(options.json ? `${JSON.stringify(results, null, 2)}\n` : results.map(textOf).join(''));
  const isBad = results.some(({ findings }) => findings.some(({ kind }) => kind !== 'weak'));
  return isBad ? exitCode.refused : exitCode.done;
}

/** @param limit accounts to read at most. @throws DirectoryUnavailableError | DirectoryAnswerError */
export async function lintDirectory(directory: Directory, limit: number): Promise<DirectoryLint> {
  const lint = createMappingLint(directory.mappingSpelling);
  const findings: MappingFinding[] = [];
  let accounts = 0;
  for await (const account of directory.listMappings?.(limit + 1) ?? []) {
    accounts += 1;
    if (accounts > limit) break;
    findings.push(...lint.examine(account));
  }
  findings.push(...lint.duplicates());
  findings.sort((a, b) => findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind));
  return { directory: directory.name, accounts: Math.min(accounts, limit), complete: accounts <= limit, findings };
}

function textOf({ directory, accounts, complete, findings }: DirectoryLint): string {
  const lines = findings.flatMap(({ kind, account, value, message, right }) => [
    `${kind.padEnd(9)} ${wholeText(account)}`,
    ...(value === '' ? [] : [`          ${wholeText(value)}`]),
    `          ${wholeText(message)}`,
    ...(right === undefined ? [] : [`          store instead: ${wholeText(right)}`]),
  ]);
  const end = complete ? '' : '; there are more, so duplicates may be missing: raise --limit';
  lines.push(`${directory}: ${accounts} accounts with mappings read, ${findings.length} findings${end}`);
  return `${lines.join('\n')}\n`;
}
