/** A setting that a schema refuses is replaced by itself: the rest of the configuration is checked in the same run. */
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { configurationSchema } from '../../../src/config/schema.ts';
import { repairedSettings } from '../../../src/schema-faults/repaired-settings.ts';
import { definitionOf, plainSchema } from '../../../src/schema-faults/schema-walk.ts';
import type { SettingPath } from '../../../src/schema-faults/setting-path.ts';

/** Every single value of the configuration, of lists the first. */
function* valuesOf(schema: z.core.$ZodType, path: SettingPath): Generator<SettingPath> {
  const definition = definitionOf(plainSchema(schema));
  if (definition.type === 'object') {
    for (const [name, inner] of Object.entries(definition.shape)) yield* valuesOf(inner, [...path, name]);
  } else if (definition.type === 'array') yield* valuesOf(definition.element, [...path, 0]);
  else if (definition.type === 'union' && definition.options.every(isSection)) {
    for (const option of definition.options) yield* valuesOf(option, path);
  } else if (definition.type !== 'record') yield path;
}

function isSection(schema: z.core.$ZodType): boolean {
  return definitionOf(plainSchema(schema)).type === 'object';
}

/** A configuration with a value at the path that no setting takes. */
function mistakenAt(path: SettingPath): unknown {
  const root: Record<string, unknown> = { directories: [{ name: 'a', type: 'file', accounts: 'a' }], sites: [{}] };
  if (path[0] === 'directories') root['directories'] = [{}];
  let at = root as Record<string | number, unknown>;
  for (const [index, part] of path.entries()) {
    const next = path[index + 1];
    if (next === undefined) at[part] = ['\u0001', { odd: 1 }];
    else at[part] ??= typeof next === 'number' ? [] : {};
    at = at[part] as Record<string | number, unknown>;
  }
  return root;
}

const values = [...valuesOf(configurationSchema, [])].map((path) => ({ name: path.join('.'), path }));

describe('a value that no setting takes', () => {
  it('is tried in every setting', () => expect(values.length).toBeGreaterThan(300));

  it.each(values)('at $name costs no more than the entry of a list that it stands in', ({ path }) => {
    const { replaced } = repairedSettings(configurationSchema, mistakenAt(path)) ?? {};
    const entry = path.slice(0, path.slice(0, -1).findLastIndex((part) => typeof part === 'number') + 1);
    const lost = replaced?.filter(
      (one) => one.length < path.length && one.every((part, index) => part === path[index]),
    );
    expect(lost?.filter((one) => one.length < entry.length)).toEqual([]);
  });

  it('that no stand-in mends is replaced with what holds it', () => {
    const value = { ...(mistakenAt(['sites', 0, 'name']) as object), ipSecurity: { entries: [{}, { allowed: true }] } };
    const { replaced = [] } = repairedSettings(configurationSchema, value) ?? {};
    expect(replaced.map((path) => path.join('.'))).toEqual(
      expect.arrayContaining(['ipSecurity.entries.0', 'ipSecurity.entries.1', 'sites.0.name']),
    );
  });
});
