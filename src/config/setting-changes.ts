/** What differs between two configurations, by setting, and when it takes effect. */
import type { Configuration } from './load.ts';
import { effectEntryOf, type ServiceKind, type SettingEffect, settingEffects } from './setting-effects.ts';

export interface SettingChange {
  /** With names instead of places: `sites[files].ssl`. */
  readonly setting: string;
  readonly effect: SettingEffect;
}

/** Changed settings, and settings that name a file with another content, in the order of their names. */
export function settingChanges(from: Configuration, to: Configuration, service: ServiceKind): readonly SettingChange[] {
  const [former, latter] = [fingerprints(from), fingerprints(to)];
  return [...new Set([...former.keys(), ...latter.keys()])]
    .filter((setting) => former.get(setting) !== latter.get(setting))
    .sort()
    .map((setting) => ({ setting, effect: effectOf(setting, service) }));
}

function effectOf(setting: string, service: ServiceKind): SettingEffect {
  const entry = settingEffects[setting.replace(/\[[^\]]*\]/g, '[]')];
  return entry?.[service] ?? 'restart';
}

/** For every entry of the table that the configuration has something for: its values, and the digests of the files they name. */
function fingerprints({ settings, files }: Configuration): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const add = (setting: string, text: string) => found.set(setting, `${found.get(setting) ?? ''}${text}\n`);
  const collect = (value: unknown, setting: string, pattern: string): void => {
    if (value === undefined) return;
    if (effectEntryOf(pattern) !== undefined) add(setting, JSON.stringify(value));
    else if (Array.isArray(value)) {
      for (const entry of value) collect(entry, `${setting}[${entry.name}]`, `${pattern}[]`);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        collect(inner, setting ? `${setting}.${key}` : key, pattern ? `${pattern}.${key}` : key);
      }
    }
  };
  collect(settings, '', '');
  for (const { digest, settings: paths } of files) {
    for (const [list, index, ...rest] of paths) {
      const named = (list === 'sites' || list === 'directories') && typeof index === 'number';
      const name = named ? settings[list][index]?.name : undefined;
      const below = named ? rest : [index, ...rest].filter((part) => part !== undefined);
      const pattern = [named ? `${list}[]` : list, ...below.filter((part) => typeof part === 'string')].join('.');
      const entry = effectEntryOf(pattern);
      if (entry !== undefined) add(entry.replace('[]', `[${name}]`), digest);
    }
  }
  return found;
}
