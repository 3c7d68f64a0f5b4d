/** The servers of the configured directories, each asked whether it opens a protected connection. The check does not bind, so it needs no secret. */
import type { DirectorySettings } from '../../config/directory-schema.ts';
import { type LdapServer, openTransport, type TransportOptions } from '../../directory/connection/ldap-transport.ts';
import { discoveredServers, listedServers, type ServerList } from '../../directory/connection/server-list.ts';
import { createServiceResolver, type ServiceResolver } from '../../directory/connection/service-resolver.ts';
import { errorMessage } from '../../error-message.ts';
import { defined } from '../../gateway/defined.ts';
import { silentLogger } from '../../operations/log.ts';

type LdapSettings = Exclude<DirectorySettings, { type: 'file' }>;
type Servers = Pick<LdapSettings, 'servers' | 'discovery'>;

/** Servers of which one is enough. */
export interface ServerGroup {
  /** Setting below the directory; empty: its own servers. */
  readonly name: string;
  readonly list: ServerList;
  readonly resolver?: ServiceResolver;
}

/** The servers of the directory itself, of its global catalog and of the other domains. */
export function serverGroups(settings: LdapSettings): readonly ServerGroup[] {
  const catalog = settings.type === 'activeDirectory' ? settings.globalCatalog : undefined;
  return [
    ...groupOf('', settings),
    ...(catalog ? groupOf('globalCatalog', catalog) : []),
    ...(catalog?.domains.flatMap((domain) => groupOf(domain.dnsDomain, domain)) ?? []),
  ];
}

function groupOf(name: string, { servers, discovery }: Servers): readonly ServerGroup[] {
  if (servers) {
    const listed = servers.map((server) => (typeof server === 'string' ? server : defined(server)));
    return [{ name, list: listedServers(listed) }];
  }
  if (!discovery) return [];
  const { dnsServers, ...options } = discovery;
  const resolver = createServiceResolver(dnsServers);
  return [{ name, list: discoveredServers({ ...defined(options), resolver }, silentLogger), resolver }];
}

/** @returns why none of the servers opens a protected connection; undefined when one does */
export async function groupProblem(
  { list, resolver }: ServerGroup,
  settings: Pick<LdapSettings, 'connectTimeout' | 'clientCertificate'>,
  certificateAuthorities: readonly string[],
): Promise<string | undefined> {
  try {
    const servers = await list.current();
    const transport = { certificateAuthorities, ...(resolver && { resolver }) };
    const problems = await Promise.all(servers.map((server) => serverProblem(server, transport, settings)));
    return problems.some((problem) => problem === undefined) ? undefined : problems.join('; ');
  } catch (error) {
    return errorMessage(error);
  }
}

async function serverProblem(
  server: LdapServer,
  transport: TransportOptions,
  { connectTimeout, clientCertificate }: Pick<LdapSettings, 'connectTimeout' | 'clientCertificate'>,
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
