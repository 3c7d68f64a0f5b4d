/**
 * Lines of the W3C extended log format as IIS FTP writes them. A blank in a value is written as `+`; whatever else could end a value or a line, hide text or
 * be taken for a directive, as `%XX` by octet: no client forges a line, and no two names look the same.
 */
import { type LogEntry, type LogFlag, logFields, type SiteNames } from './log-fields.ts';

/** PATH_MAX of Linux, in characters. */
const maximumLength = 4096;

/** Separators and controls of every script, octets that are no UTF-8, and the characters that mean something in the format. */
const unsafe = /[\p{C}\p{Z}%+"]/gu;

/** What stands for an absent value. */
const absent = '-';

/** @param text of any origin @returns a value of one line, without a blank in it */
export function logValue(text: string): string {
  if (text === '') return absent;
  // A reader takes it for an absent value.
  if (text === absent) return '%2D';
  const bounded =
    text.length > maximumLength ? `${text.slice(0, maximumLength).replace(/[\ud800-\udbff]$/u, '')}…` : text;
  const safe = bounded.replace(unsafe, (character) => (character === ' ' ? '+' : percentEncoded(character)));
  return safe.startsWith('#') ? `%23${safe.slice(1)}` : safe;
}

/** A lone low surrogate stands for an octet of a name that is no UTF-8, as the storage decodes it. */
function percentEncoded(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const octets = code >= 0xdc80 && code <= 0xdcff ? [code - 0xdc00] : [...Buffer.from(character)];
  return octets.map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** @returns the line of an entry, without its end */
export function logLine(flags: readonly LogFlag[], entry: LogEntry, names: SiteNames): string {
  const values = flags.map((flag) => logFields[flag].value(entry, names));
  return values.map((value) => (value === undefined ? absent : logValue(String(value)))).join(' ');
}

/** @param software name and version of the product @returns what a file begins with, and every part of it that was opened anew */
export function logHeader(flags: readonly LogFlag[], software: string, at: Date): Buffer {
  const fields = flags.map((flag) => logFields[flag].name).join(' ');
  const lines = [`#Software: ${software}`, '#Version: 1.0', `#Date: ${logTime(at)}`, `#Fields: ${fields}`];
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** In UTC. */
export function logTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
