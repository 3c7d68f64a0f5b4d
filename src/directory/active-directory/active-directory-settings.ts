/** The settings of Active Directory: its homes, its groups, its forest. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { discovery, dnsName, servers } from '../connection/connection-settings.ts';
import { attribute, ldapServer } from '../directory-settings.ts';

const globalCatalog = z.strictObject({
  servers,
  discovery: discovery('globalCatalog'),
  /** The directory's own servers stand for the domain of searchBase. */
  domains: z
    .array(
      z.strictObject({
        dnsDomain: dnsName.describe('DNS name of another domain of the forest'),
        netbiosName: z.string().min(1).max(15).optional().describe('Its NetBIOS name'),
        servers,
        discovery: discovery('domainController'),
      }),
    )
    .max(100)
    .default([])
    .describe('The other domains of the forest whose accounts may log in'),
});

export const activeDirectory = z.strictObject({
  type: z.literal('activeDirectory'),
  ...ldapServer,
  discovery: discovery('domainController'),
  netbiosName: z
    .string()
    .regex(/^[^\\/:*?"<>|\s]{1,15}$/)
    .optional()
    .describe('NetBIOS name of the domain, for USER DOMAIN\\name; the first label of its DNS name when absent'),
  homeDirectoryAttribute: attribute.default('unixHomeDirectory').describe('Attribute with the home directory'),
  /** As for IIS FTP's isolation mode ActiveDirectory; an account without both attributes has no home. */
  homeDirectoryFrom: z
    .enum(['attribute', 'iisFtp'])
    .default('attribute')
    .describe('iisFtp: msIIS-FTPRoot and msIIS-FTPDir joined, as IIS FTP does'),
  /**
   * The account is read again each time with everything that decides, by one search in place of two or three; but a second account that
   * comes to fit meanwhile is not noticed, so never more than the interval at which logins are judged again.
   */
  lookupCacheTime: duration('0s', '1d')
    .prefault('0s')
    .describe(
      'How long it is remembered which account a look-up found; at most loginRecheckInterval; state is read anew',
    ),
  resolveGroupNames: z
    .boolean()
    .default(false)
    .describe('Finds names of groups too, by one more search a login; without it roles are SIDs'),
  globalCatalog: globalCatalog
    .optional()
    .describe('Global catalog, for forests of several domains: accounts are sought there and read in their own domain'),
});

export type ActiveDirectorySettings = Decoded<typeof activeDirectory>;
export type GlobalCatalogSettings = Decoded<typeof globalCatalog>;
