/** Finds and reads card profiles: those that come with cardgate by name, others by path. Faults carry file and line. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../../config/yaml/fault.ts';
import { YamlSource } from '../../config/yaml/yaml-source.ts';
import { CardError } from './card-error.ts';
import { type CardProfile, cardProfileSchema } from './card-profile.ts';

/** The same from sources and from dist. */
const shipped = join(import.meta.dirname, '..', '..', '..', 'mappings', 'cards');
export const defaultProfile = 'logon';

/** Names of the profiles that come with cardgate, sorted. */
export async function profileNames(): Promise<readonly string[]> {
  const files = await readdir(shipped);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * @param nameOrPath a name of `profileNames`, or the path of a YAML file
 * @throws CardError when there is no such profile, ConfigurationError with every fault when the file is not a profile
 */
export async function readCardProfile(nameOrPath: string): Promise<CardProfile> {
  const isPath = /[/\\]|\.ya?ml$/.test(nameOrPath);
  const file = isPath ? nameOrPath : join(shipped, `${nameOrPath}.yaml`);
  const text = await readFile(file, 'utf8').catch(async (error: NodeJS.ErrnoException) => {
    throw new CardError(
      `There is no card profile ${nameOrPath} (${error.code ?? error.message}).`,
      `Name one of ${(await profileNames()).join(', ')}, or the path of a YAML file.`,
    );
  });
  const source = new YamlSource(file, text);
  const profile = source.decode(cardProfileSchema);
  if (profile === undefined) throw new ConfigurationError(source.faults);
  return profile;
}
