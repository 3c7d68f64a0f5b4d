/** The settings of the directories that hold accounts: Active Directory, another LDAP directory, or an account file. */
import { z } from 'zod';
import { duration } from './duration.ts';

const file = z.string().min(1).max(4096);
const attribute = z.string().regex(/^[A-Za-z][\w-]{0,127}$/, { error: 'must be an attribute name' });
const distinguishedName = z.string().min(1).max(2048);
const name = z
  .string()
  .regex(/^[\w.-]{1,64}$/)
  .describe('Name by which sites and rules refer to it');

const ldapServer = {
  name,
  servers: z
    .array(z.string().regex(/^ldaps?:\/\/[^/\s]+$/, { error: 'must be ldaps://host[:port] or ldap://host[:port]' }))
    .min(1)
    .max(20)
    .describe('Tried in this order; ldap:// is always upgraded with StartTLS before anything is sent'),
  certificateAuthorities: z.array(file).min(1).max(100).describe('PEM files: CAs of the servers’ certificates'),
  bindDn: distinguishedName.describe('Distinguished name the gateway binds with'),
  bindPasswordFile: file.describe('File with the password; not readable by others'),
  searchBase: distinguishedName.describe('Accounts are sought below this entry'),
  connectTimeout: duration('50ms', '1m').prefault('3s').describe('Time for a connection with TLS and bind'),
  operationTimeout: duration('50ms', '1m').prefault('5s').describe('Time for one search'),
  maxConnections: z.int().min(1).max(64).default(4).describe('Connections kept to the servers'),
};

const activeDirectory = z.strictObject({
  type: z.literal('activeDirectory'),
  ...ldapServer,
  netbiosName: z
    .string()
    .regex(/^[^\\/:*?"<>|\s]{1,15}$/)
    .optional()
    .describe('NetBIOS name of the domain, for USER DOMAIN\\name; the first label of its DNS name when absent'),
  homeDirectoryAttribute: attribute.default('unixHomeDirectory').describe('Attribute with the home directory'),
});

const ldap = z.strictObject({
  type: z.literal('ldap'),
  ...ldapServer,
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
    .describe('After it a password policy lock lapses; without it only an administrator ends it'),
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

const fingerprint = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, { error: 'must be a SHA-256 fingerprint: 64 hexadecimal digits' })
  .transform((text) => text.replaceAll(':', '').toLowerCase());

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
