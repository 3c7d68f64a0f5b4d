/**
 * One FTPS session with a card: login, then a file there and back. Only USER is sent: no password is ever guessed. How TLS and
 * the card come together is for the caller.
 */
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Client, FTPError, type FTPResponse } from 'basic-ftp';
import { printable } from '../../operations/printable.ts';
import type { ClientCredential } from '../tls13/client-credential.ts';
import { accessWithTls13 } from '../tls13/ftps/ftp-access.ts';
import type { ServerVerification } from '../tls13/tls13-session.ts';
import { findingOfFailure } from './failure-findings.ts';
import { type RoundTripOptions, roundTrip } from './round-trip.ts';
import type { ServerAddress } from './server-address.ts';
import type { FindingCode, TrialFinding } from './trial-findings.ts';
import type { TrialRecorder } from './trial-steps.ts';

export interface FtpsSessionOptions {
  readonly address: ServerAddress;
  readonly user: string;
  readonly timeoutMilliseconds: number;
  readonly transfer: RoundTripOptions;
  /** What was doubtful about the certificate: told with a login that fails. */
  readonly doubts: readonly TrialFinding[];
}

/** Logs a client in and says in words over which TLS. */
export type LogIn = (client: Client, options: FtpsSessionOptions) => Promise<string>;

/** RFC 959: positive intermediate replies to USER; they ask for a password or an account. */
const asksForMore: readonly number[] = [331, 332];

/** Failures for which the certificate may be the cause. */
const refusals: readonly FindingCode[] = ['login-refused', 'tls-refused', 'connection-lost'];

class CardClient extends Client {
  override async login(user = ''): Promise<FTPResponse> {
    const reply = await this.send(`USER ${user}`);
    if (asksForMore.includes(reply.code)) throw new FTPError(reply);
    return reply;
  }
}

/** @returns whether everything that was tried worked. @throws TrialEnded when the login fails */
export async function runFtpsSession(
  logIn: LogIn,
  options: FtpsSessionOptions,
  recorder: TrialRecorder,
): Promise<boolean> {
  const client = new CardClient(options.timeoutMilliseconds);
  const who = `as ${printable(options.user)}`;
  try {
    const tls = await logIn(client, options).catch((error: unknown) => {
      const found = findingOfFailure(error, 'login');
      throw recorder.ended('login', who, found, [], refusals.includes(found.code) ? options.doubts : []);
    });
    recorder.ok('login', `${who}, ${tls}`);
    const works = await roundTrip(client, options.transfer, recorder);
    await client.send('QUIT').catch(() => undefined);
    return works;
  } finally {
    client.close();
  }
}

/** By this program's own TLS 1.3; the card signs once. */
export function logInWithTls13(credential: ClientCredential, verifyServer: ServerVerification): LogIn {
  return async (client, { address, user, timeoutMilliseconds }) => {
    const control = await accessWithTls13(client, {
      host: address.host,
      port: address.port,
      mode: address.tls,
      user,
      verifyServer,
      chooseCredential: async () => credential,
      handshakeTimeoutMs: timeoutMilliseconds,
    });
    return ['TLS 1.3', control.cipherSuite, control.signatureScheme].filter(Boolean).join(', ');
  };
}

/** By OpenSSL's TLS 1.2, with a context whose key is on the card. */
export function logInWithTls12(context: SecureContext): LogIn {
  return async (client, { address, user }) => {
    await client.access({
      host: address.host,
      port: address.port,
      user,
      secure: address.tls === 'implicit' ? 'implicit' : true,
      secureOptions: { secureContext: context, ...(isIP(address.host) === 0 && { servername: address.host }) },
    });
    return 'TLS 1.2 through the OpenSSL engine';
  };
}
