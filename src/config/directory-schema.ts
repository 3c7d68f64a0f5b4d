/** The settings of the directories that hold accounts: Active Directory, another LDAP directory, or an account file. */
import { z } from 'zod';
import { duration } from '../settings/duration.ts';
import { file, fingerprint } from '../settings/values.ts';

const attribute = z.string().regex(/^[A-Za-z][\w-]{0,127}$/, { error: 'must be an attribute name' });
const distinguishedName = z.string().min(1).max(2048);
const name = z
  .string()
  .regex(/^[\w.-]{1,64}$/)
  .describe('Name by which sites and rules refer to it');

const serverUrl = z
  .string()
  .regex(/^ldaps?:\/\/[^/\s]+$/, { error: 'must be ldaps://host[:port] or ldap://host[:port]' });
const rank = z.int().min(0).max(65_535);

const servers = z
  .array(
    z.union([
      serverUrl,
      z.strictObject({
        url: serverUrl.describe('ldaps://host[:port] or ldap://host[:port]'),
        priority: rank.optional().describe('Lower is asked first; the place in the list when absent'),
        weight: rank.optional().describe('Share of the load among equals of priority'),
      }),
    ]),
  )
  .min(1)
  .max(64)
  .optional()
  .describe('Servers in the order they are asked; ldap:// is always upgraded with StartTLS before anything is sent');

const discovery = (services: readonly ['domainController' | 'globalCatalog' | 'ldap', ...string[]]) =>
  z
    .strictObject({
      domain: z.string().min(1).max(253).describe('DNS domain; only servers with names below it are asked'),
      site: z
        .string()
        .min(1)
        .max(63)
        .optional()
        .describe('Active Directory site of the gateway, whose servers come first'),
      service: z
        .enum(['domainController', 'globalCatalog', 'ldap'])
        .default(services[0])
        .describe('SRV records to look for'),
      security: z.enum(['ldaps', 'startTls']).default('ldaps').describe('How connections are protected'),
      refreshInterval: duration('1s', '1d').prefault('5m').describe('How long an answer of the DNS holds'),
      dnsServers: z
        .array(z.string().min(1))
        .max(10)
        .default([])
        .describe('DNS servers to ask; those of the host when empty'),
    })
    .optional()
    .describe('Finds the servers in the DNS, instead of servers');

const ldapServer = {
  name,
  servers,
  certificateAuthorities: z.array(file).min(1).max(100).describe('PEM files: CAs of the servers’ certificates'),
  bindDn: distinguishedName.optional().describe('Distinguished name the gateway binds with'),
  bindPasswordFile: file.optional().describe('File with the password of bindDn; not readable by others'),
  clientCertificate: file
    .optional()
    .describe('PEM file: certificate shown to the servers; without bindDn it is the credential (SASL EXTERNAL)'),
  clientCertificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
  searchBase: distinguishedName.describe('Accounts are sought below this entry'),
  connectTimeout: duration('50ms', '1m').prefault('3s').describe('Time for a connection with TLS and bind'),
  operationTimeout: duration('50ms', '1m').prefault('5s').describe('Time for one search, other servers included'),
  hedgeDelay: duration('10ms', '1m')
    .prefault('300ms')
    .describe('Silence of a server after which the next is asked as well'),
  serverRetryDelay: duration('1s', '1h').prefault('10s').describe('Time between two probes of a server that failed'),
  maxConnections: z.int().min(1).max(64).default(4).describe('Connections to one server'),
};

