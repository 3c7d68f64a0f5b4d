/** The whole configuration file. The JSON Schema for editors is made from this same source. */
import { z } from 'zod';
import { ftpSections } from '../ftp/server-settings.ts';
import { shutdownDrainTime } from '../gateway/drain.ts';
import { denyByFailure } from '../login/failure-throttle.ts';
import { audit } from '../operations/audit-trail.ts';
import { log } from '../operations/log.ts';
import { retrieval } from '../pki/retrieval/retrieval-settings.ts';
import { mappingService } from '../service/service-settings.ts';
import { directorySchema } from './directory-schema.ts';
import { siteSchema } from './site-schema.ts';

export const configurationSchema = z
  .strictObject({
    log,
    audit,
    shutdownDrainTime,
    retrieval,
    denyByFailure,
    ipSecurity: ftpSections.ipSecurity,
    mappingService: mappingService.optional().describe('What cardgate serve-mapping serves'),
    directories: z.array(directorySchema).max(20).default([]).describe('Where accounts are'),
    sites: z.array(siteSchema).min(1).max(64).describe('The FTP sites'),
  })
  .describe('cardgate configuration');

export type Settings = z.output<typeof configurationSchema>;

/** JSON Schema (draft 2020-12) of the configuration file as a person writes it. */
export function configurationJsonSchema(): object {
  return z.toJSONSchema(configurationSchema, {
    io: 'input',
    unrepresentable: 'any',
    // Validators in strict mode refuse keywords they do not know.
    override: ({ jsonSchema }) => {
      delete jsonSchema['iis'];
    },
  });
}
