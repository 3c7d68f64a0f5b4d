/** Files of the gateway's own that would get in each other's way, or that clients of a site could reach. */
import { sep } from 'node:path';
import { formatSetting, type SettingPath } from '../../schema-faults/setting-path.ts';
import type { YamlSource } from '../yaml/yaml-source.ts';

interface NamedFile {
  readonly setting: SettingPath;
  /** Absolute. */
  readonly path: string | undefined;
}

export interface OwnFiles {
  /** What the service writes. */
  readonly outputs: readonly NamedFile[];
  /** What it reads; the configuration itself has no setting. */
  readonly inputs: readonly NamedFile[];
  /** The physicalPath of every site, absolute. */
  readonly homes: readonly string[];
}

export function checkOutputs(source: YamlSource, { outputs, inputs, homes }: OwnFiles): void {
  for (const [index, { setting, path }] of outputs.entries()) {
    const other = [...inputs, ...outputs.slice(0, index)].find((one) => path !== undefined && one.path === path);
    if (!other) continue;
    const name = other.setting.length > 0 ? formatSetting(other.setting) : 'the configuration itself';
    source.fault(setting, `${path} is also the file of ${name}`, 'Give it a file of its own.');
  }
  for (const { setting, path } of [...outputs, ...inputs]) {
    const home = homes.find((one) => path === one || path?.startsWith(one.endsWith(sep) ? one : `${one}${sep}`));
    if (home === undefined) continue;
    const message = `${path} lies in physicalPath ${home}: clients may read or replace it`;
    source.warning(setting, message, 'Keep the files of the gateway outside the folders it serves.');
  }
}
