/** Files of the gateway's own that get in each other's way, or that clients of a site can reach, and folders that are not for clients. */
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { isolationModes } from '../../authorization/user-isolation.ts';
import { formatSetting, type SettingPath } from '../../schema-faults/setting-path.ts';
import type { MaterialReader } from '../material.ts';
import type { SiteSettings } from '../site-schema.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

interface NamedFile {
  readonly setting: SettingPath;
  /** Absolute. */
  readonly path: string | undefined;
}

interface ServedFolder extends NamedFile {
  readonly path: string;
  /** All who log in share the folder, and some rule lets them read. */
  readonly isRead: boolean;
}

/** The folders of a site, in which clients must not find files of the gateway. */
export function servedFolders(
  reader: MaterialReader,
  place: SettingPath,
  { physicalPath, virtualDirectories, userIsolation, authorization }: SiteSettings,
): readonly ServedFolder[] {
  const mayRead = authorization.some((rule) => rule.accessType === 'Allow' && rule.permissions.includes('Read'));
  return [
    {
      setting: [...place, 'physicalPath'],
      path: reader.resolve(physicalPath),
      isRead: isolationModes[userIsolation.mode].sharesRoot && mayRead,
    },
    ...virtualDirectories.map((one, index) => ({
      setting: [...place, 'virtualDirectories', index, 'physicalPath'],
      path: reader.resolve(one.physicalPath),
      isRead: mayRead,
    })),
  ];
}

interface OwnFiles {
  /** What the service writes. */
  readonly outputs: readonly NamedFile[];
  /** What it reads; the configuration itself has no setting. */
  readonly inputs: readonly NamedFile[];
  /** The physicalPath and the virtual directories of every site. */
  readonly folders: readonly ServedFolder[];
}

export function checkOutputs(source: YamlSource, { outputs, inputs, folders }: OwnFiles): void {
  for (const [index, { setting, path }] of outputs.entries()) {
    const other = [...inputs, ...outputs.slice(0, index)].find((one) => path !== undefined && one.path === path);
    if (!other) continue;
    const name = other.setting.length > 0 ? formatSetting(other.setting) : 'the configuration itself';
    source.fault(setting, `${path} is also the file of ${name}`, 'Give it a file of its own.');
  }
  for (const { setting, path } of [...outputs, ...inputs]) {
    if (path !== undefined) checkFile(source, setting, path, folders);
  }
  for (const { setting, path } of folders) {
    const system = systemFolders.find(({ folder, isWhole }) =>
      [path, real(path)].some((one) => one === folder || (isWhole && lies(one, folder))),
    );
    if (!system) continue;
    source.warning(
      setting,
      `${path} belongs to the system: it holds ${system.holds}`,
      'Serve a folder made for it, such as /srv/ftp.',
    );
  }
}

function checkFile(source: YamlSource, setting: SettingPath, path: string, folders: readonly ServedFolder[]): void {
  const holders = folders.filter((folder) => lies(path, folder.path) || lies(real(path), real(folder.path)));
  const [holder] = holders;
  if (!holder) return;
  const remedy = 'Keep the files of the gateway outside the folders it serves.';
  // A link that leads out of the folder is not followed; what it leads to is not served.
  const reader =
    isSecret(setting) && holders.find(({ isRead, path: folder }) => isRead && lies(real(path), real(folder)));
  if (reader)
    source.fault(setting, `${path} lies in physicalPath ${reader.path}: clients may read this secret`, remedy);
  else source.warning(setting, `${path} lies in physicalPath ${holder.path}: clients may read or replace it`, remedy);
}

const systemFolders = [
  { folder: '/', isWhole: false, holds: 'every file of this machine' },
  { folder: '/etc', isWhole: true, holds: 'the settings of this machine, secrets among them' },
  { folder: '/proc', isWhole: true, holds: 'the memory and the environment of processes' },
  { folder: '/sys', isWhole: true, holds: 'the switches of the kernel' },
  { folder: '/dev', isWhole: true, holds: 'disks and other devices' },
] as const;

const secrets: ReadonlySet<unknown> = new Set([
  'serverCertificateKey',
  'clientCertificateKey',
  'certificateKey',
  'bindPasswordFile',
]);

function isSecret(setting: SettingPath): boolean {
  return secrets.has(setting.at(-1));
}

/** A folder lies in itself. */
export function lies(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** Without links, as far as the path is there. */
export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
