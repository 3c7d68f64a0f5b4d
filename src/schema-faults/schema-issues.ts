/** What a schema refuses, as faults: the setting, what was found, what is allowed, and what the person may have meant. */
import { z } from 'zod';
import { allowedText, chosenForm, definitionOf, memberOf, plainSchema, schemaAt, settingsOf } from './schema-walk.ts';
import { formatSetting, type SettingPath } from './setting-path.ts';
import { nearest, suggestedValue } from './suggestion.ts';

export interface SchemaFault {
  readonly path: SettingPath;
  readonly message: string;
  readonly remedy: string;
}

interface Decoding {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
  /** How a value is spelled in the file. */
  readonly written: (path: SettingPath) => string | undefined;
  /** The document that describes the settings; docs/reference when absent. */
  readonly guide?: string;
}

const shownCharacters = 80;

export function schemaFaults(issues: readonly z.core.$ZodIssue[], decoding: Decoding): readonly SchemaFault[] {
  const faults = issues.flatMap((issue) => faultsOf(issue, decoding));
  const meant = new Set(issues.flatMap((issue) => misspelled(issue, decoding)));
  return faults.filter(({ path, message }) => !message.startsWith('is missing') || !meant.has(formatSetting(path)));
}

/** Settings that are missing only because their names are spelled wrongly. */
function misspelled(issue: z.core.$ZodIssue, { schema, value }: Decoding): readonly string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const section = schemaAt(schema, path, value);
  const known = section ? settingsOf(section) : [];
  return issue.keys.flatMap((key) => {
    const near = nearest(key, known);
    return near === undefined ? [] : [formatSetting([...path, near])];
  });
}

function faultsOf(issue: z.core.$ZodIssue, decoding: Decoding): readonly SchemaFault[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownSetting([...path, key], decoding));
  if (issue.code === 'invalid_key') return [unknownSetting(path, decoding, issue.issues)];
  const value = path.reduce(memberOf, decoding.value);
  const schema = schemaAt(decoding.schema, path, decoding.value);
  if (issue.code === 'invalid_union' && schema) {
    const definition = definitionOf(plainSchema(schema));
    const options = definition.type === 'union' ? definition.options : [];
    const chosen = chosenForm(options, value);
    const inner = chosen && issue.errors[options.indexOf(chosen)];
    // What was written has the form of one choice: its own faults help more than a list of all choices.
    if (inner && typeof value === 'object') {
      return inner.flatMap((one) => faultsOf({ ...one, path: [...issue.path, ...one.path] }, decoding));
    }
  }
  if (issue.code === 'custom' && !saysRule.test(issue.message)) return [refusedText(path, issue, value, decoding)];
  const allowed = allowedOf(issue, schema, value) ?? `what ${guideOf(decoding)} describes`;
  if (value === undefined)
    return [{ path, message: `is missing; must be ${allowed}`, remedy: missingRemedy(path, decoding) }];
  const written = decoding.written(path) ?? spelled(value);
  const suggestion = (schema && suggestedValue(schema, value, written)) ?? nearest(written, choicesOf(issue));
  return [
    {
      path,
      message: value === null ? `is empty; must be ${allowed}` : `${shown(written)} is not allowed; must be ${allowed}`,
      remedy:
        suggestion !== undefined
          ? `Did you mean ${suggestion}?`
          : value === null
            ? 'Give a value, or remove the line.'
            : `Give ${allowed}.`,
    },
  ];
}

/** A message of our own that ends the sentence of what a setting is; zod's own speak of input. */
const saysRule = /^must be (.+)$/;

/** A text with a language of its own, of which the parser says best what is wrong in it. */
function refusedText(
  path: SettingPath,
  { message, params }: z.core.$ZodIssueCustom,
  value: unknown,
  decoding: Decoding,
): SchemaFault {
  const isText = typeof value === 'string';
  return {
    path,
    message: isText ? `${shown(decoding.written(path) ?? value)}: ${message}` : message,
    remedy: meantRemedy(params) ?? `${guideOf(decoding)} says what stands here.`,
  };
}

function meantRemedy(params: z.core.$ZodIssueCustom['params']): string | undefined {
  const meant: unknown = params?.['meant'];
  if (typeof meant === 'string') return `Did you mean ${meant}?`;
  const remedy: unknown = params?.['remedy'];
  return typeof remedy === 'string' ? remedy : undefined;
}

function guideOf({ guide = 'docs/reference' }: Decoding): string {
  return guide;
}

