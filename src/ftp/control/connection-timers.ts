/** The times of one control connection: until the login is complete, between two commands, and for the last reply. It ends nothing itself. */
import { type Reply, reply } from '../reply.ts';
import type { Timeouts } from '../server-options.ts';

/** For the last reply and close_notify to leave. */
const farewellMilliseconds = 2000;

export class ConnectionTimers {
  readonly #timeouts: Pick<Timeouts, 'unauthenticated' | 'controlChannel'>;
  readonly #end: (reason: string, farewell: Reply) => void;
  #login: NodeJS.Timeout | undefined;
  #other: NodeJS.Timeout | undefined;

  constructor(
    timeouts: Pick<Timeouts, 'unauthenticated' | 'controlChannel'>,
    end: (reason: string, farewell: Reply) => void,
  ) {
    this.#timeouts = timeouts;
    this.#end = end;
  }

  /** From now on a login must be completed in its time. */
  awaitLogin(): void {
    clearTimeout(this.#login);
    const tooLate = () => this.#end('login-timeout', reply('unavailable', 'Login took too long.'));
    this.#login = setTimeout(tooLate, this.#timeouts.unauthenticated);
  }

  awaitCommand(isLoggedIn: boolean): void {
    if (isLoggedIn) clearTimeout(this.#login);
    clearTimeout(this.#other);
    const idle = () => this.#end('idle-timeout', reply('unavailable', 'Idle for too long.'));
    this.#other = setTimeout(idle, this.#timeouts.controlChannel);
  }

  commandArrived(): void {
    clearTimeout(this.#other);
  }

  /** @param cut ends what the peer did not end */
  awaitFarewell(cut: () => void): void {
    clearTimeout(this.#other);
    this.#other = setTimeout(cut, farewellMilliseconds);
  }

  stop(): void {
    clearTimeout(this.#login);
    clearTimeout(this.#other);
  }
}
