/** How one attribute of IIS becomes a setting: a row of the table that the import works by and the reference prints. */

import type { SettingValue } from '../translation/site-draft.ts';
import type { ImportedValue } from '../values/read-value.ts';

export interface SettingRow {
  /** `ftpServer/connections@maxConnections`, or below `system.ftpServer`. */
  readonly iis: string;
  /**
   * `same`: by the same name and with the same meaning. `different`: in another way, or within other bounds. `leftOut`: no setting
   * stands for it.
   */
  readonly fate: 'same' | 'different' | 'leftOut';
  /** Below `sites[]`, or a setting of all sites, with `[]` where it has a list. */
  readonly setting?: string;
  /** Why it is not the same. */
  readonly why?: string;
  /** Absent: a translator of its own carries it over, together with others. */
  readonly carry?: Carry;
}

type Carry = (value: ImportedValue) => CarriedValue;

/** `undefined` as value: the default of cardgate says the same. */
export interface CarriedValue {
  readonly value: SettingValue | undefined;
  /** What the value of the file came to instead; without a value, the default of cardgate. */
  readonly difference?: string;
  /** The file asks for what cannot be had. */
  readonly lost?: string;
}

/** By the same name, value for value. */
export const asItIs: Carry = (value) => ({ value });

/** Seconds within the bounds of the setting. */
export function inSeconds(least: number, most: number): Carry {
  return bounded(least, most, (seconds) => `${seconds}s`);
}

/** Milliseconds of IIS as a duration, in whole seconds. */
export function asDuration(least: number, most: number): Carry {
  const carry = inSeconds(least, most);
  return (value) => carry(typeof value === 'number' ? Math.ceil(value / 1000) : value);
}

/** A number within the bounds of the setting. */
export function inNumbers(least: number, most: number): Carry {
  return bounded(least, most, (number) => number);
}

function bounded(least: number, most: number, write: (value: number) => SettingValue): Carry {
  return (value) => {
    const wanted = typeof value === 'number' ? value : least;
    const taken = Math.min(Math.max(wanted, least), most);
    if (taken === wanted) return { value: write(taken) };
    return { value: write(taken), difference: `the nearest that is allowed, of ${least} to ${most}` };
  };
}

/** Text of several lines. */
export function asText(longest: number): Carry {
  return (value) => {
    const text = String(value).replace(/\r\n?/g, '\n');
    if (text.length <= longest) return { value: text };
    return { value: text.slice(0, longest), difference: `cut to the ${longest} characters that are allowed` };
  };
}

/** Nothing is lost while the file asks for this; else why says what is. */
export function nothingBut(byNature: ImportedValue): Carry {
  return (value) => (value === byNature ? { value: undefined } : { value: undefined, lost: '' });
}
