/**
 * The connections to one directory server: few, bound, lent to one operation at a time. What the queue does not hold is refused
 * at once, and no caller waits longer than the deadline.
 */

import type { LdapEntry } from '../ldap-entry.ts';
import { ConnectionLostError, LdapConnection, type LdapCredentials, type SearchRequest } from './ldap-connection.ts';
import type { LdapServer, TransportOptions } from './ldap-transport.ts';

export interface ServerConnectionsOptions {
  readonly transport: TransportOptions;
  readonly credentials: LdapCredentials;
  /** Milliseconds for a connection with TLS, and again for its bind. */
  readonly connectTimeout: number;
  readonly maxConnections: number;
  /** Searches that may wait for a connection. */
  readonly maxWaiting: number;
  /** Milliseconds after which an unused connection is closed. */
  readonly idleTimeout: number;
}

interface Waiter {
  readonly resolve: (loan: Loan) => void;
  readonly reject: (error: ConnectionLostError) => void;
}

interface Loan {
  readonly connection: LdapConnection;
  /** It served another operation before, so the server may have ended it meanwhile. */
  readonly reused: boolean;
}

export class ServerConnections {
  readonly server: LdapServer;
  readonly #options: ServerConnectionsOptions;
  readonly #open = new Set<LdapConnection>();
  readonly #idle = new Map<LdapConnection, NodeJS.Timeout>();
  readonly #waiting = new Set<Waiter>();
  #growing = false;
  #closed = false;
  /** Moment (performance.now) of the last sign of life while an operation waited. */
  #lastSign = Number.NEGATIVE_INFINITY;
  #requests = 0;

  constructor(server: LdapServer, options: ServerConnectionsOptions) {
    this.server = server;
    this.#options = options;
  }

  /** Searches sent so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Whether the server answered no operation during the last so many milliseconds. */
  isSilentFor(milliseconds: number): boolean {
    return performance.now() - this.#lastSign >= milliseconds;
  }

  /**
   * @param deadline moment (performance.now)
   * @param signal takes the search out of the queue; one that was sent ends at the deadline
   * @throws ConnectionLostError | SearchRefusedError | DirectoryAnswerError
   */
  async search(request: SearchRequest, deadline: number, signal: AbortSignal): Promise<readonly LdapEntry[]> {
    for (;;) {
      const { connection, reused } = await this.#acquire(deadline, signal);
      try {
        this.#requests += 1;
        const found = await connection.search(request, Math.max(1, deadline - performance.now()));
        this.#lastSign = performance.now();
        return found;
      } catch (error) {
        // a refusal is a sign of life, too
        if (!(error instanceof ConnectionLostError)) this.#lastSign = performance.now();
        if (!(error instanceof ConnectionLostError && reused) || performance.now() >= deadline) throw error;
        this.#dropIdle();
      } finally {
        this.#release(connection);
      }
    }
  }

  /** Opens a connection, as a probe does. @throws ConnectionLostError */
  async probe(): Promise<void> {
    const connection = await this.#connect();
    connection.close();
  }

  close(): void {
    this.#closed = true;
    for (const waiter of [...this.#waiting]) waiter.reject(new ConnectionLostError('the directory is being closed'));
    this.#dropIdle();
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }

  #acquire(deadline: number, signal: AbortSignal): Promise<Loan> {
    if (this.#closed) return Promise.reject(new ConnectionLostError('the directory is closed'));
    for (const [connection, timer] of [...this.#idle].reverse()) {
      clearTimeout(timer);
      this.#idle.delete(connection);
      if (connection.usable) return Promise.resolve({ connection, reused: true });
    }
    if (signal.aborted) return Promise.reject(new ConnectionLostError('another server answered'));
    if (this.#waiting.size >= this.#options.maxWaiting) {
      return Promise.reject(new ConnectionLostError('too many searches wait for a connection'));
    }
    return new Promise((resolve, reject) => {
      const settle = (conclude: () => void) => {
        this.#waiting.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        conclude();
      };
      const waiter: Waiter = {
        resolve: (loan) => settle(() => resolve(loan)),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => waiter.reject(new ConnectionLostError('another server answered'));
      const timer = setTimeout(
        () => waiter.reject(new ConnectionLostError('no connection became free in time')),
        Math.max(0, deadline - performance.now()),
      );
      signal.addEventListener('abort', onAbort);
      this.#waiting.add(waiter);
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
    this.#hand({ connection, reused: true });
  }

  #hand(loan: Loan): void {
    const [waiter] = this.#waiting;
    if (waiter) waiter.resolve(loan);
    else this.#rest(loan.connection);
  }

  #rest(connection: LdapConnection): void {
    const timer = setTimeout(() => this.#drop(connection), this.#options.idleTimeout);
    timer.unref();
    this.#idle.set(connection, timer);
  }

  #drop(connection: LdapConnection): void {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    this.#open.delete(connection);
    connection.close();
  }

  #dropIdle(): void {
    for (const connection of [...this.#idle.keys()]) this.#drop(connection);
  }

  /** Opens connections one after another while an operation waits: a domain controller serves a crowd of handshakes badly. */
  async #grow(): Promise<void> {
    if (this.#growing) return;
    this.#growing = true;
    try {
      while (!this.#closed && this.#waiting.size > 0 && this.#open.size < this.#options.maxConnections) {
        const connection = await this.#connect();
        if (this.#closed) {
          connection.close();
          break;
        }
        this.#lastSign = performance.now();
        this.#open.add(connection);
        connection.onClosed(() => this.#drop(connection));
        this.#hand({ connection, reused: false });
      }
    } catch (error) {
      // connections in use may still come free for those who wait
      if (this.#open.size === 0) {
        const lost = error instanceof ConnectionLostError ? error : new ConnectionLostError(String(error));
        for (const waiter of [...this.#waiting]) waiter.reject(lost);
      }
    } finally {
      this.#growing = false;
    }
  }

  #connect(): Promise<LdapConnection> {
    const { transport, credentials, connectTimeout } = this.#options;
    return LdapConnection.open(this.server, transport, credentials, connectTimeout);
  }
}
