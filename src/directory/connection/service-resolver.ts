/** The question to the DNS which servers offer a service, as a port, and its answer by the DNS servers of the host or of the site. */
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  readonly target: string;
  readonly port: number;
  /** Lower is asked first. */
  readonly priority: number;
  /** Among equals of priority: the share of the load. */
  readonly weight: number;
}

export interface ServiceResolver {
  /** @throws Error with a `code` such as ENOTFOUND; no records are an error as well */
  resolveService(name: string): Promise<readonly ServiceRecord[]>;
  /** Where servers' addresses come from, too; absent: the operating system's resolver. */
  readonly lookup?: LookupFunction | undefined;
}

const queryTimeout = 1000;
const queryTries = 2;

/**
 * @param dnsServers `address` or `address:port` of the DNS servers that know the domain; empty: those of the host, and
 * addresses then come from the operating system with its hosts file
 * @throws TypeError when an address cannot be read
 */
export function createServiceResolver(dnsServers: readonly string[]): ServiceResolver {
  const resolver = new Resolver({ timeout: queryTimeout, tries: queryTries });
  const resolveService = async (name: string) =>
    (await resolver.resolveSrv(name)).map(({ name: target, port, priority, weight }) => ({
      target,
      port,
      priority,
      weight,
    }));
  if (dnsServers.length === 0) return { resolveService };
  resolver.setServers(dnsServers);
  return { resolveService, lookup: lookupWith(resolver) };
}

function lookupWith(resolver: Resolver): LookupFunction {
  return (hostname, options, callback) => {
    const addresses = async () => {
      const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      const found = answers.flatMap((answer, index) =>
        answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : [],
      );
      const [first] = found;
      if (!first) throw new Error(`the DNS knows no address of ${hostname}`);
      return { all: found, first };
    };
    addresses().then(
      ({ all, first }) => (options.all ? callback(null, all) : callback(null, first.address, first.family)),
      (error: Error) => callback(error, ''),
    );
  };
}
