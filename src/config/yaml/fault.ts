/** What is wrong with a configuration, said so that it can be mended: where, what, and how. */

export interface SourcePosition {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface ConfigurationFault {
  /** `fault` stops the start; `warning` is reported and lived with; `note` tells who checks a configuration what it comes to. */
  readonly severity: 'fault' | 'warning' | 'note';
  readonly position: SourcePosition;
  /** The setting, as a path through the file: `sites[0].ssl.serverCertificate`; empty for the file as a whole. */
  readonly setting: string;
  readonly message: string;
  readonly remedy: string;
}

export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly ConfigurationFault[];
  constructor(faults: readonly ConfigurationFault[]) {
    super(`the configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`);
    this.faults = faults;
  }
}

/** One line for people: `cardgate.yaml:12:5: fault: sites[0].ssl: … — remedy`. */
export function formatFault(fault: ConfigurationFault): string {
  const { file, line, column } = fault.position;
  const setting = fault.setting ? `${fault.setting}: ` : '';
  return `${file}:${line}:${column}: ${fault.severity}: ${setting}${fault.message}\n    ${fault.remedy}`;
}
