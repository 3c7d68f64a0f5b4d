/** Runs an import: reads the named file, writes a new one, prints the report. What exists is not overwritten. */
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { errorMessage } from '../../error-message.ts';
import { directoriesOf } from '../../iis/directories-file.ts';
import { type ImportResult, importIis } from '../../iis/import-iis.ts';
import { outcomeWords, reportText } from '../../iis/output/report-text.ts';
import { InputFault } from '../../iis/reading/input-fault.ts';
import { maximumInputOctets } from '../../iis/reading/input-text.ts';
import type {
  FolderMap,
  GivenCertificate,
  GivenWebConfig,
  ImportOptions,
} from '../../iis/translation/import-options.ts';
import { printable, printablePath } from '../../operations/printable.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';

export interface ImportIisOptions {
  readonly output?: string;
  readonly sites?: readonly string[];
  readonly map: readonly string[];
  readonly certificate: readonly string[];
  readonly trustAnchor: readonly string[];
  readonly revocationHost: readonly string[];
  readonly name: readonly string[];
  readonly mappingRules?: string;
  readonly directory?: string;
  readonly ignoreUnknown: boolean;
  readonly strict: boolean;
  readonly json: boolean;
}

/** Bad usage, or a file that cannot be used; nothing was written. */
class UsageError extends Error {}

/** @returns `usage` when the input is refused, `refused` when there is nothing to write, or with `strict` something to decide */
export function runImportIis(
  file: string,
  webConfigs: readonly string[],
  options: ImportIisOptions,
  terminal: Terminal,
): ExitCode {
  try {
    const octets = octetsOfFile(file, 'Name the applicationHost.config of the server.');
    const result = importIis(file, octets, { ...importOptions(options), webConfigs: webConfigs.map(givenWebConfig) });
    writeResult(result, options, terminal);
    if (result.yaml === undefined) return exitCode.refused;
    return options.strict && result.isOpen ? exitCode.refused : exitCode.done;
  } catch (error) {
    if (error instanceof InputFault) terminal.writeError(faultText(error));
    else if (error instanceof UsageError) terminal.writeError(`${error.message}\n`);
    else throw error;
    return exitCode.usage;
  }
}

function writeResult(result: ImportResult, { output, json }: ImportIisOptions, terminal: Terminal): void {
  const report = json ? jsonText(result) : reportText(result);
  if (result.yaml === undefined) {
    terminal.writeError(report);
    terminal.writeError('The file has no FTP site to import: nothing was written.\n');
  } else if (output === undefined) {
    terminal.write(result.yaml);
    terminal.writeError(report);
  } else {
    writeNew(output, result.yaml);
    terminal.write(report);
  }
}

function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o640 });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const reason = exists ? 'exists, and is not overwritten' : `cannot be written: ${errorMessage(error)}`;
    throw new UsageError(`${printablePath(file)} ${reason}\n    Name a new file with --output.`);
  }
}

/** No more is read than a configuration of IIS may have. */
function octetsOfFile(file: string, remedy: string): Uint8Array {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const octets = Buffer.allocUnsafe(maximumInputOctets + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < octets.length; length += read) {
        read = readSync(descriptor, octets, length, octets.length - length, null);
      }
      return octets.subarray(0, length);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new UsageError(`${printablePath(file)}: ${errorMessage(error)}\n    ${remedy}`);
  }
}

/** `SITE/virtual/path=FILE`, or a file alone. */
function givenWebConfig(argument: string): GivenWebConfig {
  const [, location, named] = /^([^=]*)=(.+)$/s.exec(argument) ?? [];
  const file = named ?? argument;
  const remedy = 'Name a web.config of a folder of a site: SITE/virtual/path=FILE, or FILE.';
  return { file, location, octets: octetsOfFile(file, remedy) };
}

function importOptions(options: ImportIisOptions): Omit<ImportOptions, 'webConfigs'> {
  return {
    sites: options.sites,
    ignoreUnknown: options.ignoreUnknown,
    folders: options.map.map(folderMap),
    certificates: options.certificate.map(givenCertificate),
    trustAnchors: options.trustAnchor,
    revocationHosts: options.revocationHost,
    mappingRules: options.mappingRules,
    names: new Map(options.name.map(renaming)),
    directories: options.directory === undefined ? [] : directoriesOfFile(options.directory),
  };
}

/** A Windows path has no `=` before a slash, and a folder of this host begins with one, or with a dot. */
function folderMap(text: string): FolderMap {
  const [, from, to] = /^(.+?)=((?:\/|\.).*)$/s.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return { from, to };
  throw new UsageError(
    `--map ${printable(text)}: is not windows=folder\n    Write it as 'C:\\inetpub\\ftproot=/srv/files'.`,
  );
}

function givenCertificate(text: string): GivenCertificate {
  const [, thumbprint, certificate, key] = /^(?:([0-9A-Fa-f]{40})=)?([^,]+),([^,]+)$/s.exec(text) ?? [];
  if (certificate !== undefined && key !== undefined)
    return { thumbprint: thumbprint?.toLowerCase(), certificate, key };
  const remedy = 'Write it as THUMBPRINT=server.pem,server.key, or as server.pem,server.key for every site.';
  throw new UsageError(`--certificate ${printable(text)}: is not [thumbprint=]certificate,key\n    ${remedy}`);
}

function renaming(text: string): readonly [string, string] {
  const [, from, to] = /^([^=]+)=([^=].*)$/s.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return [from.trim().toLowerCase(), to];
  throw new UsageError(`--name ${printable(text)}: is not old=new\n    Write it as 'CORP\\Staff=ftp-staff'.`);
}

function directoriesOfFile(file: string): ImportOptions['directories'] {
  try {
    return directoriesOf(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = printable(errorMessage(error).split('\n')[0] ?? '');
    throw new UsageError(
      `--directory ${printablePath(file)}: ${reason}\n    Give a YAML file with a list directories, as a configuration has it.`,
    );
  }
}

/** `file:line:column: refused: …`, and the remedy below. */
function faultText({ place, message, remedy }: InputFault): string {
  return `${printablePath(place.file)}:${place.line}:${place.column}: refused: ${message}\n    ${remedy}\nNothing was written.\n`;
}

function jsonText({ sites, findings, isOpen }: ImportResult): string {
  const worded = findings.map((finding) => ({ ...finding, outcome: outcomeWords[finding.outcome] }));
  return `${JSON.stringify({ isOpen, sites, findings: worded }, null, 2)}\n`;
}
