/** The settings of one FTP site, in the words of IIS where IIS has the setting. */
import { z } from 'zod';
import { authorization, authorizationOrder } from '../authorization/authorization-rules.ts';
import { userIsolation } from '../authorization/user-isolation.ts';
import { virtualDirectories } from '../authorization/virtual-directories.ts';
import { fileCommandSettings, ftpSections } from '../ftp/server-settings.ts';
import { hooks } from '../hooks/hook-settings.ts';
import { authentication } from '../login/authentication-settings.ts';
import { denyByFailure } from '../login/failure-throttle.ts';
import { bindingSettings } from '../mapping/strength.ts';
import { logFile } from '../operations/site-log/log-settings.ts';
import { remoteService } from '../service/remote-service.ts';
import { iis } from '../settings/iis-name.ts';
import { file } from '../settings/values.ts';
import { fileOperationSettings } from '../storage/file-operations.ts';
import { sslClientCertificates } from './certificate-schema.ts';

const mapping = z
  .strictObject({
    rules: file.optional().describe('YAML file with the mapping rules'),
    ...bindingSettings,
    service: remoteService.optional().describe('Asks remote mapping services instead of own rules and directories'),
  })
  .describe('How a certificate leads to an account');

export const siteSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
    .describe('Name in logs and records')
    .meta(iis('site@name')),
  bindings: ftpSections.bindings,
  physicalPath: file
    .describe('Directory that holds the files of the site')
    .meta(iis('site/application/virtualDirectory@physicalPath')),
  virtualDirectories,
  connections: ftpSections.connections,
  bandwidth: ftpSections.bandwidth,
  ssl: ftpSections.ssl,
  sslClientCertificates,
  dataChannelSecurity: ftpSections.dataChannelSecurity,
  authentication,
  directories: z
    .array(z.string())
    .max(20)
    .default([])
    .describe('Names of the directories that hold the accounts; none with mapping.service'),
  mapping,
  userIsolation,
  authorization,
  authorizationOrder,
  firewallSupport: ftpSections.firewallSupport,
  proxyProtocol: ftpSections.proxyProtocol,
  messages: ftpSections.messages,
  denyByFailure: denyByFailure
    .unwrap()
    .optional()
    .describe(
      'As denyByFailure of the server, counted for this site alone; without it the site shares what the server counts',
    ),
  ipSecurity: ftpSections.ipSecurity,
  requestFiltering: ftpSections.requestFiltering,
  commandFiltering: ftpSections.commandFiltering,
  directoryBrowse: ftpSections.directoryBrowse,
  logFile: logFile.optional(),
  hooks: hooks.optional(),
  fileHandling: z.strictObject({ ...fileCommandSettings, ...fileOperationSettings }).prefault({}),
});

export type SiteSettings = z.output<typeof siteSchema>;
