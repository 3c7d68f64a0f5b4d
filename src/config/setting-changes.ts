/** What differs between two configurations, by setting, and when it takes effect. */
import type { SettingPath } from './fault.ts';
import type { Configuration } from './load.ts';
import { effectEntryOf, type ServiceKind, type SettingEffect, settingEffects } from './setting-effects.ts';

export interface SettingChange {
  /** With names instead of places where entries have names: `sites[files].ssl`. */
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
      value.forEach((entry, index) => {
        collect(entry, `${setting}[${entry.name ?? index}]`, `${pattern}[]`);
      });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        collect(inner, setting ? `${setting}.${key}` : key, pattern ? `${pattern}.${key}` : key);
      }
    }
  };
  collect(settings, '', '');
  for (const { digest, settings: paths } of files) {
    for (const path of paths) {
      const index = path.find((part) => typeof part === 'number');
      const pattern = patternOf(path);
      const entry = effectEntryOf(pattern);
      const [list] = path;
      const name = (list === 'sites' || list === 'directories') && settings[list][index ?? 0]?.name;
      if (entry !== undefined) add(entry.replace('[]', `[${name || index}]`), digest);
    }
  }
  return found;
}

/** The first index of a path stands for an entry of a list that the table may know; those further down are part of a setting's value. */
function patternOf(path: SettingPath): string {
  const at = path.findIndex((part) => typeof part === 'number');
  const isEntry = ['sites', 'directories', 'mappingService.listeners'].includes(path.slice(0, at).join('.'));
  const names = path.map((part, place) => (place + 1 === at && isEntry ? `${part}[]` : part));
  return names.filter((part) => typeof part === 'string').join('.');
}
