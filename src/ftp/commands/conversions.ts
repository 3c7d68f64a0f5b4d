/** What TYPE and MODE of the session make of the octets of a transfer. */
import type { Control } from '../control/control.ts';
import type { LinesFrom } from '../data/line-ends.ts';
import type { OctetConversion } from '../data/octet-conversion.ts';
import { reply } from '../reply.ts';

/** draft-bryan-ftp-range-09 5. */
export const rangeNotPossible = reply('rangeNotPossible', 'Ranges are for TYPE I and MODE S.');

/** Whether lines are converted between files and data connections. */
export function isText(control: Control): boolean {
  return control.settings.type === 'A' && control.options.site.fileHandling.convertLineEnds;
}

/** @param from where the text begins, if it is one @returns undefined when the octets of the file go over the connection as they are */
export function conversionOf(control: Control, from: LinesFrom = 'whole'): OctetConversion | undefined {
  const compression = compressionOf(control);
  return isText(control) ? { ...compression, lines: from } : compression;
}

/** Of a listing, whose lines end in CRLF under every type. */
export function compressionOf({ settings }: Control): OctetConversion | undefined {
  return settings.mode === 'Z' ? { deflateLevel: settings.deflateLevel } : undefined;
}
