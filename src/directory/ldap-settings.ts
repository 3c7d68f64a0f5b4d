/** The settings of OpenLDAP and its kin: which attributes hold what, when locks lapse, and where groups are. */
import { z } from 'zod';
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { discovery } from './connection/connection-settings.ts';
import { attribute, distinguishedName, ldapServer } from './directory-settings.ts';

const lockouts = {
  lockoutDuration: duration('1s', '24d')
    .optional()
    .describe(
      'After it a lock lapses where no password policy entry says when; without it only an administrator ends it',
    ),
  defaultPasswordPolicy: distinguishedName
    .optional()
    .describe('Entry of the password policy for accounts that name none (ppolicy_default)'),
};

const groups = z
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
  .describe('Where groups are; without it the memberOf of the account is believed');

export const ldap = z.strictObject({
  type: z.literal('ldap'),
  ...ldapServer,
  discovery: discovery('ldap'),
  accountNameAttribute: attribute.default('uid').describe('Attribute with the account name'),
  accountObjectClass: attribute.default('inetOrgPerson').describe('Object class that all accounts have'),
  /** 389 Directory Server has `nsUniqueId`. */
  idAttribute: attribute.default('entryUUID').describe('Attribute that never changes and is never reused'),
  userPrincipalNameAttribute: attribute
    .optional()
    .describe('Attribute with the user principal name; without it no rule maps by upn'),
  /** In `ipaCertMapData` names are spelt as FreeIPA writes them. */
  altSecurityIdentitiesAttribute: attribute
    .optional()
    .describe('Attribute with X509:<I>…<SR>… values; without it no rule maps by issuerSerial'),
  sidAttribute: attribute.optional().describe('Attribute with a binary SID; without it no rule maps by sid'),
  fingerprintAttribute: attribute
    .optional()
    .describe('Attribute with the SHA-256 of each certificate; OpenLDAP needs it for issuers with non-ASCII names'),
  /** By issuer and serial (RFC 4523), or whole octets. The wrong choice finds nothing. */
  certificateMatching: z
    .enum(['certificateExactMatch', 'octets'])
    .default('certificateExactMatch')
    .describe('How the server compares userCertificate: OpenLDAP by issuer and serial, 389 Directory Server by octets'),
  homeDirectoryAttribute: attribute.default('homeDirectory').describe('Attribute with the home directory'),
  ...lockouts,
  groups,
});

export type LdapSettings = Decoded<typeof ldap>;
export type LockoutSettings = Decoded<typeof lockouts>;
export type GroupSettings = NonNullable<Decoded<typeof groups>>;
