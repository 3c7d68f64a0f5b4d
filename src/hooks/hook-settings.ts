/** The settings of the hooks of a site. IIS has providers in their place, which are libraries of Windows. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { count, file } from '../settings/values.ts';

/** A hook is a program, or a service behind a Unix socket or an https URL. */
const hook = z.strictObject({
  program: z
    .array(z.string().min(1).max(4096))
    .min(1)
    .max(100)
    .optional()
    .describe('Absolute path of a program, then its arguments; no shell reads them'),
  socket: file.optional().describe('Unix socket of an HTTP service, which is asked by POST /'),
  url: z
    .url({ protocol: /^https$/, error: 'must be an https URL, such as https://scanner.example/events' })
    .optional()
    .describe('URL that is asked by POST'),
  certificateAuthorities: z.array(file).max(100).default([]).describe('PEM files: CAs of the certificate of the URL'),
  clientCertificate: file.optional().describe('PEM file: certificate shown to the URL'),
  clientCertificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
  timeout: duration('50ms', '10m').prefault('10s').describe('Time for an answer, the wait for a turn included'),
  maximumConcurrent: count(1, 1_000).default(8).describe('Questions at a time'),
  maximumWaiting: count(0, 10_000).default(100).describe('Questions that wait for a turn; one more gets no answer'),
  whenUnavailable: z
    .enum(['refuse', 'continue'])
    .default('refuse')
    .describe('What becomes of an event on which the hook gives no answer in time'),
});

export const hooks = z
  .strictObject({
    onLogin: hook.optional().describe('Asked when a login is about to be granted'),
    onUpload: hook.optional().describe('Asked about every file with new content, before it has its name'),
    onDownload: hook.optional().describe('Asked before a file is read, to send, copy, combine or digest it'),
    onDelete: hook.optional().describe('Asked before a file or directory is removed'),
    onRename: hook.optional().describe('Asked before a file or directory is renamed'),
  })
  .describe('Programs and services that are asked whether something may happen');

export type HookSettings = Decoded<typeof hook>;
