/** Opens the configured directories, each kind by its adapter. */
import type { LoadedDirectory } from '../config/directory-material.ts';
import { createAccountFile } from '../directory/account-file.ts';
import { createActiveDirectory } from '../directory/active-directory/active-directory.ts';
import type { Directory } from '../directory/directory.ts';
import { createLdapDirectory } from '../directory/ldap-directory.ts';
import type { Logger } from '../operations/log.ts';

/** Connects to nothing yet; the first login does. */
export function openDirectory(loaded: LoadedDirectory, logger: Logger): Directory {
  const { name } = loaded.settings;
  if ('accounts' in loaded) return createAccountFile(name, loaded.accounts);
  const { settings, material } = loaded;
  const parts = { ...material, logger: logger.with({ directory: name }) };
  return settings.type === 'activeDirectory'
    ? createActiveDirectory({ settings, ...parts })
    : createLdapDirectory({ settings, ...parts });
}
