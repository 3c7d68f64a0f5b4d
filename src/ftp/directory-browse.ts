/** The settings of what a site shows of its directories, and how. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { iis } from '../settings/iis-name.ts';
import { count } from '../settings/values.ts';

export const directoryBrowse = z
  .strictObject({
    /**
     * `StyleUnix`: lines of `ls -l`; without it those of MS-DOS. `LongDate`: four digits of the year in these. `UseGmtTime`: times in UTC; without it
     * in the time zone of the service. `DisplayAvailableBytes`: the reply to LIST tells the free space. IIS shows lines of MS-DOS by default.
     */
    showFlags: z
      .array(z.enum(['StyleUnix', 'LongDate', 'UseGmtTime', 'DisplayAvailableBytes']))
      .default(['StyleUnix', 'UseGmtTime'])
      .describe('How LIST and STAT show a directory')
      .meta(iis('ftpServer/directoryBrowse@showFlags')),
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
