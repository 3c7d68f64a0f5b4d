/**
 * The octets of a configuration file as text: UTF-8, or UTF-16 with its mark. What is neither, or says that it is something else, is
 * refused: a guess turns names of accounts into other names.
 */
import { InputFault } from './input-fault.ts';

/** IIS’s own files have a few hundred kilobytes. */
export const maximumInputOctets = 16 * 1024 * 1024;

const marks = [
  { encoding: 'utf-8', octets: [0xef, 0xbb, 0xbf] },
  { encoding: 'utf-16le', octets: [0xff, 0xfe] },
  { encoding: 'utf-16be', octets: [0xfe, 0xff] },
] as const;

/** Of an XML declaration, which stands first in the file. */
const declaration = /^<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})["']/;

const saveAgain = 'Save the file as UTF-8 in an editor that knows its encoding, and import that.';

/**
 * @param file its name, for messages
 * @returns the text without a byte order mark
 * @throws InputFault
 */
export function textOf(file: string, octets: Uint8Array): string {
  const start = { file, line: 1, column: 1 };
  if (octets.length > maximumInputOctets) {
    const message = `has ${octets.length} octets, and no file of IIS has more than ${maximumInputOctets}`;
    throw new InputFault(start, message, 'Name a configuration file that IIS reads.');
  }
  const mark = marks.find((one) => one.octets.every((octet, index) => octets[index] === octet));
  const encoding = mark?.encoding ?? 'utf-8';
  const text = decoded(encoding, octets);
  if (text === undefined) {
    const { line, column } = firstFault(encoding, octets);
    const [, named] = mark ? [] : (declaration.exec(Buffer.from(octets.subarray(0, 400)).toString('latin1')) ?? []);
    if (named !== undefined && !agrees(encoding, named.toLowerCase())) {
      throw new InputFault(start, `declares the encoding ${named}, and only UTF-8 and UTF-16 are read`, saveAgain);
    }
    throw new InputFault({ file, line, column }, `is not valid ${encoding.toUpperCase()} here`, saveAgain);
  }
  const [, declared = encoding] = declaration.exec(text.slice(0, 400)) ?? [];
  if (!agrees(encoding, declared.toLowerCase())) {
    const message = `declares the encoding ${declared}, and its octets are ${mark ? '' : 'read as '}${encoding.toUpperCase()}`;
    throw new InputFault(start, message, saveAgain);
  }
  return text;
}

/** The declaration of a file with a mark names no byte order, or the right one. */
function agrees(encoding: string, declared: string): boolean {
  if (encoding === 'utf-8') return declared === 'utf-8' || declared === 'utf8' || declared === 'us-ascii';
  return declared === 'utf-16' || declared === encoding;
}

/** Its byte order mark is dropped. */
function decoded(encoding: string, octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(octets);
  } catch {
    return undefined;
  }
}

/** Where the text stops being valid: behind the longest beginning that is. */
function firstFault(encoding: string, octets: Uint8Array): { line: number; column: number } {
  let valid = 0;
  let invalid = octets.length;
  const textBefore = (end: number) => {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(octets.subarray(0, end), { stream: true });
    } catch {
      return undefined;
    }
  };
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (textBefore(middle) === undefined) invalid = middle;
    else valid = middle;
  }
  const before = textBefore(valid) ?? '';
  const line = before.split('\n').length;
  return { line, column: before.length - before.lastIndexOf('\n') };
}
