/** Entries of `directories` out of a YAML file that an administrator names, for the configuration that an import writes. */
import { parse } from 'yaml';
import type { ImportOptions } from './translation/import-options.ts';
import type { SettingValue } from './translation/site-draft.ts';

/**
 * @param text YAML with a list `directories`, as a configuration has it
 * @throws TypeError that says what is missing, or the fault of the YAML
 */
export function directoriesOf(text: string): ImportOptions['directories'] {
  const content: unknown = parse(text);
  const list: unknown =
    typeof content === 'object' && content !== null ? Reflect.get(content, 'directories') : undefined;
  if (!Array.isArray(list) || list.length === 0) throw new TypeError('holds no list directories');
  return list.map((entry: unknown) => {
    const named = typeof entry === 'object' && entry !== null && typeof Reflect.get(entry, 'name') === 'string';
    if (!named || !isSetting(entry))
      throw new TypeError('has a directory without a name, or a setting without a value');
    return entry as ImportOptions['directories'][number];
  });
}

function isSetting(value: unknown): value is SettingValue {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isSetting);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
