/** The text of an attribute as a value of its type, or what was wanted instead. A password is no value: it is never read. */
import type { ValueNames, ValueType } from '../schema/element-schema.ts';
import { readTimeSpan } from './time-span.ts';

/** Flags as names in the order of their bits; times in milliseconds; members of an enum by the name the schema has. */
export type ImportedValue = boolean | number | string | readonly string[];

export type AttributeReading =
  /** `oddity`: how it is spelled, where IIS itself writes it otherwise. */
  | { readonly outcome: 'read'; readonly value: ImportedValue; readonly oddity?: string }
  | { readonly outcome: 'secret' }
  | { readonly outcome: 'faulty'; readonly wanted: string };

const faulty = (wanted: string): AttributeReading => ({ outcome: 'faulty', wanted });

/** @param text as the file has it */
export function readValue(type: ValueType, text: string): AttributeReading {
  switch (type.kind) {
    case 'string':
      return { outcome: 'read', value: text };
    case 'encrypted':
      return { outcome: 'secret' };
    case 'bool':
      return text === 'true' || text === 'false'
        ? { outcome: 'read', value: text === 'true' }
        : faulty('true or false');
    case 'timeSpan': {
      const time = readTimeSpan(text);
      return time === undefined ? faulty('a time such as 00:01:00 or 1.00:00:00') : { outcome: 'read', value: time };
    }
    case 'enum':
      return readMember(type.names, text);
    case 'flags':
      return readFlags(type.names, text);
    default:
      return readNumber(type, text);
  }
}

function readNumber(
  { least, most }: { readonly least: number; readonly most: number },
  text: string,
): AttributeReading {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return { outcome: 'read', value };
  return faulty(most === Number.MAX_SAFE_INTEGER ? `a number from ${least} on` : `a number, ${least} to ${most}`);
}

function readMember(names: ValueNames, text: string): AttributeReading {
  const known = Object.keys(names);
  const named = known.find((name) => name.toLowerCase() === text.toLowerCase());
  if (named !== undefined) return { outcome: 'read', value: named };
  const numbered = /^\d+$/.test(text) ? known.find((name) => names[name] === Number(text)) : undefined;
  if (numbered !== undefined) return { outcome: 'read', value: numbered, oddity: numberOddity(numbered) };
  return faulty(`one of ${known.join(', ')}`);
}

/** An empty list is no flag at all, and not the default. */
function readFlags(names: ValueNames, text: string): AttributeReading {
  const known = Object.keys(names).sort((a, b) => (names[a] ?? 0) - (names[b] ?? 0));
  if (/^\s*\d+\s*$/.test(text)) {
    const bits = Number(text);
    const set = known.filter((name) => (BigInt(bits) & BigInt(names[name] ?? 0)) !== 0n);
    const sum = set.reduce((total, name) => total + (names[name] ?? 0), 0);
    if (sum !== bits) return faulty(`names out of ${known.join(', ')}`);
    return { outcome: 'read', value: set, oddity: numberOddity(set.join(', ') || 'no flag') };
  }
  const words = text
    .split(',')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
  const lower = known.map((name) => name.toLowerCase());
  if (words.some((word) => !lower.includes(word))) return faulty(`names out of ${known.join(', ')}`);
  return { outcome: 'read', value: known.filter((name) => words.includes(name.toLowerCase())) };
}

function numberOddity(meaning: string): string {
  return `is a number, and is read as ${meaning}; IIS itself writes names`;
}
