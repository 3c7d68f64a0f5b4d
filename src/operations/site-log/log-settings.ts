/** The settings of a site log, in the words of IIS. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { iis } from '../../settings/iis-name.ts';
import { file, size } from '../../settings/values.ts';
import { logFlags, usualFlags } from './log-fields.ts';
import { logPeriods } from './log-period.ts';

/** Which lines are written. */
const selections = ['LogSuccessful', 'LogError', 'LogInfrastructure'] as const;

/** IIS takes no less. */
const leastTruncateSize = 1024 * 1024;

export const logFile = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the log is written').meta(iis('ftpServer/logFile@enabled')),
    directory: file
      .describe('Directory of the log files of this site alone; made when it is missing')
      .meta(iis('ftpServer/logFile@directory')),
    logExtFileFlags: z
      .array(z.enum(logFlags))
      .min(1)
      .default([...usualFlags])
      .describe(
        'Fields of a line, in whatever order; those that begin with Cert are about the certificate of the client',
      )
      .meta(iis('ftpServer/logFile@logExtFileFlags')),
    period: z
      .enum(logPeriods)
      .default('Daily')
      .describe('How often a new file is begun; MaxSize: when truncateSize is reached, and at no other time')
      .meta(iis('ftpServer/logFile@period')),
    truncateSize: size(leastTruncateSize, Number.MAX_SAFE_INTEGER)
      .prefault(20_971_520)
      .describe('With period MaxSize: octets of a file, at which the next is begun')
      .meta(iis('ftpServer/logFile@truncateSize')),
    localTimeRollover: z
      .boolean()
      .default(false)
      .describe('Files begin by the local time of the host; the times in them are in UTC all the same')
      .meta(iis('ftpServer/logFile@localTimeRollover')),
    selectiveLogging: z
      .array(z.enum(selections))
      .default([...selections])
      .describe(
        'Which lines are written: commands answered below 400, commands answered from 400 on, channels opened and closed',
      )
      .meta(iis('ftpServer/logFile@selectiveLogging')),
  })
  .describe('Log of every command of the site in the W3C extended format, as IIS writes it');

export type LogFileSettings = Decoded<typeof logFile>;
