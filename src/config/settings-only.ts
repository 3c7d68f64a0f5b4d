/** The settings of a configuration without anything they name: for commands that must not need the service’s secrets. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { configurationSchema, type Settings } from './schema.ts';
import { ConfigurationError } from './yaml/fault.ts';
import { fileReason } from './yaml/file-reason.ts';
import { YamlSource } from './yaml/yaml-source.ts';

export interface SettingsOnly {
  readonly settings: Settings;
  /** Paths are relative to the file they stand in. */
  readonly resolve: (name: string) => string;
}

/** @throws ConfigurationError */
export function readSettings(file: string): SettingsOnly {
  const source = new YamlSource(file, octetsOf(file));
  const settings = source.decode(configurationSchema);
  if (!settings) throw new ConfigurationError(source.faults);
  return { settings, resolve: (name) => resolve(dirname(resolve(file)), name) };
}

/** @throws ConfigurationError */
export function octetsOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `cannot be read: ${fileReason(error)}`;
    const position = { file, line: 1, column: 1 };
    const remedy = 'Name an existing configuration file.';
    throw new ConfigurationError([{ severity: 'fault', position, setting: '', message, remedy }]);
  }
}
