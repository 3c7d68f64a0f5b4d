/** What differs between two configurations, by setting, and when it takes effect. */

import type { SettingPath } from '../schema-faults/setting-path.ts';
import type { Configuration } from './load.ts';
import { effectEntryOf, type ServiceKind, type SettingEffect, settingEffects } from './setting-effects.ts';

export interface SettingChange {
  /** With names instead of places where entries have names: `sites[files].ssl`. An entry that is new or gone stands for all its settings: `sites[files]`. */
  readonly setting: string;
  readonly effect: SettingEffect;
}

/**
 * Changed settings, and settings that name a file with another content, in the order of their names.
 * @param started what the service was started with: sites and listeners that it lacks are not served before a restart, whatever changes in them
 */
export function settingChanges(
  from: Configuration,
  to: Configuration,
  service: ServiceKind,
  started = from,
): readonly SettingChange[] {
  const [former, latter] = [fingerprints(from), fingerprints(to)];
  const served = new Set([...fingerprints(started).keys()].map(startedEntryOf));
  const wanted = new Set([...latter.keys()].map(startedEntryOf));
  const changes = new Map<string, SettingEffect>();
  for (const setting of new Set([...former.keys(), ...latter.keys()])) {
    if (former.get(setting) === latter.get(setting)) continue;
    const entry = startedEntryOf(setting);
    if (entry === undefined || (served.has(entry) && wanted.has(entry)))
      changes.set(setting, effectOf(setting, service));
    else changes.set(entry, startedEntryEffect(setting, service));
  }
  return [...changes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([setting, effect]) => ({ setting, effect }));
}

/** `sites[files]` of `sites[files].ssl`: the entry of a list whose members come and go with the process. */
function startedEntryOf(setting: string): string | undefined {
  return /^(?:sites|mappingService\.listeners)\[.*?\](?=\.)/.exec(setting)?.[0];
}

function startedEntryEffect(setting: string, service: ServiceKind): SettingEffect {
  return setting.startsWith('mappingService.') && service === 'serve' ? 'unused' : 'restart';
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
        collect(entry, `${setting}[${nameOf(entry) ?? index}]`, `${pattern}[]`);
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
      const entries = list === 'sites' || list === 'directories' ? settings[list] : settings.mappingService?.listeners;
      const named = entries?.[index ?? 0];
      if (entry !== undefined)
        add(
          entry.replace('[]', () => `[${(named && nameOf(named)) ?? index}]`),
          digest,
        );
    }
  }
  return found;
}

/** What tells an entry of a list from the others whatever its place: its name, or where it listens. */
function nameOf(entry: object): string | undefined {
  if ('name' in entry) return String(entry.name);
  if ('socket' in entry) return String(entry.socket);
  return 'address' in entry && 'port' in entry ? `${entry.address} port ${entry.port}` : undefined;
}

/** The first index of a path stands for an entry of a list that the table may know; those further down are part of a setting's value. */
function patternOf(path: SettingPath): string {
  const at = path.findIndex((part) => typeof part === 'number');
  const isEntry = ['sites', 'directories', 'mappingService.listeners'].includes(path.slice(0, at).join('.'));
  const names = path.map((part, place) => (place + 1 === at && isEntry ? `${part}[]` : part));
  return names.filter((part) => typeof part === 'string').join('.');
}
