/** Authorization rules for directories that are not there: where all share one folder, such a rule protects nothing. */
import { opendirSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { isolationModes } from '../../authorization/user-isolation.ts';
import type { VirtualDirectory } from '../../authorization/virtual-directories.ts';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

/** Of a folder of any size so many names are looked at for the one that may be meant. */
const maximumNames = 10_000;

/**
 * Where homes are isolated, a directory may be in some of them only: nothing is said then.
 * @param physicalPath absolute
 * @param virtualDirectories whose files are elsewhere
 */
export function checkRulePaths(
  source: YamlSource,
  site: SettingPath,
  settings: SiteSettings,
  physicalPath: string,
  virtualDirectories: readonly VirtualDirectory[],
): void {
  if (!isolationModes[settings.userIsolation.mode].sharesRoot) return;
  settings.authorization.forEach(({ path: rulePath }, index) => {
    // What only leads to a virtual directory need not be on the disk.
    if (virtualDirectories.some(({ path }) => path.startsWith(`${rulePath.replace(/\/$/, '')}/`))) return;
    const holder = holderOf(rulePath, virtualDirectories);
    const folder = holder?.physicalPath ?? physicalPath;
    const missing = firstMissing(folder, rulePath.slice(holder?.path.length ?? 0));
    if (missing === undefined) return;
    const near = nearest(posix.basename(missing), directoriesOf(join(folder, dirname(missing))));
    source.warning(
      [...site, 'authorization', index, 'path'],
      `there is no ${missing} in physicalPath ${folder}, so that the rule concerns nothing now`,
      near === undefined
        ? 'Correct the path, or create the directory.'
        : `Did you mean ${posix.join(holder?.path ?? '/', posix.dirname(missing), near)}?`,
    );
  });
}

/** The deepest virtual directory that the path leads into. */
function holderOf(rulePath: string, virtualDirectories: readonly VirtualDirectory[]): VirtualDirectory | undefined {
  return virtualDirectories
    .filter(({ path }) => `${rulePath}/`.startsWith(`${path}/`))
    .sort((one, other) => other.path.length - one.path.length)[0];
}

/** The part of a virtual path that ends with the first name that is not there; undefined where all are, or may be. */
function firstMissing(physicalPath: string, path: string): string | undefined {
  const names = path.split('/').filter((name) => name !== '');
  for (let count = 1; count <= names.length; count += 1) {
    const part = `/${names.slice(0, count).join('/')}`;
    try {
      if (statSync(join(physicalPath, part), { throwIfNoEntry: false }) === undefined) return part;
    } catch {
      // What this process may not look into may be there.
      return undefined;
    }
  }
  return undefined;
}

function directoriesOf(folder: string): readonly string[] {
  const names: string[] = [];
  try {
    const directory = opendirSync(folder);
    try {
      for (let entry = directory.readSync(); entry && names.length < maximumNames; entry = directory.readSync()) {
        if (entry.isDirectory()) names.push(entry.name);
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    return [];
  }
  return names;
}
