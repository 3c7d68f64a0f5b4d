/** The times of one control connection: until the login is complete, between two commands, and for the last reply. It ends nothing itself. */
import type { Decoded } from '../../settings/decoded.ts';
import { duration } from '../../settings/duration.ts';
import { iis } from '../../settings/iis-name.ts';
import { type Milliseconds, milliseconds } from '../../settings/units.ts';
import { type Reply, reply } from '../reply.ts';

export const timerSettings = {
  controlChannelTimeout: duration('1s', '1d')
    .prefault('120s')
    .describe('Idle control connection is closed after')
    .meta(iis('ftpServer/connections@controlChannelTimeout')),
  unauthenticatedTimeout: duration('1s', '10m')
    .prefault('60s')
    .describe('Time allowed before login, the TLS handshake and the entry of a PIN included')
    .meta(iis('ftpServer/connections@unauthenticatedTimeout')),
  /** NIST SP 800-63B 4.3.3 has 12 hours for AAL3, however active the session is. */
  sessionLifetime: duration('1s', '30d')
    .prefault('12h')
    .describe(
      'A control connection ends after, however active it is; a transfer that runs then goes on to its end. Only a new connection proves the card again',
    ),
};

type TimerSettings = Decoded<typeof timerSettings>;

/** For the last reply and close_notify to leave. */
const farewellTime = milliseconds(2000);

/** A connection that its timers end: at once, or behind the command that runs. */
export type EndableConnection = Readonly<Record<'end' | 'drain', (reason: string, farewell: Reply) => void>>;

export class ConnectionTimers {
  #settings: TimerSettings;
  readonly #connection: EndableConnection;
  /** Between two commands; at most controlChannelTimeout. */
  idleTime: Milliseconds;
  #login: NodeJS.Timeout | undefined;
  #other: NodeJS.Timeout | undefined;
  #lifetime: NodeJS.Timeout;
  readonly #startedAt = performance.now();

  constructor(settings: TimerSettings, connection: EndableConnection) {
    this.#settings = settings;
    this.#connection = connection;
    this.#lifetime = this.#endAfter(settings.sessionLifetime);
    this.idleTime = settings.controlChannelTimeout;
  }

  /** The connection comes to a site with times of its own, which count from its beginning. It is not logged in. */
  goOnBy(settings: TimerSettings): void {
    this.#settings = settings;
    this.idleTime = settings.controlChannelTimeout;
    clearTimeout(this.#lifetime);
    const passed = performance.now() - this.#startedAt;
    this.#lifetime = this.#endAfter(settings.sessionLifetime - passed);
    this.awaitLogin(passed);
  }

  /** From now on a login must be completed in its time. @param passed of it, in milliseconds */
  awaitLogin(passed = 0): void {
    clearTimeout(this.#login);
    const tooLate = () => this.#connection.end('login-timeout', reply('unavailable', 'Login took too long.'));
    this.#login = setTimeout(tooLate, Math.max(0, this.#settings.unauthenticatedTimeout - passed));
  }

  #endAfter(time: number): NodeJS.Timeout {
    const over = () =>
      this.#connection.drain('session-lifetime', reply('unavailable', 'The session has reached its longest time.'));
    return setTimeout(over, Math.max(0, time));
  }

  awaitCommand(isLoggedIn: boolean): void {
    if (isLoggedIn) clearTimeout(this.#login);
    clearTimeout(this.#other);
    const idle = () => this.#connection.end('idle-timeout', reply('unavailable', 'Idle for too long.'));
    this.#other = setTimeout(idle, this.idleTime);
  }

  commandArrived(): void {
    clearTimeout(this.#other);
  }

  /** @param cut ends what the peer did not end */
  awaitFarewell(cut: () => void): void {
    clearTimeout(this.#other);
    this.#other = setTimeout(cut, farewellTime);
  }

  stop(): void {
    clearTimeout(this.#lifetime);
    clearTimeout(this.#login);
    clearTimeout(this.#other);
  }
}
