/** Virtual directories of a site: directories of the host that clients find at paths of their own. IIS has the same. */
import { posix } from 'node:path';
import { z } from 'zod';
import { iis } from '../settings/iis-name.ts';
import { file } from '../settings/values.ts';

const maximumVirtualDirectories = 1_000;

const virtualDirectory = z.strictObject({
  /** Below the root, with or without a slash at its end. */
  path: z
    .string()
    .max(4096)
    .regex(/^(?!.*\p{Cc})(?!\/+$)\/(?!(?:.*\/)?\.\.?(?:\/|$))/u, {
      error: 'must be a path below / that has no . or .. and no control characters in it',
    })
    .transform((path) => posix.normalize(path).replace(/(?<=.)\/$/, ''))
    .describe('Where clients find it, such as /reports/2026')
    .meta(iis('site/application/virtualDirectory@path')),
  physicalPath: file
    .describe('Directory that holds its files')
    .meta(iis('site/application/virtualDirectory@physicalPath')),
});

export const virtualDirectories = z
  .array(virtualDirectory)
  .max(maximumVirtualDirectories)
  .default([])
  .describe('Directories elsewhere on the host that clients find among the files of the site');

/** A directory of the host at a place of the virtual tree. */
export interface VirtualDirectory {
  /** Virtual path, absolute and normalised; not the root. */
  readonly path: string;
  /** Absolute host path without links. */
  readonly physicalPath: string;
}
