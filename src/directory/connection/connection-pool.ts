/**
 * The servers of one directory as if they were one: a search goes to the best of them, and to the next when that one fails or
 * falls silent. A server that failed is asked last until a probe finds it working.
 */

import { errorMessage } from '../../error-message.ts';
import { noticeShortage } from '../../operations/descriptor-shortage.ts';
import type { Logger } from '../../operations/log.ts';
import { DirectoryUnavailableError } from '../directory.ts';
import type { LdapEntry } from '../ldap-entry.ts';
import type { PoolSettings } from './connection-settings.ts';
import { firstAnswer, NoAnswerError } from './first-answer.ts';
import {
  ConnectionLostError,
  LdapConnection,
  type LdapCredentials,
  SearchRefusedError,
  type SearchRequest,
} from './ldap-connection.ts';
import type { TransportOptions } from './ldap-transport.ts';
import { ServerConnections, type ServerConnectionsOptions } from './server-connections.ts';
import { ServerHealth } from './server-health.ts';
import { discoveredServers, listedServers, type RankedServer, type ServerList } from './server-list.ts';
import { orderServers } from './server-order.ts';
import { createServiceResolver, type ServiceResolver } from './service-resolver.ts';

export interface ConnectionPoolOptions extends TransportOptions {
  readonly settings: PoolSettings;
  /** Of bindDn. */
  readonly bindPassword?: string | undefined;
  /** Searches that may wait for a connection to one server; more are refused. Default 4096. */
  readonly maxWaiting?: number;
  /** Milliseconds after which an unused connection is closed. Default 60000. */
  readonly idleTimeout?: number;
  readonly logger: Logger;
}

/** What searches in a directory. */
export interface Searcher {
  /** @throws DirectoryUnavailableError | DirectoryAnswerError */
  search(request: SearchRequest): Promise<readonly LdapEntry[]>;
  close(): Promise<void>;
}

/** The client library takes these for SASL mechanisms when they stand where a bind DN is expected. */
const looksLikeName = /[=@\\]/;

export class ConnectionPool implements Searcher {
  /** Milliseconds for one operation. */
  readonly operationTimeout: number;
  readonly #list: ServerList;
  readonly #connections = new Map<string, ServerConnections>();
  readonly #connectionOptions: ServerConnectionsOptions;
  readonly #health: ServerHealth;
  readonly #hedgeDelay: number;
  #requestsOfGoneServers = 0;
  #closed = false;

