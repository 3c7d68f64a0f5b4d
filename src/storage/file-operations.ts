/**
 * Keeps the file operations of one site from taking the file threads of the whole process. A file system that hangs (a network
 * share, a FUSE mount) gives a thread back when it pleases, or never: so a site has a bounded number of operations at a time,
 * a home half of them, a session that waits for one no other, and the caller of each gets an answer within a deadline.
 */
import type { Decoded } from '../settings/decoded.ts';
import { duration } from '../settings/duration.ts';
import { type Milliseconds, milliseconds } from '../settings/units.ts';
import { StorageError } from './storage.ts';

/** Part of fileHandling. */
export const fileOperationSettings = {
  operationTimeout: duration('1s', '10m')
    .prefault('30s')
    .describe('Time for one file operation, ten times it until an upload is on the disk; then the client gets 451'),
};

/** For an operation that no caller waits for: it takes what time it needs. */
export const forEver = milliseconds(Number.POSITIVE_INFINITY);

export interface FileOperationLimits extends Decoded<typeof fileOperationSettings> {
  /** Threads that the operations of the site may occupy. */
  readonly threads: number;
}

/** A session, or a login that looks for its home. */
export interface FileCaller {
  /** What hangs together, such as the host path of a home. */
  readonly home: string;
  /** Operations that were given up and have not returned. */
  overdue: number;
}

export interface OperationOptions<T> {
  /** Threads it may occupy at a time; default 1. */
  readonly weight?: number;
  /** After which an operation that has not returned is given up; default: operationTimeout. */
  readonly deadline?: Milliseconds;
  /** Disposes of what an operation returns after it was given up. */
  readonly discard?: (late: T) => Promise<unknown>;
}

/** Told when the first operation of a home is given up, and when the last of them has returned. */
export type HomeReport = (home: string, state: 'unresponsive' | 'answering', subject: string) => void;

interface Lane {
  running: number;
  overdue: number;
  /** How many callers wait or run; the lane is forgotten with the last. */
  users: number;
}

interface WaitingOperation {
  readonly lane: Lane;
  readonly weight: number;
  readonly start: () => void;
}

export class FileOperations {
  limits: FileOperationLimits;
  readonly #report: HomeReport;
  readonly #lanes = new Map<string, Lane>();
  readonly #site: Lane = { running: 0, overdue: 0, users: 0 };
  readonly #waiting: WaitingOperation[] = [];

  constructor(limits: FileOperationLimits, report: HomeReport) {
    this.limits = limits;
    this.#report = report;
  }

  /** Threads that never came back. */
  get overdue(): number {
    return this.#site.overdue;
  }

  /**
   * Runs an operation when it is its turn.
   * @param subject the operation and its virtual path, for the log
   * @throws StorageError `unresponsive` at the deadline, or at once where all that run before it are overdue; what the operation throws
   */
  run<T>(
    caller: FileCaller,
    subject: string,
    operation: () => Promise<T>,
    options: OperationOptions<T> = {},
  ): Promise<T> {
    const { weight = 1, deadline = this.limits.operationTimeout } = options;
    const lane = this.#laneOf(caller.home);
    const waitsForEver = deadline === forEver;
    if (!waitsForEver && (caller.overdue > 0 || this.#isStuck(lane, weight))) {
      this.#leave(caller.home, lane);
      return Promise.reject(new StorageError('unresponsive', `${subject}: the file system does not answer`));
    }
    return new Promise((resolve, reject) => {
      let isOverdue = false;
      let isSettled = false;
      const waiting: WaitingOperation = { lane, weight, start: () => start() };
      const giveUp = () => {
        if (isSettled) return;
        const place = this.#waiting.indexOf(waiting);
        if (place >= 0) {
          this.#waiting.splice(place, 1);
          this.#leave(caller.home, lane);
        } else {
          isOverdue = true;
          this.#changeOverdue(caller, lane, weight, subject);
        }
        reject(new StorageError('unresponsive', `${subject}: no answer of the file system within ${deadline} ms`));
      };
      // A busy process hears of its timers before it hears of the operations that have returned meanwhile.
      const timer = waitsForEver ? undefined : setTimeout(() => setImmediate(giveUp), deadline);
      const settled = () => {
        isSettled = true;
        clearTimeout(timer);
        this.#occupy(lane, -weight);
        if (isOverdue) this.#changeOverdue(caller, lane, -weight, subject);
        this.#leave(caller.home, lane);
        this.#startWaiting();
      };
      const start = () => {
        this.#occupy(lane, weight);
        operation().then(
          (value) => {
            settled();
            if (isOverdue) void this.cleanUp(caller, subject, async () => options.discard?.(value));
            else resolve(value);
          },
          (error: unknown) => {
            settled();
            reject(error);
          },
        );
      };
      this.#waiting.push(waiting);
      this.#startWaiting();
    });
  }

  /** Closes or removes something: it is done whenever there is a thread for it, and awaited only while the caller may hope. */
  async cleanUp(caller: FileCaller, subject: string, operation: () => Promise<unknown>): Promise<void> {
    const hopeless = caller.overdue > 0;
    const done = this.run({ home: caller.home, overdue: 0 }, subject, operation, { deadline: forEver });
    const quiet = done.then(
      () => undefined,
      () => undefined,
    );
    if (hopeless) return;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, this.limits.operationTimeout);
    await Promise.race([quiet, patience.promise]);
    clearTimeout(timer);
  }

  #laneOf(home: string): Lane {
    const lane = this.#lanes.get(home) ?? { running: 0, overdue: 0, users: 0 };
    lane.users += 1;
    this.#lanes.set(home, lane);
    return lane;
  }

  #leave(home: string, lane: Lane): void {
    lane.users -= 1;
    if (lane.users === 0) this.#lanes.delete(home);
  }

  /** Whether waiting is in vain: there is no room, and nothing that occupies it is expected to return. */
  #isStuck(lane: Lane, weight: number): boolean {
    const isFullOf = (one: Lane, room: number) => one.running + weight > room && one.overdue >= one.running;
    return isFullOf(lane, this.#roomOfHome()) || isFullOf(this.#site, this.limits.threads);
  }

  #roomOfHome(): number {
    return Math.ceil(this.limits.threads / 2);
  }

  #startWaiting(): void {
    for (let place = 0; place < this.#waiting.length && this.#site.running < this.limits.threads; ) {
      const waiting = this.#waiting[place];
      if (waiting && this.#hasRoom(waiting)) {
        this.#waiting.splice(place, 1);
        waiting.start();
      } else place += 1;
    }
  }

  #hasRoom({ lane, weight }: WaitingOperation): boolean {
    return lane.running + weight <= this.#roomOfHome() && this.#site.running + weight <= this.limits.threads;
  }

  #occupy(lane: Lane, weight: number): void {
    lane.running += weight;
    this.#site.running += weight;
  }

  #changeOverdue(caller: FileCaller, lane: Lane, weight: number, subject: string): void {
    caller.overdue += Math.sign(weight);
    const before = lane.overdue;
    lane.overdue += weight;
    this.#site.overdue += weight;
    if (before === 0) this.#report(caller.home, 'unresponsive', subject);
    if (lane.overdue === 0) this.#report(caller.home, 'answering', subject);
  }
}
