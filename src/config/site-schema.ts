/** The settings of one FTP site, in the words of IIS where IIS has the setting. */
import { z } from 'zod';
import { fileCommandSettings, ftpSections } from '../ftp/server-settings.ts';
import { duration } from '../settings/duration.ts';
import { file } from '../settings/values.ts';
import { fileOperationSettings } from '../storage/file-operations.ts';
import { sslClientCertificates } from './certificate-schema.ts';

const authorizationRule = z.strictObject({
  accessType: z.enum(['Allow', 'Deny']).default('Allow').describe('Deny wins over Allow'),
  users: z
    .union([z.literal('*'), z.array(z.string().min(1).max(256)).max(10_000)])
    .optional()
    .describe('Account names, or * for every account that is logged in'),
  roles: z
    .array(z.string().min(1).max(1024))
    .max(1_000)
    .optional()
    .describe('Groups, by SID, distinguished name or name'),
  permissions: z
    .array(z.enum(['Read', 'Write']))
    .min(1)
    .describe('What the rule allows or denies'),
  path: z
    .string()
    .max(4096)
    .regex(/^\/(?!(?:.*\/)?\.\.?(?:\/|$))/, { error: 'must be a path that begins with / and has no . or .. in it' })
    .default('/')
    .describe('The directory the rule is for, and all below it'),
});

const mapping = z
  .strictObject({
    rules: file.optional().describe('YAML file with the mapping rules'),
    binding: z
      .enum(['full', 'compatibility', 'off'])
      .default('full')
      .describe(
        'Whether an account found by a name only counts: full never; compatibility if it is older than the certificate',
      ),
    backdating: duration('0s', '24d')
      .prefault('10m')
      .describe('With compatibility: by how much the certificate may be older'),
    service: z
      .strictObject({
        endpoints: z
          .array(z.union([z.strictObject({ socket: file }), z.strictObject({ url: z.url({ protocol: /^https$/ }) })]))
          .min(1)
          .max(20)
          .describe('Mapping services in order of preference: unix socket, or https URL'),
        certificate: file.optional().describe('PEM file: certificate shown to services at a URL'),
        certificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
        certificateAuthorities: z
          .array(file)
          .max(100)
          .default([])
          .describe('PEM files: CAs of the services’ certificates'),
        site: z.string().max(64).optional().describe('Site of the service whose rules decide; its first when absent'),
        attemptTimeout: duration('50ms', '1m').prefault('8s').describe('Time for one service'),
        totalTimeout: duration('50ms', '2m').prefault('15s').describe('Time for all of them together'),
      })
      .optional()
      .describe('Asks remote mapping services instead of own rules and directories'),
  })
  .describe('How a certificate leads to an account');

const userIsolation = z.strictObject({
  mode: z
    .enum(['None', 'IsolateAllDirectories', 'Template', 'DirectoryAttribute'])
    .default('IsolateAllDirectories')
    .describe(
      'None: all share physicalPath; IsolateAllDirectories: physicalPath/account; Template: as template says; DirectoryAttribute: home as the directory says',
    ),
  template: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe(
      'Home below physicalPath, of {accountName}, {directory}, {domain} and {id}, such as {domain}/{accountName}',
    ),
  replacePrefixes: z
    .array(
      z.strictObject({
        from: z.string().min(1).max(1024).describe('Beginning of the directory’s value, such as \\\\fs1\\ftp'),
        to: z.string().min(1).max(1024).describe('Host path that stands for it'),
      }),
    )
    .max(100)
    .default([])
    .describe('With DirectoryAttribute: what stands for paths of another system'),
  createHome: z.boolean().default(false).describe('Make the home directory at the first login'),
});

export const siteSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/)
    .describe('Name in logs and records'),
  bindings: ftpSections.bindings,
  physicalPath: file.describe('Directory that holds the files of the site'),
  connections: ftpSections.connections,
  ssl: ftpSections.ssl,
  sslClientCertificates,
  dataChannelSecurity: ftpSections.dataChannelSecurity,
  authentication: z
    .strictObject({
      clientCertAuthentication: z
        .strictObject({ enabled: z.boolean().default(true).describe('Log in by client certificate') })
        .prefault({}),
      mode: z
        .enum(['certificate', 'certificateAndPassword', 'certificateOrPassword'])
        .default('certificate')
        .describe(
          'Whether the password of the directory account is wanted too, or will do where no certificate is sent',
        ),
      requireSmartcardRequired: z
        .boolean()
        .default(false)
        .describe('Admit only accounts that cannot log in anywhere without a smart card'),
    })
    .prefault({}),
  directories: z
    .array(z.string())
    .max(20)
    .default([])
    .describe('Names of the directories that hold the accounts; none with mapping.service'),
  mapping,
  userIsolation: userIsolation.prefault({}),
  authorization: z
    .array(authorizationRule)
    .min(1)
    .max(1_000)
    .describe('Which accounts may read and write; no other account is let in'),
  firewallSupport: ftpSections.firewallSupport,
  messages: ftpSections.messages,
  commandFiltering: ftpSections.commandFiltering,
  fileHandling: z.strictObject({ ...fileCommandSettings, ...fileOperationSettings }).prefault({}),
});

export type SiteSettings = z.output<typeof siteSchema>;
