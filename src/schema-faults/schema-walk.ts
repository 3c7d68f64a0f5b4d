/** The part of a schema that speaks for a setting, and what it allows, in words. */
import { z } from 'zod';
import type { SettingPath } from './setting-path.ts';

type Definition = z.core.$ZodTypes['_zod']['def'];

/** The schema under what only adds a default or a transformation. */
export function plainSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'readonly':
      return plainSchema(definition.innerType);
    case 'pipe':
      return plainSchema(definition.in);
    default:
      return schema;
  }
}

export function definitionOf(schema: z.core.$ZodType): Definition {
  return (schema as z.core.$ZodTypes)._zod.def;
}

/** @param value what was written there, by which one of several forms is chosen @returns undefined where the schema knows no such setting */
export function schemaAt(schema: z.core.$ZodType, path: SettingPath, value: unknown): z.core.$ZodType | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return schema;
  const definition = definitionOf(plainSchema(schema));
  switch (definition.type) {
    case 'object': {
      const inner = ownMember(definition.shape, String(part));
      return inner && schemaAt(inner, rest, memberOf(value, part));
    }
    case 'array':
      return typeof part === 'number' ? schemaAt(definition.element, rest, memberOf(value, part)) : undefined;
    case 'record':
      return schemaAt(definition.valueType, rest, memberOf(value, part));
    case 'union': {
      const chosen = chosenForm(definition.options, value);
      return chosen && schemaAt(chosen, path, value);
    }
    default:
      return undefined;
  }
}

export function memberOf(value: unknown, part: string | number): unknown {
  return typeof value === 'object' && value !== null ? ownMember(value as Record<string, unknown>, part) : undefined;
}

/** A property that every object inherits is not a setting: `toString`, `__proto__`. */
function ownMember<T>(record: Readonly<Record<string, T>>, name: string | number): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The form that what was written is most like: of objects the one that has most of its settings, a literal `type` above all. */
export function chosenForm(forms: readonly z.core.$ZodType[], value: unknown): z.core.$ZodType | undefined {
  const likeness = (form: z.core.$ZodType): number => {
    const definition = definitionOf(plainSchema(form));
    if (definition.type === 'object') {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0;
      return Object.keys(value).reduce(
        (sum, key) => sum + likenessOf(ownMember(definition.shape, key), memberOf(value, key)),
        1,
      );
    }
    if (definition.type === 'array') return Array.isArray(value) ? 1 : 0;
    if (definition.type === 'string') return typeof value === 'string' ? 1 : 0;
    return 0;
  };
  const ranked = forms.map((form) => ({ form, rank: likeness(form) })).sort((a, b) => b.rank - a.rank);
  return ranked[0] && ranked[0].rank > 0 ? ranked[0].form : undefined;
}

function likenessOf(schema: z.core.$ZodType | undefined, value: unknown): number {
  if (!schema) return 0;
  if (definitionOf(plainSchema(schema)).type !== 'literal') return 2;
  return z.safeParse(schema, value).success ? 1_000 : 0;
}

const shownSettings = 40;

/** What a setting may be, as the end of the sentence “must be …”. */
export function allowedText(schema: z.core.$ZodType): string {
  const plain = plainSchema(schema);
  const definition = definitionOf(plain);
  switch (definition.type) {
    case 'enum':
      return `one of ${Object.values(definition.entries).join(', ')}`;
    case 'literal':
      return definition.values.map((value) => (typeof value === 'string' ? `'${value}'` : String(value))).join(' or ');
    case 'boolean':
      return 'true or false';
    case 'number':
      return numberText(plain);
    case 'array':
      return `a list of ${itemsText(definition.element)}`;
    case 'object':
      return `a section with ${Object.keys(definition.shape).slice(0, shownSettings).join(', ')}`;
    case 'record':
      return 'a section';
    case 'union':
      return [...new Set(definition.options.map(allowedText))].join(', or ');
    default:
      return stringText(plain);
  }
}

function itemsText(element: z.core.$ZodType): string {
  const { type } = definitionOf(plainSchema(element));
  return type === 'string' ? 'texts' : type === 'object' ? 'sections' : `entries, each ${allowedText(element)}`;
}

function numberText(schema: z.core.$ZodType): string {
  const { minimum, maximum } = z.toJSONSchema(schema, { io: 'input' });
  return minimum === undefined ? 'a number' : `a whole number from ${minimum} to ${maximum}`;
}

function stringText(schema: z.core.$ZodType): string {
  const { format, minLength, maxLength } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  if (format === 'ipv4') return 'an IPv4 address';
  if (format === 'ipv6') return 'an IPv6 address';
  if (format === 'uri') return 'a URL with its scheme';
  if (format === 'date-time') return 'a time such as 2026-06-01T12:00:00Z';
  const least = minLength ? 'a text that is not empty' : 'a text';
  return maxLength === undefined ? least : `${least}, of at most ${maxLength} characters`;
}

/** @returns the names of the settings of a section, or of all forms that it may have */
export function settingsOf(schema: z.core.$ZodType): readonly string[] {
  const definition = definitionOf(plainSchema(schema));
  if (definition.type === 'object') return Object.keys(definition.shape);
  if (definition.type === 'record') {
    const names = definitionOf(plainSchema(definition.keyType));
    return names.type === 'enum' ? Object.values(names.entries).map(String) : [];
  }
  return definition.type === 'union' ? [...new Set(definition.options.flatMap(settingsOf))] : [];
}
