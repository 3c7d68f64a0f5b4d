/**
 * Turns the pathname a client sends into an absolute, normalised virtual path (RFC 3659 section 6, TVFS). It refuses what no
 * file may be called, and it does not look at the disk: confinement is the storage’s duty.
 */
import { encodeOctets } from '../storage/octet-text.ts';

/** PATH_MAX and NAME_MAX of Linux, in bytes; longer ones cannot exist, so they cost nothing but this comparison. */
const maximumPathBytes = 4096;
const maximumSegmentBytes = 255;

/** They cannot be sent to a server; any other octet may be part of a name. */
const unspeakable = /[\0\n]/u;

/**
 * @param workingDirectory absolute and normalised, as this function returns it
 * @param argument pathname from the client; empty names the working directory itself; `..` above the root stays at the root
 * @returns absolute, without `.`, `..`, empty segments or a trailing slash; undefined when it cannot name anything
 */
export function resolveVirtualPath(workingDirectory: string, argument: string): string | undefined {
  if (byteLength(argument) > maximumPathBytes || unspeakable.test(argument)) return undefined;
  const segments: string[] = [];
  const joined = argument.startsWith('/') ? argument : `${workingDirectory}/${argument}`;
  for (const segment of joined.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else if (byteLength(segment) > maximumSegmentBytes) return undefined;
    else segments.push(segment);
  }
  const path = `/${segments.join('/')}`;
  return byteLength(path) > maximumPathBytes ? undefined : path;
}

function byteLength(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text) : encodeOctets(text).length;
}
