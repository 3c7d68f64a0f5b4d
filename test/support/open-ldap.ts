/** The product's directory for a slapd of the tests. */
import type { Directory } from '../../src/directory/directory.ts';
import { createLdapDirectory } from '../../src/directory/ldap-directory.ts';
import { type LdapChanges, ldapOptions } from './directory-options.ts';
import type { Slapd } from './slapd.ts';

export function openLdap(server: Slapd, changes: LdapChanges = {}): Directory {
  return createLdapDirectory(
    ldapOptions({
      name: 'people',
      servers: [server.url],
      certificateAuthorities: [server.ca],
      bindDn: server.bindDn,
      bindPassword: server.password,
      searchBase: server.searchBase,
      ...changes,
    }),
  );
}
