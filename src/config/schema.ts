/** The whole configuration file. The JSON Schema for editors is made from this same source. */
import { z } from 'zod';
import { denyByFailure } from '../login/failure-throttle.ts';
import { whenUnwritableChoices } from '../operations/audit.ts';
import { logLevels } from '../operations/log.ts';
import { retrieval } from '../pki/retrieval/retrieval-settings.ts';
import { mappingService } from '../service/service-settings.ts';
import { duration } from '../settings/duration.ts';
import { directorySchema } from './directory-schema.ts';
import { siteSchema } from './site-schema.ts';

export const configurationSchema = z
  .strictObject({
    log: z
      .strictObject({
        level: z.enum(logLevels).default('info').describe('Least important line that is written'),
        file: z.string().min(1).optional().describe('File for the log; standard error when absent'),
      })
      .prefault({})
      .describe('The operating log'),
    audit: z
      .strictObject({
        file: z.string().min(1).optional().describe('File for audit records; standard output when absent'),
        whenUnwritable: z
          .enum(whenUnwritableChoices)
          .default('refuseLogins')
          .describe('Logins while no record can be written: refused with 421, or granted without one'),
      })
      .prefault({})
      .describe('One JSON record per login, refusal, transfer and session'),
    shutdownDrainTime: duration('0s', '1h')
      .prefault('30s')
      .describe('How long running transfers may go on when the service stops'),
    retrieval,
    denyByFailure,
    mappingService: mappingService.optional().describe('What cardgate serve-mapping serves'),
    directories: z.array(directorySchema).max(20).default([]).describe('Where accounts are'),
    sites: z.array(siteSchema).min(1).max(64).describe('The FTP sites'),
  })
  .describe('cardgate configuration');

export type Settings = z.output<typeof configurationSchema>;

/** JSON Schema (draft 2020-12) of the configuration file as a person writes it. */
export function configurationJsonSchema(): object {
  return z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' });
}
