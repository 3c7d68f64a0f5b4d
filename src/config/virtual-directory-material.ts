/** The virtual directories of a site, and what administrators overlook about them. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { foldedPath } from '../authorization/folded-path.ts';
import { isolationModes } from '../authorization/user-isolation.ts';
import type { VirtualDirectory } from '../authorization/virtual-directories.ts';
import type { SettingPath } from '../schema-faults/setting-path.ts';
import { lies, real } from './checks/served-files-check.ts';
import type { MaterialReader } from './material.ts';
import type { SiteSettings } from './site-schema.ts';

/** @param physicalPath of the site, absolute; undefined where it cannot be used */
export function loadVirtualDirectories(
  reader: MaterialReader,
  site: SettingPath,
  settings: SiteSettings,
  physicalPath: string | undefined,
): readonly VirtualDirectory[] {
  const loaded = settings.virtualDirectories.map(({ path, physicalPath: name }, index) => ({
    setting: [...site, 'virtualDirectories', index],
    path,
    physicalPath: real(reader.directory([...site, 'virtualDirectories', index, 'physicalPath'], name)),
  }));
  const root = physicalPath === undefined ? [] : [{ name: 'physicalPath', physicalPath: real(physicalPath) }];
  loaded.forEach(({ setting, path, physicalPath: own }, index) => {
    const before = loaded.slice(0, index);
    const same = before.findIndex((other) => foldedPath(other.path) === foldedPath(path));
    if (same !== -1) {
      const detail = `${path} is also the path of virtualDirectories[${same}]; clients of Windows take no notice of letter case`;
      const causes = [setting, before[same]?.setting ?? setting].map((one) => [...one, 'path']);
      reader.source.fault([...setting, 'path'], detail, 'Give it another path, or remove one of the two.', causes);
    }
    const others = before.map((other, place) => ({ name: `virtualDirectories[${place}]`, ...other }));
    const shared = [...root, ...others].find((other) => lies(own, other.physicalPath) || lies(other.physicalPath, own));
    if (shared) {
      reader.source.warning(
        [...setting, 'physicalPath'],
        `${own} and ${shared.name} ${shared.physicalPath} hold the same files: clients reach them by two paths, and a rule that denies one denies both`,
        'Keep the two apart, or make sure that each rule is meant for both.',
      );
    }
    if (
      isolationModes[settings.userIsolation.mode].sharesRoot &&
      physicalPath !== undefined &&
      isThere(join(physicalPath, path))
    ) {
      reader.source.warning(
        [...setting, 'path'],
        `physicalPath has ${path}, too: the virtual directory covers it, and no client reaches what is in it`,
        'Give the virtual directory another path, or move what it covers.',
      );
    }
  });
  return loaded.map(({ path, physicalPath: own }) => ({ path, physicalPath: own }));
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
