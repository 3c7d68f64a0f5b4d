/**
 * Logs a basic-ftp client in over FTPS (RFC 4217) with a card: Tls13Client on the control connection and on every data
 * connection, which resumes the session of the control connection, so that the card signs once. Nothing ever goes in the clear
 * but the greeting and AUTH TLS.
 */
import { connect, type Socket } from 'node:net';
import { type Client, FTPError, type FTPResponse } from 'basic-ftp';
import { CardError } from '../../card/card-error.ts';
import type { Tls13Client, Tls13ClientOptions } from '../tls13-client.ts';
import type { Tls13Session } from '../tls13-session.ts';
import { requestTls } from './ftp-auth-tls.ts';
import { FtpSocket, servesBasicFtp } from './ftp-socket.ts';

type TlsOptions = Pick<Tls13ClientOptions, 'verifyServer' | 'chooseCredential' | 'handshakeTimeoutMs' | 'now'>;

export interface FtpAccessOptions extends TlsOptions {
  /** DNS name or IP address; also what `verifyServer` looks for in the certificate. */
  readonly host: string;
  readonly port: number;
  /** `explicit`: AUTH TLS first. `implicit`: TLS from the first octet. */
  readonly mode: 'explicit' | 'implicit';
  readonly user: string;
  /** Sent only when the server asks for one. Default: empty. */
  readonly password?: string;
  /** Told of each data connection when it begins; for tests and for people who want to know whether it resumed. */
  readonly onDataConnection?: (connection: Tls13Client) => void;
}

/** As many sessions as a server may leave us with at a time. */
const sessionsKept = 4;

interface PassiveMode {
  readonly command: 'EPSV' | 'PASV';
  readonly pattern: RegExp;
  port(match: RegExpExecArray): number;
}

/** The extended mode first (RFC 2428). The address is always that of the control connection, whatever a reply says. */
const passiveModes: readonly PassiveMode[] = [
  { command: 'EPSV', pattern: /\(([!-~])\1\1(\d{1,5})\1\)/, port: ([, , port]) => Number(port) },
  {
    command: 'PASV',
    pattern: /(?<!\d)\d{1,3}(?:,\d{1,3}){3},(\d{1,3}),(\d{1,3})(?!\d)/,
    port: ([, high, low]) => 256 * Number(high) + Number(low),
  },
];

/**
 * Connects, proves who the person is, logs in and sets binary mode and PROT P, like `Client.access`. The client's own timeout
 * holds for connecting and for every reply.
 * @returns the control connection, with what was negotiated
 * @throws FTPError for a refusal by the server, TlsError for one of the handshake, and what `chooseCredential` and `sign` throw
 */
export async function accessWithTls13(client: Client, options: FtpAccessOptions): Promise<Tls13Client> {
  const { host, port, mode, user, password = '' } = options;
  const tcp = await connected(host, port, client.ftp.timeout);
  if (mode === 'explicit') await requestTls(tcp, client.ftp.timeout);
  const control = new FtpSocket({ ...tlsOptionsOf(options), socket: tcp, serverName: host });
  await control.handshake();
  try {
    client.ftp.socket = asSocket(control);
    if (mode === 'implicit') await greeting(client);
    openDataConnectionsWith(client, control, options);
    await client.sendIgnoringError('OPTS UTF8 ON');
    await client.login(user, password);
    await client.useDefaultSettings();
  } catch (error) {
    client.close();
    throw error;
  }
  return control;
}

function tlsOptionsOf({ verifyServer, chooseCredential, handshakeTimeoutMs, now }: FtpAccessOptions): TlsOptions {
  return {
    verifyServer,
    chooseCredential,
    handshakeTimeoutMs,
    now,
  };
}

function openDataConnectionsWith(client: Client, control: FtpSocket, options: FtpAccessOptions): void {
  const sessions = new SessionStore(control.sessions);
  control.on('session', (session: Tls13Session) => sessions.add(session));
  const host = control.remoteAddress ?? options.host;
  let modes: readonly PassiveMode[] = passiveModes;
  client.prepareTransfer = async () => {
    const { reply, port, mode } = await enterPassiveMode(client, modes);
    modes = [mode];
    const socket = await connected(host, port, client.ftp.timeout);
    const session = sessions.take();
    const data = new FtpSocket({ ...tlsOptionsOf(options), socket, serverName: options.host, session });
    data.on('session', (received: Tls13Session) => sessions.add(received));
    client.ftp.dataSocket = asSocket(data);
    options.onDataConnection?.(data);
    return reply;
  };
}

/** The first of the modes that the server knows. */
async function enterPassiveMode(client: Client, modes: readonly PassiveMode[]) {
  let refusal: unknown;
  for (const mode of modes) {
    try {
      const reply = await client.ftp.request(mode.command);
      const match = mode.pattern.exec(reply.message);
      const port = match ? mode.port(match) : 0;
      if (port > 0 && port < 65_536) return { reply, port, mode };
      refusal = new CardError(`The server's reply to ${mode.command} has no port.`, 'Tell who runs the server.');
    } catch (error) {
      if (!(error instanceof FTPError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** Sessions not used yet come first; used ones serve again, for servers that offer no new ones. */
class SessionStore {
  #sessions: readonly Tls13Session[];

  constructor(sessions: readonly Tls13Session[]) {
    this.#sessions = sessions;
  }

  add(session: Tls13Session): void {
    this.#sessions = [session, ...this.#sessions].slice(0, sessionsKept);
  }

  take(): Tls13Session | undefined {
    const [first, ...others] = this.#sessions;
    if (first) this.#sessions = [...others, first];
    return first;
  }
}

async function greeting(client: Client): Promise<void> {
  await client.ftp.handle(undefined, (reply: Error | FTPResponse, task) => {
    if (reply instanceof Error) task.reject(reply);
    else if (reply.code === 220) task.resolve(reply);
    else task.reject(new FTPError(reply));
  });
}

function connected(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const fail = (error: Error) => {
      socket.destroy();
      reject(error);
    };
    const expire = () =>
      fail(new CardError(`${host} port ${port} does not answer.`, 'Check address, port and firewalls.'));
    socket
      .once('error', fail)
      .once('timeout', expire)
      .setTimeout(timeoutMs)
      .once('connect', () => {
        socket.setTimeout(0).off('error', fail).off('timeout', expire);
        resolve(socket);
      });
  });
}

function asSocket(socket: FtpSocket): FtpSocket & Socket {
  if (!servesBasicFtp(socket)) throw new Error('FtpSocket lacks what basic-ftp uses of a socket');
  return socket;
}
