/** Opens the configured directories: each kind of settings becomes the options of its adapter. */
import type { LoadedDirectory, LoadedLdap } from '../config/directory-material.ts';
import { createAccountFile } from '../directory/account-file.ts';
import { createActiveDirectory } from '../directory/active-directory/active-directory.ts';
import type { ConnectionPoolOptions } from '../directory/connection/connection-pool.ts';
import { createServiceResolver } from '../directory/connection/service-resolver.ts';
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
  return openLdap(loaded, logger.with({ directory: loaded.settings.name }));
}

function openLdap(loaded: LoadedLdap, logger: Logger): Directory {
  const { settings, ...read } = loaded;
  // What was read out of the files that the settings name; it takes their place.
  const material = { ...read, logger };
  switch (settings.type) {
    case 'activeDirectory': {
      const { type, bindPasswordFile, clientCertificate, clientCertificateKey, ...options } = settings;
      const { servers, discovery, globalCatalog, ...others } = options;
      return createActiveDirectory({
        ...defined(others),
        ...serversOptions({ servers, discovery }),
        ...(globalCatalog && {
          globalCatalog: {
            ...serversOptions(globalCatalog),
            domains: globalCatalog.domains.map(({ dnsDomain, netbiosName, ...domain }) => ({
              ...defined({ dnsDomain, netbiosName }),
              ...serversOptions(domain),
            })),
          },
        }),
        ...material,
      });
    }
    case 'ldap': {
      const { type, bindPasswordFile, clientCertificate, clientCertificateKey, ...options } = settings;
      const { servers, discovery, groups, ...others } = options;
      const { searchBase: base, ...members } = groups ?? {};
      return createLdapDirectory({
        ...defined(others),
        ...serversOptions({ servers, discovery }),
        ...(base !== undefined && { groups: { base, ...defined(members) } }),
        ...material,
      });
    }
  }
}

type ServerSettings = Pick<LoadedLdap['settings'], 'servers' | 'discovery'>;

/** Servers that are listed, or how they are found. */
function serversOptions({
  servers,
  discovery,
}: ServerSettings): Pick<ConnectionPoolOptions, 'servers' | 'discovery' | 'resolver'> {
  return {
    ...(servers && { servers: servers.map((server) => (typeof server === 'string' ? server : defined(server))) }),
    ...(discovery && discoveryOptions(discovery)),
  };
}

/** Names are looked up where the servers were found. */
function discoveryOptions({ dnsServers, ...options }: NonNullable<ServerSettings['discovery']>) {
  const resolver = createServiceResolver(dnsServers);
  return { resolver, discovery: { ...defined(options), resolver } };
}
