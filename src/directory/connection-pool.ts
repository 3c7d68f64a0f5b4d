/**
 * The connections to the servers of one directory: few, bound, lent to one operation at a time. A server that fails is passed
 * over for a while; callers beyond the bounded queue are refused at once, and nobody waits longer than the deadline.
 */
import type { Logger } from '../operations/log.ts';
import { DirectoryUnavailableError } from './directory.ts';
import {
  ConnectionLostError,
  LdapConnection,
  type LdapCredentials,
  SearchRefusedError,
  type SearchRequest,
} from './ldap-connection.ts';
import type { LdapEntry } from './ldap-entry.ts';
import { type LdapServer, parseServer } from './ldap-transport.ts';

export interface ConnectionPoolOptions extends LdapCredentials {
  /** `ldaps://host[:port]`, or `ldap://host[:port]` which is always upgraded by StartTLS; tried in this order. */
  readonly servers: readonly string[];
  /** PEM of the CAs of the servers' certificates; nothing else is trusted. */
  readonly certificateAuthorities: readonly string[];
  /** Milliseconds for a connection with TLS, and again for its bind. Default 3000. */
  readonly connectTimeout?: number;
  /** Milliseconds for one search with everything it needs: waiting, connecting, and a second server. Default 5000. */
  readonly operationTimeout?: number;
  /** Connections at a time. Default 4. */
  readonly maxConnections?: number;
  /** Searches that may wait for a connection. Default 256. */
  readonly maxWaiting?: number;
  /** Milliseconds for which a server that failed is tried last. Default 30000. */
  readonly serverRetryDelay?: number;
  /** Milliseconds after which an unused connection is closed. Default 60000. */
  readonly idleTimeout?: number;
  readonly logger: Logger;
}

interface Waiter {
  readonly resolve: (connection: LdapConnection) => void;
  readonly reject: (error: DirectoryUnavailableError) => void;
}

/** The client library takes these for SASL mechanisms when they stand where a bind DN is expected. */
const looksLikeName = /[=@\\]/;

export class ConnectionPool {
  readonly #options: ConnectionPoolOptions;
  readonly #servers: readonly LdapServer[];
  readonly #operationTimeout: number;
  readonly #open = new Set<LdapConnection>();
  readonly #idle = new Map<LdapConnection, NodeJS.Timeout>();
  readonly #waiting: Waiter[] = [];
  /** Moment (performance.now) until which a server is tried last. */
  readonly #avoidedUntil = new Map<LdapServer, number>();
  #growing = false;
  #closed = false;

  /** @throws TypeError when an option cannot be used, such as an empty password (RFC 4513 5.1.2: that bind proves nothing) */
  constructor(options: ConnectionPoolOptions) {
    if (options.servers.length === 0) throw new TypeError('a directory needs at least one server');
    if (options.bindPassword === '') throw new TypeError('the password of the bind account is empty');
    if (!looksLikeName.test(options.bindDn)) throw new TypeError(`${options.bindDn} is not a distinguished name`);
    this.#options = options;
    this.#servers = options.servers.map(parseServer);
    this.#operationTimeout = options.operationTimeout ?? 5000;
  }

