/**
 * Whether a password is an account's, asked of the directory by a bind on a connection of its own. An empty password is never
 * sent, because such a bind proves nothing (RFC 4513 5.1.2), and a password is sent once only: the server counts each try.
 */
import { type Denial, denial } from '../denial.ts';
import { errorMessage } from '../error-message.ts';
import type { ConnectionPool } from './connection/connection-pool.ts';
import type { BindAnswer } from './connection/ldap-connection.ts';
import { type DirectoryAccount, DirectoryUnavailableError, type PasswordAnswer } from './directory.ts';

export interface PasswordCheckOptions {
  /** Binds under way at a time; a bind costs a domain controller a hash and a TLS handshake. Default 8. */
  readonly maxPasswordChecks?: number;
  /** Binds that may wait for their turn; more are refused. Default 256. */
  readonly maxWaitingPasswordChecks?: number;
}

/** What a kind of directory means by its answers. */
export interface PasswordDialect {
  /** Whether the server understands the password policy control. */
  readonly askPolicy: boolean;
  /** Undefined: the password is right and may be used. */
  readonly denialOf: (answer: BindAnswer) => Denial | undefined;
}

/** Octets; a person types no longer password. */
const longestPassword = 1024;
/** The client library takes some words for SASL mechanisms; no distinguished name is one. */
const isName = /^[^=]+=/;

/**
 * @returns a check by a simple bind (RFC 4513 5.1.3) on a connection of its own; it rejects with DirectoryUnavailableError when no
 *   server answers or too many checks wait
 */
export function createPasswordCheck(
  pool: Pick<ConnectionPool, 'openUnbound' | 'operationTimeout'>,
  { askPolicy, denialOf }: PasswordDialect,
  { maxPasswordChecks = 8, maxWaitingPasswordChecks = 256 }: PasswordCheckOptions,
): (account: DirectoryAccount, password: string) => Promise<PasswordAnswer> {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function turn(): Promise<void> {
    if (running < maxPasswordChecks) {
      running += 1;
      return;
    }
    if (waiting.length >= maxWaitingPasswordChecks) {
      throw new DirectoryUnavailableError('Too many passwords wait to be checked.');
    }
    // a check that ends hands on its place; each ends in bounded time, and so the queue moves
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  async function bind(distinguishedName: string, password: string): Promise<BindAnswer> {
    const connection = await pool.openUnbound();
    try {
      return await connection.tryPassword(distinguishedName, password, askPolicy, pool.operationTimeout);
    } catch (cause) {
      const facts = { server: connection.server.url, error: errorMessage(cause) };
      throw new DirectoryUnavailableError('The directory server did not say whether the password is right.', facts);
    } finally {
      connection.close();
    }
  }

  return async ({ distinguishedName }, password) => {
    if (password === '' || Buffer.byteLength(password) > longestPassword || !isName.test(distinguishedName)) {
      return refused(
        'The password is empty or too long to be one, or the account has no name to bind with; nothing was sent.',
      );
    }
    await turn();
    try {
      const refusal = denialOf(await bind(distinguishedName, password));
      return refusal ? { outcome: 'refused', denial: refusal } : { outcome: 'accepted' };
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

function refused(detail: string): PasswordAnswer {
  return { outcome: 'refused', denial: denial('password-wrong', detail) };
}