const activeDirectory = z.strictObject({
  type: z.literal('activeDirectory'),
  ...ldapServer,
  discovery: discovery(['domainController']),
  netbiosName: z
    .string()
    .regex(/^[^\\/:*?"<>|\s]{1,15}$/)
    .optional()
    .describe('NetBIOS name of the domain, for USER DOMAIN\\name; the first label of its DNS name when absent'),
  homeDirectoryAttribute: attribute.default('unixHomeDirectory').describe('Attribute with the home directory'),
  homeDirectoryFrom: z
    .enum(['attribute', 'iisFtp'])
    .default('attribute')
    .describe('iisFtp: msIIS-FTPRoot and msIIS-FTPDir joined, as IIS FTP does'),
  lookupCacheTime: duration('0s', '1d')
    .prefault('0s')
    .describe(
      'How long it is remembered which account a look-up found; at most loginRecheckInterval; state is read anew',
    ),
  resolveGroupNames: z
    .boolean()
    .default(false)
    .describe('Finds names of groups too, by one more search a login; without it roles are SIDs'),
  globalCatalog: z
    .strictObject({
      servers,
      discovery: discovery(['globalCatalog']),
      domains: z
        .array(
          z.strictObject({
            dnsDomain: z.string().min(1).max(253).describe('DNS name of another domain of the forest'),
            netbiosName: z.string().min(1).max(15).optional().describe('Its NetBIOS name'),
            servers,
            discovery: discovery(['domainController']),
          }),
        )
        .max(100)
        .default([])
        .describe('The other domains of the forest whose accounts may log in'),
    })
    .optional()
    .describe('Global catalog, for forests of several domains: accounts are sought there and read in their own domain'),
});

const ldap = z.strictObject({
  type: z.literal('ldap'),
  ...ldapServer,
  discovery: discovery(['ldap']),
  accountNameAttribute: attribute.default('uid').describe('Attribute with the account name'),
  accountObjectClass: attribute.default('inetOrgPerson').describe('Object class that all accounts have'),
  idAttribute: attribute.default('entryUUID').describe('Attribute that never changes and is never reused'),
  userPrincipalNameAttribute: attribute
    .optional()
    .describe('Attribute with the user principal name; without it no rule maps by upn'),
  altSecurityIdentitiesAttribute: attribute
    .optional()
    .describe('Attribute with X509:<I>…<SR>… values; without it no rule maps by issuerSerial'),
  sidAttribute: attribute.optional().describe('Attribute with a binary SID; without it no rule maps by sid'),
  fingerprintAttribute: attribute
    .optional()
    .describe('Attribute with the SHA-256 of each certificate; OpenLDAP needs it for issuers with non-ASCII names'),
  certificateMatching: z
    .enum(['certificateExactMatch', 'octets'])
    .default('certificateExactMatch')
    .describe('How the server compares userCertificate: OpenLDAP by issuer and serial, 389 Directory Server by octets'),
  homeDirectoryAttribute: attribute.default('homeDirectory').describe('Attribute with the home directory'),
  lockoutDuration: duration('1s', '24d')
    .optional()
    .describe(
      'After it a lock lapses where no password policy entry says when; without it only an administrator ends it',
    ),
  defaultPasswordPolicy: distinguishedName
    .optional()
    .describe('Entry of the password policy for accounts that name none (ppolicy_default)'),
  groups: z
    .strictObject({
      searchBase: distinguishedName.describe('Groups are sought below this entry'),
      objectClass: attribute.default('groupOfNames').describe('Object class of groups'),
      memberAttribute: attribute.default('member').describe('Attribute with the members'),
      memberValue: z
        .enum(['distinguishedName', 'accountName'])
        .default('distinguishedName')
        .describe('What the members are named by; accountName for memberUid of posixGroup'),
    })
    .optional()
    .describe('Where groups are; without it the memberOf of the account is believed'),
});

const accountFile = z.strictObject({
  type: z.literal('file'),
  name,
  accounts: file.describe('YAML file with the accounts'),
});

export const directorySchema = z.discriminatedUnion('type', [activeDirectory, ldap, accountFile]);
export type DirectorySettings = z.output<typeof directorySchema>;

/** One account in an account file. */
const account = z.strictObject({
  name: z.string().min(1).max(256).describe('Account name, which USER must give'),
  certificates: z
    .array(fingerprint)
    .max(100)
    .default([])
    .describe('SHA-256 fingerprints of the account’s certificates'),
  sid: z.string().max(184).optional().describe('Security identifier'),
  userPrincipalName: z.string().max(1024).optional().describe('User principal name'),
  altSecurityIdentities: z.array(z.string().max(4096)).max(100).default([]).describe('Values such as X509:<I>…<SR>…'),
  disabled: z.boolean().default(false).describe('A disabled account is refused'),
  expiresAt: z.iso.datetime({ offset: true }).optional().describe('The account is refused after this time'),
  groups: z.array(z.string().min(1).max(256)).max(1000).default([]).describe('Groups, for authorization'),
  homeDirectory: z.string().max(4096).optional().describe('Home directory, for userIsolation mode DirectoryAttribute'),
});

export const accountFileSchema = z.strictObject({ accounts: z.array(account).max(100_000) });
export type AccountSettings = z.output<typeof account>;
