/** Authorization rules for directories that are not there: where all share one folder, such a rule protects nothing. */
import { opendirSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import type { SettingPath } from '../../schema-faults/setting-path.ts';
import { nearest } from '../../schema-faults/suggestion.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

/** Of a folder of any size so many names are looked at for the one that may be meant. */
const maximumNames = 10_000;

/** @param physicalPath absolute. Where homes are isolated, a directory may be in some of them only: nothing is said then. */
export function checkRulePaths(
  source: YamlSource,
  site: SettingPath,
  settings: SiteSettings,
  physicalPath: string,
): void {
  if (settings.userIsolation.mode !== 'None') return;
  settings.authorization.forEach(({ path }, index) => {
    const missing = path === undefined ? undefined : firstMissing(physicalPath, path);
    if (missing === undefined) return;
    const near = nearest(posix.basename(missing), directoriesOf(join(physicalPath, dirname(missing))));
    source.warning(
      [...site, 'authorization', index, 'path'],
      `there is no ${missing} in physicalPath ${physicalPath}, so that the rule concerns nothing now`,
      near === undefined
        ? 'Correct the path, or create the directory.'
        : `Did you mean ${posix.join(posix.dirname(missing), near)}?`,
    );
  });
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