  /**
   * One search, tried again once on another connection when the first is lost.
   * @throws DirectoryUnavailableError | DirectoryAnswerError
   */
  async search(request: SearchRequest): Promise<readonly LdapEntry[]> {
    const deadline = performance.now() + this.#operationTimeout;
    // with a second server to turn to, the first may take only half of the time
    const share = this.#servers.length > 1 ? 2 : 1;
    const lost: string[] = [];
    for (let attempt = 0; attempt < 2 && performance.now() < deadline; attempt += 1) {
      const connection = await this.#acquire(deadline);
      try {
        return await connection.search(request, Math.min(deadline - performance.now(), this.#operationTimeout / share));
      } catch (error) {
        if (error instanceof SearchRefusedError) throw refused(connection.server, error);
        if (!(error instanceof ConnectionLostError)) throw error;
        lost.push(`${connection.server.url}: ${error.message}`);
        this.#passOver(connection.server);
      } finally {
        this.#release(connection);
      }
    }
    throw unavailable('No directory server answered in time.', lost);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(unavailable('The directory is being closed.', []));
    for (const timer of this.#idle.values()) clearTimeout(timer);
    this.#idle.clear();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }

  #acquire(deadline: number): Promise<LdapConnection> {
    if (this.#closed) return Promise.reject(unavailable('The directory is closed.', []));
    for (const [connection, timer] of [...this.#idle].reverse()) {
      clearTimeout(timer);
      this.#idle.delete(connection);
      if (connection.usable) return Promise.resolve(connection);
    }
    if (this.#waiting.length >= (this.#options.maxWaiting ?? 256)) {
      return Promise.reject(unavailable('Too many searches wait for a connection.', []));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          const index = this.#waiting.indexOf(waiter);
          if (index >= 0) this.#waiting.splice(index, 1);
          reject(unavailable('No connection to a directory server became free in time.', []));
        },
        Math.max(0, deadline - performance.now()),
      );
      const waiter: Waiter = {
        resolve: (connection) => {
          clearTimeout(timer);
          resolve(connection);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#waiting.push(waiter);
      void this.#grow();
    });
  }

  #release(connection: LdapConnection): void {
    if (this.#closed || !connection.usable) {
      this.#open.delete(connection);
      connection.close();
      void this.#grow();
      return;
    }
    const waiter = this.#waiting.shift();
    if (waiter) waiter.resolve(connection);
    else this.#rest(connection);
  }

  #rest(connection: LdapConnection): void {
    const timer = setTimeout(() => this.#drop(connection), this.#options.idleTimeout ?? 60_000);
    timer.unref();
    this.#idle.set(connection, timer);
  }

  #drop(connection: LdapConnection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    this.#open.delete(connection);
    connection.close();
  }

  /** Opens connections one after another while somebody waits: a domain controller serves a crowd of handshakes badly. */
  async #grow(): Promise<void> {
    if (this.#growing) return;
    this.#growing = true;
    try {
      while (!this.#closed && this.#waiting.length > 0 && this.#open.size < (this.#options.maxConnections ?? 4)) {
        const connection = await this.#connect();
        this.#open.add(connection);
        connection.onClosed(() => this.#drop(connection));
        this.#release(connection);
      }
    } catch (error) {
      // connections in use may still come free for those who wait
      if (error instanceof DirectoryUnavailableError && this.#open.size === 0) {
        for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
      }
    } finally {
      this.#growing = false;
    }
  }

  async #connect(): Promise<LdapConnection> {
    const now = performance.now();
    const isAvoided = (server: LdapServer) => (this.#avoidedUntil.get(server) ?? 0) > now;
    const inOrder = [
      ...this.#servers.filter((server) => !isAvoided(server)),
      ...this.#servers.filter((server) => isAvoided(server)),
    ];
    const failures: string[] = [];
    const { certificateAuthorities, connectTimeout = 3000, logger } = this.#options;
    for (const server of inOrder) {
      try {
        const connection = await LdapConnection.open(server, certificateAuthorities, this.#options, connectTimeout);
        this.#avoidedUntil.delete(server);
        return connection;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(`${server.url}: ${reason}`);
        logger.warn('directory-server-failed', { server: server.url, reason });
        this.#passOver(server);
      }
      if (this.#closed) break;
    }
    throw unavailable('No directory server can be connected to.', failures);
  }

  /** Also drops the unused connections to a server that failed: they would cost one timeout each. */
  #passOver(server: LdapServer): void {
    this.#avoidedUntil.set(server, performance.now() + (this.#options.serverRetryDelay ?? 30_000));
    for (const connection of [...this.#idle.keys()]) {
      if (connection.server === server) this.#drop(connection);
    }
  }
}

function unavailable(message: string, errors: readonly string[]): DirectoryUnavailableError {
  return new DirectoryUnavailableError(message, { errors });
}

function refused(server: LdapServer, cause: SearchRefusedError): DirectoryUnavailableError {
  const error = cause.cause instanceof Error ? cause.cause.message : '';
  const facts = { server: server.url, resultCode: cause.resultCode, error };
  return new DirectoryUnavailableError('The directory server refuses the search.', facts, { cause });
}
