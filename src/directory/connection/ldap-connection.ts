/**
 * One bound connection to one directory server, for one operation at a time. The LDAP client in it gets a ready, protected
 * stream and can open nothing by itself, so it can neither reconnect in clear nor go on unauthenticated.
 */
import type { Socket } from 'node:net';
import { Client, type Filter, PasswordPolicyControl, ResultCodeError } from 'ldapts';
import { errorMessage } from '../../error-message.ts';
import { DirectoryAnswerError } from '../directory.ts';
import { LdapEntry } from '../ldap-entry.ts';
import { LdapMessageStream } from './ldap-message-stream.ts';
import { type LdapServer, openTransport, type TransportOptions } from './ldap-transport.ts';

/** How the gateway itself binds: with a name and its password, or with its client certificate (SASL EXTERNAL). */
export type LdapCredentials =
  | {
      /** Distinguished name, or a user principal name with Active Directory. */
      readonly bindDn: string;
      readonly bindPassword: string;
    }
  | 'external';

/** What a server says to the password of an account. */
export interface BindAnswer {
  /** RFC 4511 appendix A; 0: accepted. */
  readonly resultCode: number;
  /** For the operator; Active Directory hides its reason in it. */
  readonly message: string;
  /** Error of the password policy (draft-behera-ldap-password-policy 6.2), which may come with success. */
  readonly policyError?: number | undefined;
}

export interface SearchRequest {
  readonly base: string;
  readonly scope: 'base' | 'sub';
  readonly filter: Filter;
  /** Attribute names in the server's spelling. */
  readonly attributes: readonly string[];
  readonly sizeLimit: number;
}

/** The connection is of no more use: the server is gone, silent, or not able to work. Another one may answer. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** The server answered with a result code other than success. */
export class SearchRefusedError extends Error {
  override readonly name = 'SearchRefusedError';
  readonly resultCode: number;
  constructor(resultCode: number, options: ErrorOptions) {
    super(`result code ${resultCode}`, options);
    this.resultCode = resultCode;
  }
}

/** operationsError (AD: not bound), busy, unavailable, other: RFC 4511 appendix A.2. */
const codesOfUnfitServer: ReadonlySet<number> = new Set([1, 51, 52, 80]);
const sizeLimitExceeded = 4;

export class LdapConnection {
  readonly server: LdapServer;
  readonly #stream: LdapMessageStream;
  readonly #client: Client;

  private constructor(server: LdapServer, stream: LdapMessageStream) {
    this.server = server;
    this.#stream = stream;
    let handedOut = false;
    const createConnection = () => {
      if (handedOut) throw new ConnectionLostError('the connection was lost');
      handedOut = true;
      // the client uses nothing of a Socket but what a Duplex has, and the two fields that the stream adds
      return stream as unknown as Socket;
    };
    // the scheme only says that the client must not start TLS itself: the stream is protected already
    this.#client = new Client({ url: 'ldap://protected.invalid', createConnection });
  }

  /**
   * A connection that is not bound yet.
   * @param timeout milliseconds
   * @throws ConnectionLostError with the reason
   */
  static async connect(server: LdapServer, transport: TransportOptions, timeout: number): Promise<LdapConnection> {
    try {
      return new LdapConnection(server, new LdapMessageStream(await openTransport(server, transport, timeout)));
    } catch (cause) {
      throw new ConnectionLostError(errorMessage(cause), { cause });
    }
  }

