/** One PASV, EPSV, PORT or EPRT until its transfer, and what comes of it. */
import type { Socket } from 'node:net';
import type { Denial } from '../../denial.ts';
import { type Milliseconds, milliseconds } from '../../settings/units.ts';
import type { PassiveListener } from '../data-ports/passive-listener.ts';
import type { TransferDirection } from '../tls/session-tickets.ts';
import type { DataConnection } from './data-connection.ts';

export type Opened =
  | { readonly outcome: 'open'; readonly connection: DataConnection }
  | { readonly outcome: 'denied'; readonly denial: Denial; readonly reference: string }
  /** No connection arrived in time, or the transfer was given up. */
  | { readonly outcome: 'none' };

/** A client whose data connection broke before it was accepted makes no other; a stranger's must not cost the client its own. */
const brokenGrace = milliseconds(1000);

export class DataAttempt {
  /** The client's, in active mode. */
  readonly activePort: number | undefined;
  raw: Socket | undefined;
  /** Why the connection to the client's port could not be made. */
  failure: Opened | undefined;
  /** A handshake that stands still until the transfer command comes. */
  goOn: ((direction: TransferDirection) => void) | undefined;
  /** The handshake and proof, when they began at accept. */
  opened: Promise<Opened> | undefined;
  listener: PassiveListener | undefined;
  readonly arrived = Promise.withResolvers<Socket | undefined>();
  #direction: TransferDirection | undefined;
  #givenUpBecause: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #longest = milliseconds(Number.POSITIVE_INFINITY);
  #giveUp: () => void = () => undefined;

  /** @param activePort absent in passive mode */
  constructor(activePort?: number) {
    this.activePort = activePort;
  }

  /** Absent until the transfer command comes. */
  get direction(): TransferDirection | undefined {
    return this.#direction;
  }

  /** The transfer command came. */
  command(direction: TransferDirection): void {
    this.#direction = direction;
    this.goOn?.(direction);
  }

  /** Absent while it may still serve a transfer. */
  get givenUpBecause(): string | undefined {
    return this.#givenUpBecause;
  }

  /** Replaces the time set before. */
  giveUpAfter(time: Milliseconds, giveUp: () => void): void {
    this.stopWaiting();
    this.#giveUp = giveUp;
    this.#timer = setTimeout(giveUp, Math.min(time, this.#longest));
  }

  /** From now on nothing is waited for longer than the grace. */
  breakSoon(): void {
    this.#longest = brokenGrace;
    if (this.#timer) this.giveUpAfter(this.#longest, this.#giveUp);
  }

  stopWaiting(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** @param reason for a record, behind `because` */
  discard(reason: string): void {
    this.#givenUpBecause ??= reason;
    this.stopWaiting();
    this.listener?.close();
    this.raw?.destroy();
    this.arrived.resolve(undefined);
  }
}
