/** The section `requestFiltering`, as IIS FTP has it: which names and sizes a site refuses, whatever the rights of the account are. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { type IisName, iis } from '../settings/iis-name.ts';
import { count, size } from '../settings/values.ts';

const section = 'system.ftpServer/security/requestFiltering';
const inSection = (attribute: string) => iis(`${section}${attribute}` as IisName);

/** Longest path of Linux: no client can name a longer one. */
export const longestPath = 4_096;

const fileExtension = z.strictObject({
  fileExtension: z
    .string()
    .max(64)
    .regex(/^[^/\0]*$/u, { error: 'must be the end of a name, such as .exe' })
    .describe('With its dot or without; . or nothing: names that have none')
    .meta(inSection('/fileExtensions/add@fileExtension')),
  allowed: z.boolean().describe('Whether such files may be used').meta(inSection('/fileExtensions/add@allowed')),
});

export const requestFiltering = z
  .strictObject({
    allowHighBitCharacters: z
      .boolean()
      .default(true)
      .describe('Whether a path may have characters outside of ASCII')
      .meta(inSection('@allowHighBitCharacters')),
    /** Judged by the last extension of the name, letter case aside. Directories have none. Where one is listed twice, false wins. */
    fileExtensions: z
      .strictObject({
        allowUnlisted: z
          .boolean()
          .default(true)
          .describe('Whether files may be used whose extension is not listed')
          .meta(inSection('/fileExtensions@allowUnlisted')),
        extensions: z.array(fileExtension).max(1_000).default([]).describe('Extensions of files'),
      })
      .prefault({}),
    /** Letter case aside. Whether such a name exists no client learns. */
    hiddenSegments: z
      .array(
        z
          .string()
          .min(1)
          .max(255)
          .regex(/^(?!\.{1,2}$)[^/\0]+$/u, { error: 'must be one name, without a slash' })
          .meta(inSection('/hiddenSegments/add@segment')),
      )
      .max(1_000)
      .default([])
      .describe('Names of files and directories that no client sees, reaches or makes')
      .meta(inSection('/hiddenSegments/add@segment')),
    /** Letter case aside. The path of a directory ends with a slash. */
    denyUrlSequences: z
      .array(z.string().min(1).max(256).meta(inSection('/denyUrlSequences/add@sequence')))
      .max(1_000)
      .default([])
      .describe('Texts that no path may have in it')
      .meta(inSection('/denyUrlSequences/add@sequence')),
    requestLimits: z
      .strictObject({
        maxAllowedContentLength: size(0, Number.MAX_SAFE_INTEGER)
          .prefault(0)
          .describe('Longest file in bytes that an upload may leave, as it is stored; 0: no limit')
          .meta(inSection('/requestLimits@maxAllowedContentLength')),
        maxUrl: count(32, 32_768)
          .default(longestPath)
          .describe('Longest path in bytes')
          .meta(inSection('/requestLimits@maxUrl')),
      })
      .prefault({}),
  })
  .prefault({});

export type RequestFiltering = Decoded<typeof requestFiltering>;
