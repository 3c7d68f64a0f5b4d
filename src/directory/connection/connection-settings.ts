/** The settings of connections to the servers of a directory: which servers, how long, how many. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { domainName } from '../../settings/host-names.ts';
import { count } from '../../settings/values.ts';

const serverUrl = z
  .string()
  // A URL of the standard has no port above 65535.
  .refine((text) => /^ldaps?:\/\/[^/\s]+$/.test(text) && URL.canParse(text), {
    error: 'must be ldaps://host[:port] or ldap://host[:port]',
  });
const rank = count(0, 65_535);

export const servers = z
  .array(
    z.union([
      serverUrl,
      z.strictObject({
        url: serverUrl.describe('ldaps://host[:port] or ldap://host[:port]'),
        priority: rank.optional().describe('Lower is asked first; the place in the list when absent'),
        weight: rank.optional().describe('Share of the load among equals of priority'),
      }),
    ]),
  )
  .min(1)
  .max(64)
  .optional()
  .describe('Servers in the order they are asked; ldap:// is always upgraded with StartTLS before anything is sent');

export const dnsName = z.string().regex(domainName, { error: 'must be a DNS name, such as corp.example' });

const services = ['domainController', 'globalCatalog', 'ldap'] as const;

/** @param service the one that is looked for where the administrator names none */
export const discovery = (service: (typeof services)[number]) =>
  z
    .strictObject({
      domain: dnsName.describe('DNS domain; only servers with names below it are asked'),
      site: z
        .string()
        .min(1)
        .max(63)
        .optional()
        .describe('Active Directory site of the gateway, whose servers come first'),
      service: z.enum(services).default(service).describe('SRV records to look for'),
      /** SRV records name the port for StartTLS; for ldaps the well-known port takes the place of 389 and 3268. */
      security: z.enum(['ldaps', 'startTls']).default('ldaps').describe('How connections are protected'),
      /** The resolver does not tell how long an answer may live. */
      refreshInterval: duration('1s', '1d').prefault('5m').describe('How long an answer of the DNS holds'),
      dnsServers: z
        .array(z.string().min(1))
        .max(10)
        .default([])
        .describe('DNS servers to ask; those of the host when empty'),
    })
    .optional()
    .describe('Finds the servers in the DNS, instead of servers');

export type ListedServer = NonNullable<Decoded<typeof servers>>[number];
export type ServerDiscovery = NonNullable<Decoded<ReturnType<typeof discovery>>>;

/** Servers that are listed, or how they are found. */
export interface ServersSettings {
  readonly servers?: readonly ListedServer[] | undefined;
  readonly discovery?: ServerDiscovery | undefined;
}

export const connections = {
  connectTimeout: duration('50ms', '1m').prefault('3s').describe('Time for a connection with TLS and bind'),
  operationTimeout: duration('50ms', '1m').prefault('5s').describe('Time for one search, other servers included'),
  hedgeDelay: duration('10ms', '1m')
    .prefault('300ms')
    .describe('Silence of a server after which the next is asked as well'),
  serverRetryDelay: duration('1s', '1h').prefault('10s').describe('Time between two probes of a server that failed'),
  maxConnections: count(1, 64).default(4).describe('Connections to one server'),
};

export interface PoolSettings extends ServersSettings, Decoded<typeof connections> {
  /** Distinguished name, or a user principal name with Active Directory; without it the client certificate is the credential. */
  readonly bindDn?: string | undefined;
}
