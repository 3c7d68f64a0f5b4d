/** Settings as YAML, the same octets for the same settings. Every text that is not plain is in quotation marks, with what is unsafe escaped. */
import type { SettingValue } from '../translation/site-draft.ts';

/** What YAML reads as the text that it is: no number, no truth, no date, no list. */
const plain = /^(?!(?:true|false|null|yes|no|on|off|y|n|~)$)[A-Za-z/](?:[\w./+-]|[ ](?=[\w./+-]))*$/i;
const duration = /^\d+(?:ms|s|m|h|d)$/;
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/** @param indent of its first line, which has it already where it follows a hyphen */
export function yamlLines(settings: { readonly [name: string]: SettingValue }, indent = ''): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => entryLines(name, value, indent));
}

function entryLines(name: string, value: SettingValue, indent: string): readonly string[] {
  if (Array.isArray(value)) return listLines(name, value as readonly SettingValue[], indent);
  if (isSettings(value)) {
    if (Object.keys(value).length === 0) return [`${indent}${keyText(name)}: {}`];
    return [`${indent}${keyText(name)}:`, ...yamlLines(value, `${indent}  `)];
  }
  return [`${indent}${keyText(name)}: ${scalar(value)}`];
}

function listLines(name: string, list: readonly SettingValue[], indent: string): readonly string[] {
  if (list.every((entry) => typeof entry !== 'object'))
    return [`${indent}${keyText(name)}: [${list.map(scalar).join(', ')}]`];
  return [`${indent}${keyText(name)}:`, ...list.flatMap((entry) => itemLines(entry, `${indent}  `))];
}

/** @returns an entry of a list, its first line behind a hyphen */
export function itemLines(entry: SettingValue, indent: string): readonly string[] {
  if (!isSettings(entry)) return [`${indent}- ${scalar(entry)}`];
  const lines = yamlLines(entry, `${indent}  `);
  const [first = '', ...rest] = lines;
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

function isSettings(value: SettingValue): value is { readonly [name: string]: SettingValue } {
  return typeof value === 'object' && !Array.isArray(value);
}

function keyText(name: string): string {
  return /^[A-Za-z]\w*$/.test(name) ? name : quoted(name);
}

function scalar(value: SettingValue): string {
  if (typeof value === 'string') return plain.test(value) || duration.test(value) ? value : quoted(value);
  if (Array.isArray(value)) return `[${(value as readonly SettingValue[]).map(scalar).join(', ')}]`;
  return isSettings(value) ? '{}' : String(value);
}

function quoted(text: string): string {
  const escaped = JSON.stringify(text).replace(unsafe, (character) => {
    const point = character.codePointAt(0) ?? 0;
    return point > 0xffff ? `\\U${point.toString(16).padStart(8, '0')}` : `\\u${point.toString(16).padStart(4, '0')}`;
  });
  return escaped;
}
