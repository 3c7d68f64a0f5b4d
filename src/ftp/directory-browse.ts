/** The settings of what a site shows of its directories. IIS has such a section, and other settings in it. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { count } from '../settings/values.ts';

export const directoryBrowse = z
  .strictObject({
    showDotFiles: z
      .boolean()
      .default(false)
      .describe('LIST, NLST and STAT show names that begin with a dot without option -a, too; MLSD always does'),
    /** IIS does not show them by itself; here a client that may enter a directory finds it. */
    showVirtualDirectories: z
      .boolean()
      .default(true)
      .describe('Listings show virtual directories; they can be entered in any case')
      .meta(iis('ftpServer/directoryBrowse@showFlags')),
    allowRecursiveLists: z.boolean().default(true).describe('Option -R lists the directories below, too'),
    maximumNames: count(1_000, 100_000_000)
      .default(1_000_000)
      .describe('Names looked at for one listing with wildcards or option -R; then the client gets 451'),
  })
  .prefault({});

export type DirectoryBrowse = Decoded<typeof directoryBrowse>;