/** Undefined where the schema knows no such setting. */
function allowedOf(issue: z.core.$ZodIssue, schema: z.core.$ZodType | undefined, value: unknown): string | undefined {
  const choices = choicesOf(issue);
  if (choices.length > 0) return `one of ${choices.join(', ')}`;
  const [, own] = saysRule.exec(issue.message) ?? innerRule(issue) ?? textRule(schema) ?? [];
  if (own !== undefined) return [...enumerationsOf(schema), own].join(', or ');
  if (!schema) return undefined;
  const { minItems, maxItems } = Array.isArray(value)
    ? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
    : {};
  const least = minItems ?? 0;
  const bounds = maxItems !== undefined ? `, ${least} to ${maxItems} entries` : least > 0 ? `, at least ${least}` : '';
  return `${allowedText(schema)}${bounds}`;
}

/** Kinds of a section, where it names none of them. */
function choicesOf(issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== 'invalid_union' || issue.errors.length > 0) return [];
  const { options = [] } = issue as { readonly options?: readonly unknown[] };
  return options.map(String);
}

/** The rule of the one text form among several, such as the URL of a server that may also be a section. */
function innerRule(issue: z.core.$ZodIssue): readonly string[] | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  const rules = issue.errors.flat().map(({ message }) => saysRule.exec(message) ?? []);
  return rules.find(({ length }) => length > 0);
}

/** The words that may stand there beside a text with a rule. */
function enumerationsOf(schema: z.core.$ZodType | undefined): readonly string[] {
  const definition = schema && definitionOf(plainSchema(schema));
  if (definition?.type !== 'union') return [];
  return definition.options.filter((option) => definitionOf(plainSchema(option)).type === 'enum').map(allowedText);
}

/** The rule of a text where something else than a text was found. */
function textRule(schema: z.core.$ZodType | undefined): readonly string[] | undefined {
  if (!schema || definitionOf(plainSchema(schema)).type !== 'string') return undefined;
  const { error } = z.safeParse(schema, '\u0000');
  const rules = error?.issues.map(({ message }) => saysRule.exec(message));
  return rules?.find((rule) => rule !== null) ?? undefined;
}

/** @param complaints what the schema of the names says, where they are not listed */
function unknownSetting(
  path: SettingPath,
  decoding: Decoding,
  complaints: readonly z.core.$ZodIssue[] = [],
): SchemaFault {
  const { schema, value } = decoding;
  const [complaint] = complaints;
  if (complaint) {
    const remedy = complaint.code === 'custom' ? meantRemedy(complaint.params) : undefined;
    return { path, message: complaint.message, remedy: remedy ?? `${guideOf(decoding)} says what stands here.` };
  }
  const key = String(path.at(-1));
  const section = schemaAt(schema, path.slice(0, -1), value);
  const known = section ? settingsOf(section) : [];
  const near = nearest(key, known);
  // Of a section that has one of several forms, each with settings of its own.
  if (known.includes(key))
    return { path, message: 'does not go with the settings beside it', remedy: `Keep one of ${known.join(', ')}.` };
  const elsewhere = near === undefined ? placesOf(key, schema, '') : [];
  const list = `Allowed here: ${known.join(', ')}.`;
  return {
    path,
    message: 'is not a setting',
    remedy:
      near !== undefined
        ? `Did you mean ${near}? ${list}`
        : elsewhere.length > 0
          ? `It belongs to ${elsewhere.slice(0, 3).join(' or ')}. ${list}`
          : list,
  };
}

/** Sections that have a setting of this name. */
function placesOf(key: string, schema: z.core.$ZodType, at: string): readonly string[] {
  const definition = definitionOf(plainSchema(schema));
  switch (definition.type) {
    case 'object':
      return Object.entries(definition.shape).flatMap(([name, inner]) => [
        ...(name === key && at !== '' ? [at] : []),
        ...placesOf(key, inner, at === '' ? name : `${at}.${name}`),
      ]);
    case 'record':
      return placesOf(key, definition.valueType, `${at}.*`);
    case 'array':
      return placesOf(key, definition.element, `${at}[]`);
    case 'union':
      return [...new Set(definition.options.flatMap((option) => placesOf(key, option, at)))];
    default:
      return [];
  }
}

function missingRemedy(path: SettingPath, decoding: Decoding): string {
  const name = path.at(-1);
  return name === undefined ? 'Write the settings into the file.' : `Add ${name}; ${guideOf(decoding)} describes it.`;
}

function spelled(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'a section' : String(value);
}

function shown(written: string): string {
  const line = written.replace(/\s+/g, ' ');
  return line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line === '' ? 'an empty text' : line;
}
