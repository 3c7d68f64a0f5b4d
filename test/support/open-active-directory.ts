/** The product's directory for a domain controller of the tests. */
import { createActiveDirectory } from '../../src/directory/active-directory/active-directory.ts';
import type { Directory } from '../../src/directory/directory.ts';
import { silentLogger } from '../../src/operations/log.ts';
import { activeDirectoryOptions } from './directory-options.ts';
import type { SambaDc } from './samba-dc.ts';

export function openActiveDirectory(dc: SambaDc): Directory {
  return createActiveDirectory(
    activeDirectoryOptions({
      name: 'corp',
      servers: [dc.url],
      certificateAuthorities: [dc.ca],
      bindDn: dc.bindDn,
      bindPassword: dc.password,
      searchBase: dc.searchBase,
      netbiosName: dc.netbiosName,
      logger: silentLogger,
    }),
  );
}