  /**
   * A connection bound with the gateway's own credentials.
   * @param timeout milliseconds for the connection, and again for the bind
   * @throws ConnectionLostError with the reason
   */
  static async open(
    server: LdapServer,
    transport: TransportOptions,
    credentials: LdapCredentials,
    timeout: number,
  ): Promise<LdapConnection> {
    const connection = await LdapConnection.connect(server, transport, timeout);
    const client = connection.#client;
    try {
      await connection.#answered(
        () =>
          credentials === 'external'
            ? client.bind('EXTERNAL')
            : client.bind(credentials.bindDn, credentials.bindPassword),
        timeout,
      );
      return connection;
    } catch (cause) {
      connection.close();
      throw cause instanceof SearchRefusedError
        ? new ConnectionLostError(`the bind account is refused: ${errorMessage(cause.cause)}`, { cause })
        : cause;
    }
  }

  /**
   * Asks whether a password is that of an account. The connection must serve nothing else afterwards.
   * @param distinguishedName as found by a search, never as typed
   * @param askPolicy whether the server is asked to say what its password policy thinks
   * @param timeout milliseconds
   * @throws ConnectionLostError
   */
  async tryPassword(
    distinguishedName: string,
    password: string,
    askPolicy: boolean,
    timeout: number,
  ): Promise<BindAnswer> {
    const control = new PasswordPolicyControl();
    const answer = (resultCode: number, message: string): BindAnswer => {
      const policyError = control.value?.error;
      return { resultCode, message, policyError };
    };
    try {
      await this.#answered(() => this.#client.bind(distinguishedName, password, askPolicy ? control : []), timeout);
      return answer(0, '');
    } catch (error) {
      if (!(error instanceof SearchRefusedError)) throw error;
      return answer(error.resultCode, errorMessage(error.cause));
    }
  }

  get usable(): boolean {
    return !this.#stream.destroyed;
  }

  /** @param listener called once; never when the connection is closed already */
  onClosed(listener: () => void): void {
    this.#stream.once('close', listener);
  }

  /**
   * Referrals and search references are not followed.
   * @param timeout milliseconds
   * @throws ConnectionLostError | SearchRefusedError
   * @throws DirectoryAnswerError when the server's own size limit hides entries, so that one entry looks unique
   */
  async search(request: SearchRequest, timeout: number): Promise<readonly LdapEntry[]> {
    const attributes = [...request.attributes];
    const { searchEntries } = await this.#answered(
      () =>
        this.#client.search(request.base, {
          scope: request.scope,
          filter: request.filter,
          attributes,
          explicitBufferAttributes: [...attributes, ...attributes.map((name) => `${name};binary`)],
          sizeLimit: request.sizeLimit,
          timeLimit: Math.ceil(timeout / 1000),
          derefAliases: 'never',
        }),
      timeout,
    );
    if (this.#stream.lastSearchResultCode === sizeLimitExceeded && searchEntries.length < request.sizeLimit) {
      throw new DirectoryAnswerError('The server returns fewer entries than it was asked for and hides the others.', {
        server: this.server.url,
        returned: searchEntries.length,
        asked: request.sizeLimit,
      });
    }
    return searchEntries.map((entry) => new LdapEntry(entry));
  }

  /**
   * The same, page by page (RFC 2696), for answers of any size; what one page may hold is bounded like any answer.
   * @param timeout milliseconds for one page
   * @throws ConnectionLostError | SearchRefusedError
   */
  async *searchPages(
    { sizeLimit: pageSize, ...request }: SearchRequest,
    timeout: number,
  ): AsyncGenerator<readonly LdapEntry[]> {
    const attributes = [...request.attributes];
    const pages = this.#client.searchPaginated(request.base, {
      scope: request.scope,
      filter: request.filter,
      attributes,
      explicitBufferAttributes: [...attributes, ...attributes.map((name) => `${name};binary`)],
      paged: { pageSize },
      derefAliases: 'never',
    });
    for (;;) {
      const page = await this.#answered(() => pages.next(), timeout);
      if (page.done) return;
      yield page.value.searchEntries.map((entry) => new LdapEntry(entry));
    }
  }

  close(): void {
    this.#client.unbind().catch(() => undefined);
    this.#stream.destroy();
  }

  /** Runs one operation; when the time is over the stream ends, which rejects it. */
  async #answered<T>(operation: () => Promise<T>, timeout: number): Promise<T> {
    this.#stream.beginOperation();
    const timer = setTimeout(() => this.#stream.fail(`no answer within ${Math.round(timeout)} ms`), timeout);
    try {
      return await operation();
    } catch (cause) {
      if (cause instanceof ResultCodeError && !codesOfUnfitServer.has(cause.code)) {
        throw new SearchRefusedError(cause.code, { cause });
      }
      const reason = this.#stream.failure ?? errorMessage(cause);
      this.#stream.fail(reason);
      throw new ConnectionLostError(reason, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}
