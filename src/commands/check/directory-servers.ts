/** The servers of the configured directories, each asked whether it opens a protected connection. The check does not bind, so it needs no secret. */
import type { LookupFunction } from 'node:net';
import type { LoadedLdap } from '../../config/directory-material.ts';
import type { ServersSettings } from '../../directory/connection/connection-settings.ts';
import { type LdapServer, openTransport, type TransportOptions } from '../../directory/connection/ldap-transport.ts';
import { discoveredServers, listedServers, type ServerList } from '../../directory/connection/server-list.ts';
import { createServiceResolver } from '../../directory/connection/service-resolver.ts';
import { errorMessage } from '../../error-message.ts';
import { silentLogger } from '../../operations/log.ts';

/** Servers of which one is enough. */
export interface ServerGroup {
  /** Setting below the directory; empty: its own servers. */
  readonly name: string;
  readonly list: ServerList;
  readonly lookup?: LookupFunction | undefined;
}

/** The servers of the directory itself, of its global catalog and of the other domains. */
export function serverGroups(settings: LoadedLdap['settings']): readonly ServerGroup[] {
  const catalog = settings.type === 'activeDirectory' ? settings.globalCatalog : undefined;
  return [
    ...groupOf('', settings),
    ...(catalog ? groupOf('globalCatalog', catalog) : []),
    ...(catalog?.domains.flatMap((domain) => groupOf(domain.dnsDomain, domain)) ?? []),
  ];
}

function groupOf(name: string, { servers, discovery }: ServersSettings): readonly ServerGroup[] {
  if (servers) return [{ name, list: listedServers(servers) }];
  if (!discovery) return [];
  const resolver = createServiceResolver(discovery.dnsServers);
  return [{ name, list: discoveredServers(discovery, resolver, silentLogger), lookup: resolver.lookup }];
}

/** @returns why none of the servers opens a protected connection; undefined when one does */
export async function groupProblem(
  { list, lookup }: ServerGroup,
  settings: Pick<LoadedLdap['settings'], 'connectTimeout' | 'clientCertificate'>,
  certificateAuthorities: readonly string[],
): Promise<string | undefined> {
  try {
    const servers = await list.current();
    const transport = { certificateAuthorities, lookup };
    const problems = await Promise.all(servers.map((server) => serverProblem(server, transport, settings)));
    return problems.some((problem) => problem === undefined) ? undefined : problems.join('; ');
  } catch (error) {
    return errorMessage(error);
  }
}

async function serverProblem(
  server: LdapServer,
  transport: TransportOptions,
  { connectTimeout, clientCertificate }: Pick<LoadedLdap['settings'], 'connectTimeout' | 'clientCertificate'>,
): Promise<string | undefined> {
  try {
    (await openTransport(server, transport, connectTimeout)).destroy();
    return undefined;
  } catch (error) {
    // A server that wants our certificate in the handshake is there; the key to show it is a secret.
    if (
      clientCertificate !== undefined &&
      /alert (?:handshake failure|bad certificate|certificate required)/.test(String(error))
    ) {
      return undefined;
    }
    return `${server.url}: ${errorMessage(error)}`;
  }
}
