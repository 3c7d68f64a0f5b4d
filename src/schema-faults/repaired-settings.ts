/** A stand-in for settings that a schema refuses, so that the faults of all the others are found in the same run. */
import { z } from 'zod';
import { definitionOf, memberOf, plainSchema, schemaAt, settingsOf } from './schema-walk.ts';
import type { SettingPath } from './setting-path.ts';
import { nearest } from './suggestion.ts';

/** A text that needs more repairs is not a configuration. */
const maximumRounds = 50;

export interface Repaired<T> {
  readonly settings: T;
  /** What was replaced: nothing found there, or in what holds it, is the person's own. */
  readonly replaced: readonly SettingPath[];
}

/** @param value plain data, which is changed @returns undefined where too much is wrong */
export function repairedSettings<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): Repaired<z.output<Schema>> | undefined {
  const replaced: SettingPath[] = [];
  const tried = new Map<string, number>();
  for (let round = 0; round < maximumRounds; round += 1) {
    const result = schema.safeParse(value);
    if (result.success) return { settings: result.data, replaced };
    for (const issue of result.error.issues) {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      if (path.length === 0 && issue.code !== 'unrecognized_keys') return undefined;
      const unknown =
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => [...path, key])
          : issue.code === 'invalid_key'
            ? [path]
            : undefined;
      for (const one of unknown ?? []) remove(value, one);
      if (unknown) {
        replaced.push(...unknown, ...unknown.flatMap((one) => meantSetting(schema, value, one)));
        continue;
      }
      // What no stand-in mends is replaced with what holds it, level by level.
      const key = JSON.stringify(path);
      const times = tried.get(key) ?? 0;
      tried.set(key, times + 1);
      const holder = path.slice(0, Math.max(1, path.length - times));
      replace(schema, value, holder);
      replaced.push(holder);
    }
  }
  return undefined;
}

/** A setting whose name is spelled wrongly is there, though nothing finds it. */
function meantSetting(schema: z.core.$ZodType, value: unknown, path: SettingPath): readonly SettingPath[] {
  const section = schemaAt(schema, path.slice(0, -1), value);
  const near = section && nearest(String(path.at(-1)), settingsOf(section));
  const meant = near === undefined ? undefined : [...path.slice(0, -1), near];
  return meant === undefined || meant.reduce(memberOf, value) !== undefined ? [] : [meant];
}

function remove(value: unknown, path: SettingPath): void {
  const parent = path.slice(0, -1).reduce(memberOf, value);
  const key = path.at(-1);
  if (typeof parent === 'object' && parent !== null && key !== undefined) Reflect.deleteProperty(parent, key);
}

/** By its default where it has one, by something that is allowed otherwise. */
function replace(schema: z.core.$ZodType, value: unknown, path: SettingPath): void {
  const parent = path.slice(0, -1).reduce(memberOf, value);
  const key = path.at(-1);
  if (typeof parent !== 'object' || parent === null || key === undefined) return;
  const holder = parent as Record<string | number, unknown>;
  const expected = schemaAt(schema, path, value) ?? discriminator(schema, value, path);
  // That a setting without a default is there says something, too.
  const isWanted =
    expected && (definitionOf(expected).type === 'optional' || !z.safeParse(expected, undefined).success);
  const standIn = isWanted ? leastOf(expected) : undefined;
  if (standIn !== undefined) holder[key] = standIn;
  else delete holder[key];
}

/** The kind of a section that names no kind, or one that does not exist: the first there is. */
function discriminator(schema: z.core.$ZodType, value: unknown, path: SettingPath): z.core.$ZodType | undefined {
  const section = schemaAt(schema, path.slice(0, -1), value);
  const definition = section && definitionOf(plainSchema(section));
  const [first] = definition?.type === 'union' ? definition.options : [];
  return first && schemaAt(first, path.slice(-1), undefined);
}

/** Texts of which one fits most rules that are made for texts. */
const texts = [
  'replaced',
  '127.0.0.1',
  'ldaps://replaced.invalid',
  'https://replaced.invalid',
  'http://replaced.invalid:3128',
  '1m',
  'CN=replaced',
  '/',
  '/replaced',
  '*.replaced.invalid',
  '10.0.0.0/8',
  '.replaced',
  '1.2',
  '0600',
  'RSA+SHA256',
  '0'.repeat(64),
];

/** A value that the schema accepts. */
function leastOf(schema: z.core.$ZodType): unknown {
  const definition = definitionOf(plainSchema(schema));
  switch (definition.type) {
    case 'object': {
      const entries = Object.entries(definition.shape);
      const needed = entries.filter(([, inner]) => !z.safeParse(inner, undefined).success);
      const least = Object.fromEntries(needed.map(([name, inner]) => [name, leastOf(inner)]));
      if (z.safeParse(schema, least).success) return least;
      // A rule between settings may want one of those that need not be there.
      const wider = entries.map(([name, inner]) => ({ ...least, [name]: leastOf(inner) }));
      return wider.find((candidate) => z.safeParse(schema, candidate).success) ?? least;
    }
    case 'array':
      return z.safeParse(schema, []).success ? [] : [leastOf(definition.element)];
    case 'union':
      return definition.options.map(leastOf).find((candidate) => z.safeParse(schema, candidate).success);
    case 'literal':
      return definition.values[0];
    case 'enum':
      return Object.values(definition.entries)[0];
    case 'boolean':
      return false;
    case 'number':
      return [1, 1024, 65_535].find((candidate) => z.safeParse(schema, candidate).success);
    default:
      return texts.find((candidate) => z.safeParse(schema, candidate).success);
  }
}
