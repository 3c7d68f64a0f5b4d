/**
 * Turns the pathname a client sends into an absolute, normalised virtual path (RFC 3659 section 6, TVFS). It refuses what no
 * file may be called, and it does not look at the disk: confinement is the storage’s duty.
 */

/** PATH_MAX and NAME_MAX of Linux, in bytes of UTF-8; longer ones cannot exist, so they cost nothing but this comparison. */
const maximumPathBytes = 4096;
const maximumSegmentBytes = 255;

/** Control characters (C0, DEL, C1) would forge lines in listings and replies. */
const controlCharacter = /\p{Cc}/u;

/**
 * @param workingDirectory absolute and normalised, as this function returns it
 * @param argument pathname from the client; empty names the working directory itself; `..` above the root stays at the root
 * @returns absolute, without `.`, `..`, empty segments or a trailing slash; undefined when it cannot name anything
 */
export function resolveVirtualPath(workingDirectory: string, argument: string): string | undefined {
  if (Buffer.byteLength(argument) > maximumPathBytes) return undefined;
  if (controlCharacter.test(argument) || !argument.isWellFormed()) return undefined;
  const segments: string[] = [];
  const joined = argument.startsWith('/') ? argument : `${workingDirectory}/${argument}`;
  for (const segment of joined.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else if (Buffer.byteLength(segment) > maximumSegmentBytes) return undefined;
    else segments.push(segment);
  }
  const path = `/${segments.join('/')}`;
  return Buffer.byteLength(path) > maximumPathBytes ? undefined : path;
}
