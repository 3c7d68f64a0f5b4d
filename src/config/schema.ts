/** The whole configuration file. The JSON Schema for editors is made from this same source. */
import { z } from 'zod';
import { denyByFailure } from '../login/failure-throttle.ts';
import { whenUnwritableChoices } from '../operations/audit.ts';
import { logLevels } from '../operations/log.ts';
import { duration } from '../settings/duration.ts';
import { directorySchema } from './directory-schema.ts';
import { mappingServiceSchema } from './mapping-service-schema.ts';
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
    retrieval: z
      .strictObject({
        cacheDirectory: z
          .string()
          .min(1)
          .optional()
          .describe('Directory for evidence that outlives the process; made with mode 0700; memory only when absent'),
        maximumCacheMegabytes: z.int().min(1).max(100_000).default(512).describe('Size of that directory'),
        maximumMemoryMegabytes: z.int().min(1).max(100_000).default(1024).describe('Memory for evidence, at most'),
        maximumCrlMegabytes: z
          .int()
          .min(1)
          .max(2_000)
          .default(256)
          .describe('Largest CRL that is retrieved; never more than a third of maximumMemoryMegabytes'),
        proxy: z
          .strictObject({
            url: z
              .url({ protocol: /^http$/, error: 'must be the URL of an HTTP proxy, such as http://proxy.example:3128' })
              .describe('HTTP proxy that http and https URLs are retrieved through; ldap and file are not'),
            except: z
              .array(z.string().min(1).max(253))
              .max(100)
              .default([])
              .describe('Hosts asked without the proxy; .example.com stands for all below'),
          })
          .optional(),
        refreshInterval: duration('1m', '7d')
          .prefault('1h')
          .describe('How often CRLs in use are asked for anew while they are valid; SIGHUP does so at once'),
        certificateAuthorities: z
          .array(z.string().min(1))
          .max(100)
          .default([])
          .describe('PEM files: CAs of https servers that are asked; empty: the public ones'),
        fileDirectories: z
          .array(z.string().min(1))
          .max(20)
          .default([])
          .describe('Directories that file: URLs may read below'),
      })
      .prefault({})
      .describe('How CRLs, OCSP answers and CA certificates are retrieved and kept, for all sites'),
    denyByFailure,
    mappingService: mappingServiceSchema.optional().describe('What cardgate serve-mapping serves'),
    directories: z.array(directorySchema).max(20).default([]).describe('Where accounts are'),
    sites: z.array(siteSchema).min(1).max(64).describe('The FTP sites'),
  })
  .describe('cardgate configuration');

export type Settings = z.output<typeof configurationSchema>;

/** JSON Schema (draft 2020-12) of the configuration file as a person writes it. */
export function configurationJsonSchema(): object {
  return z.toJSONSchema(configurationSchema, { io: 'input', unrepresentable: 'any' });
}
