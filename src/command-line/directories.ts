/** Opens the configured directories: each kind of settings becomes the options of its adapter. */
import type { LoadedDirectory } from '../config/directory-material.ts';
import { createAccountFile } from '../directory/account-file.ts';
import { createActiveDirectory } from '../directory/active-directory.ts';
import type { Directory } from '../directory/directory.ts';
import { createLdapDirectory } from '../directory/ldap-directory.ts';
import type { Logger } from '../operations/log.ts';
import { defined } from './defined.ts';

/** Connects to nothing yet; the first login does. */
export function openDirectory(loaded: LoadedDirectory, logger: Logger): Directory {
  if ('accounts' in loaded) {
    const accounts = loaded.accounts.map(({ certificates, expiresAt, ...account }) => ({
      ...defined(account),
      fingerprints: certificates,
      ...(expiresAt && { expiresAt: new Date(expiresAt) }),
    }));
    return createAccountFile({ name: loaded.settings.name, accounts });
  }
  const { settings, certificateAuthorities, bindPassword } = loaded;
  const connection = { certificateAuthorities, bindPassword, logger: logger.with({ directory: settings.name }) };
  switch (settings.type) {
    case 'activeDirectory': {
      const { type: _, ...options } = settings;
      return createActiveDirectory({ ...defined(options), ...connection });
    }
    case 'ldap': {
      const { type: _, groups, ...options } = settings;
      const { searchBase: base, ...members } = groups ?? {};
      return createLdapDirectory({
        ...defined(options),
        ...connection,
        ...(base !== undefined && { groups: { base, ...defined(members) } }),
      });
    }
  }
}