  /** @throws TypeError when an option cannot be used, such as an empty password (RFC 4513 5.1.2: that bind proves nothing) */
  constructor(options: ConnectionPoolOptions) {
    const { settings, certificateAuthorities, clientCertificate, logger } = options;
    const { discovery, operationTimeout } = settings;
    const resolver = discovery && createServiceResolver(discovery.dnsServers);
    // Names are looked up where the servers were found.
    const lookup = resolver?.lookup ?? options.lookup;
    this.#list = serverList(settings, resolver, logger);
    this.operationTimeout = operationTimeout;
    this.#hedgeDelay = settings.hedgeDelay;
    this.#connectionOptions = {
      transport: { certificateAuthorities, clientCertificate, lookup },
      credentials: credentialsOf(options),
      connectTimeout: Math.min(settings.connectTimeout, operationTimeout),
      maxConnections: settings.maxConnections,
      maxWaiting: options.maxWaiting ?? 4096,
      idleTimeout: options.idleTimeout ?? 60_000,
    };
    this.#health = new ServerHealth({
      probeInterval: settings.serverRetryDelay,
      probe: async (url) => this.#connections.get(url)?.probe(),
      logger,
    });
  }

  /** Searches sent to servers so far. */
  get requests(): number {
    const open = [...this.#connections.values()];
    return open.reduce((sum, { requests }) => sum + requests, this.#requestsOfGoneServers);
  }

  /**
   * @returns all entries, within operationTimeout over all servers that are asked
   * @throws DirectoryUnavailableError when no server answers; DirectoryAnswerError when one answers with what cannot be used
   */
  async search(request: SearchRequest): Promise<readonly LdapEntry[]> {
    const deadline = performance.now() + this.operationTimeout;
    return this.#first((server, signal) => this.#ask(server, request, deadline, signal));
  }

  /**
   * A connection of its own that is not bound and never comes into the pool; the caller closes it.
   * @throws DirectoryUnavailableError
   */
  openUnbound(): Promise<LdapConnection> {
    const { transport, connectTimeout } = this.#connectionOptions;
    return this.#first(async ({ server }, signal) => {
      const connection = await LdapConnection.connect(server, transport, connectTimeout);
      if (signal.aborted) connection.close();
      return connection;
    });
  }

  /**
   * A bound connection of its own that never comes into the pool, for work longer than a login; the caller closes it.
   * @throws DirectoryUnavailableError
   */
  openBound(): Promise<LdapConnection> {
    const { transport, credentials, connectTimeout } = this.#connectionOptions;
    return this.#first(async ({ server }, signal) => {
      const connection = await LdapConnection.open(server, transport, credentials, connectTimeout);
      if (signal.aborted) connection.close();
      return connection;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#health.close();
    for (const connections of this.#connections.values()) connections.close();
  }

  /** @throws DirectoryUnavailableError, or what a server's answer proves to be wrong */
  async #first<T>(ask: (connections: ServerConnections, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw unavailable('The directory is closed.', []);
    const servers = this.#connectionsTo(await this.#serversInOrder());
    try {
      return await firstAnswer(servers, ask, {
        patience: this.#hedgeDelay,
        isSilent: (server) => server.isSilentFor(this.#hedgeDelay),
        onSilent: ({ server }) => this.#health.failed(server.url, `no answer within ${this.#hedgeDelay} ms`),
        isFinal: (error) => this.#closed || error instanceof SearchFinalError,
      });
    } catch (error) {
      if (error instanceof SearchFinalError) throw error.cause;
      if (!(error instanceof NoAnswerError)) throw error;
      for (const failure of error.failures) noticeShortage(failure.error, 'directory');
      throw unavailable(
        'No directory server answered.',
        error.failures.map(({ server, error: reason }) => `${server.server.url}: ${errorMessage(reason)}`),
      );
    }
  }

  async #ask(
    connections: ServerConnections,
    request: SearchRequest,
    deadline: number,
    signal: AbortSignal,
  ): Promise<readonly LdapEntry[]> {
    const { url } = connections.server;
    try {
      const found = await connections.search(request, deadline, signal);
      this.#health.answered(url);
      return found;
    } catch (error) {
      if (error instanceof SearchRefusedError) throw new SearchFinalError(refused(url, error));
      if (!(error instanceof ConnectionLostError)) throw new SearchFinalError(error);
      if (!noticeShortage(error, 'directory') && !signal.aborted) this.#health.failed(url, error.message);
      throw error;
    }
  }

  /** The servers in the order in which they are asked now. @throws DirectoryUnavailableError */
  async #serversInOrder(): Promise<readonly RankedServer[]> {
    const ordered = orderServers(await this.#list.current(), Math.random);
    const failed = ordered.filter(({ url }) => this.#health.isFailed(url));
    return failed.length === 0 ? ordered : [...ordered.filter((server) => !failed.includes(server)), ...failed];
  }

  /** Connections to servers that left the list are closed. */
  #connectionsTo(servers: readonly RankedServer[]): readonly ServerConnections[] {
    const urls = new Set(servers.map(({ url }) => url));
    for (const [url, connections] of this.#connections) {
      if (urls.has(url)) continue;
      this.#requestsOfGoneServers += connections.requests;
      connections.close();
      this.#connections.delete(url);
      this.#health.forget(url);
    }
    return servers.map((server) => {
      const connections = this.#connections.get(server.url) ?? new ServerConnections(server, this.#connectionOptions);
      this.#connections.set(server.url, connections);
      return connections;
    });
  }
}

/** No other server is asked: this one understood and said no, or its answer shows a fault. */
class SearchFinalError extends Error {
  override readonly name = 'SearchFinalError';
  constructor(cause: unknown) {
    super('the search has failed', { cause });
  }
}

function serverList(
  { servers, discovery }: PoolSettings,
  resolver: ServiceResolver | undefined,
  logger: Logger,
): ServerList {
  if (discovery === undefined || resolver === undefined) return listedServers(servers ?? []);
  if (servers !== undefined) throw new TypeError('servers are either listed or discovered, not both');
  return discoveredServers(discovery, resolver, logger);
}

function credentialsOf({
  settings: { bindDn },
  bindPassword,
  clientCertificate,
}: ConnectionPoolOptions): LdapCredentials {
  if (bindDn === undefined) {
    if (bindPassword !== undefined) throw new TypeError('a bind password needs a bind DN');
    if (clientCertificate === undefined) throw new TypeError('neither a bind DN nor a client certificate is given');
    return 'external';
  }
  if (!bindPassword) throw new TypeError('the password of the bind account is empty');
  if (!looksLikeName.test(bindDn)) throw new TypeError(`${bindDn} is not a distinguished name`);
  return { bindDn, bindPassword };
}

function unavailable(message: string, errors: readonly string[]): DirectoryUnavailableError {
  return new DirectoryUnavailableError(message, { errors });
}

function refused(server: string, cause: SearchRefusedError): DirectoryUnavailableError {
  const facts = { server, resultCode: cause.resultCode, error: errorMessage(cause.cause) };
  return new DirectoryUnavailableError('The directory server refuses the search.', facts, { cause });
}
