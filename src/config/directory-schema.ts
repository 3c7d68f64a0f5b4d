/** The settings of the directories that hold accounts: Active Directory, another LDAP directory, or an account file. */
import { z } from 'zod';
import { accountFile } from '../directory/account-file.ts';
import { activeDirectory } from '../directory/active-directory/active-directory-settings.ts';
import { ldap } from '../directory/ldap-settings.ts';
import type { Decoded } from '../settings/decoded.ts';

export const directorySchema = z.discriminatedUnion('type', [activeDirectory, ldap, accountFile]);
export type DirectorySettings = Decoded<typeof directorySchema>;
