/**
 * One FTPS session with the card: TLS 1.3 by this program itself, TLS 1.2 through the OpenSSL engine. Either way the card signs
 * once, and only USER is sent: no password is ever guessed.
 */
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Client, FTPError, type FTPResponse } from 'basic-ftp';
import type { SecretPin } from '../smartcard/secret-pin.ts';
import type { ClientCredential } from '../smartcard/tls/client-credential.ts';
import { accessWithTls13 } from '../smartcard/tls/ftp-access.ts';
import { tlsClientFailure, tlsClientIdentity } from '../smartcard/tls-client-identity.ts';
import type { ServerAddress } from './server-address.ts';
import { pemOf, type ServerTrust } from './server-trust.ts';

export interface FtpsSessionOptions {
  readonly address: ServerAddress;
  readonly trust: ServerTrust;
  readonly user: string;
  readonly timeoutMilliseconds: number;
}

/** RFC 959: positive intermediate replies to USER; they ask for a password or an account. */
const asksForMore: readonly number[] = [331, 332];

class CardClient extends Client {
  override async login(user = ''): Promise<FTPResponse> {
    const reply = await this.send(`USER ${user}`);
    if (asksForMore.includes(reply.code)) throw new FTPError(reply);
    return reply;
  }
}

export interface FtpsSession {
  readonly client: Client;
  /** For people. */
  readonly tls: string;
}

/** @throws FTPError for a refusal, CardFault of the card, TlsError and others of TLS, those of the connection */
export async function openTls13Session(
  options: FtpsSessionOptions,
  credential: ClientCredential,
): Promise<FtpsSession> {
  const { address, trust, user, timeoutMilliseconds } = options;
  const client = new CardClient(timeoutMilliseconds);
  const control = await accessWithTls13(client, {
    host: address.host,
    port: address.port,
    mode: address.tls,
    user,
    verifyServer: trust.verify,
    chooseCredential: async () => credential,
    handshakeTimeoutMs: timeoutMilliseconds,
  });
  return { client, tls: ['TLS 1.3', control.cipherSuite, control.signatureScheme].filter(Boolean).join(', ') };
}

export interface EngineKey {
  /** RFC 7512 URI of token and key. */
  readonly uri: string;
  /** Path of the PKCS#11 module. */
  readonly module: string;
  /** DER, the end entity first. */
  readonly certificateChain: readonly Buffer[];
}

/**
 * Logs the card in through the engine, which costs a try when the PIN is wrong.
 * @throws CardFault `pin-incorrect`, `pin-locked`, `pin-refused-before`; CardError without the engine; what OpenSSL throws
 */
export function engineContext(key: EngineKey, pin: SecretPin, trust: ServerTrust): SecureContext {
  const { uri, module, certificateChain } = key;
  try {
    return pin.use((text) =>
      createSecureContext({
        ...tlsClientIdentity({ uri, module, pin: text, certificateChain: certificateChain.map(pemOf).join('') }),
        ca: trust.pem,
        maxVersion: 'TLSv1.2',
      }),
    );
  } catch (error) {
    throw tlsClientFailure(key, error);
  }
}

/** @throws as `openTls13Session` */
export async function openTls12Session(options: FtpsSessionOptions, context: SecureContext): Promise<FtpsSession> {
  const { address, user, timeoutMilliseconds } = options;
  const client = new CardClient(timeoutMilliseconds);
  await client.access({
    host: address.host,
    port: address.port,
    user,
    secure: address.tls === 'implicit' ? 'implicit' : true,
    secureOptions: { secureContext: context, ...(isIP(address.host) === 0 && { servername: address.host }) },
  });
  return { client, tls: 'TLS 1.2 through the OpenSSL engine' };
}
