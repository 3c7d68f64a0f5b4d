/** The settings that every directory over LDAP has, and what is read out of the files they name. */
import { z } from 'zod';
import { file } from '../settings/values.ts';
import { connections, servers } from './connection/connection-settings.ts';
import type { TransportMaterial } from './connection/ldap-transport.ts';

export const attribute = z.string().regex(/^[A-Za-z][\w-]{0,127}$/, { error: 'must be an attribute name' });
export const distinguishedName = z.string().min(1).max(2048);
export const directoryName = z
  .string()
  .regex(/^[\w.-]{1,64}$/)
  .describe('Name by which sites and rules refer to it');

export const ldapServer = {
  name: directoryName,
  servers,
  certificateAuthorities: z.array(file).min(1).max(100).describe('PEM files: CAs of the servers’ certificates'),
  bindDn: distinguishedName.optional().describe('Distinguished name the gateway binds with'),
  bindPasswordFile: file.optional().describe('File with the password of bindDn; not readable by others'),
  clientCertificate: file
    .optional()
    .describe('PEM file: certificate shown to the servers; without bindDn it is the credential (SASL EXTERNAL)'),
  clientCertificateKey: file.optional().describe('PEM file: its private key; not readable by others'),
  searchBase: distinguishedName.describe('Accounts are sought below this entry'),
  ...connections,
};

/** Read out of the files that the settings name. */
export interface DirectoryMaterial extends TransportMaterial {
  /** Of bindDn; never empty. */
  readonly bindPassword?: string | undefined;
}
