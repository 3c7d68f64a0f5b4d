/** The time, passed in wherever it matters, so that tests run at a fixed moment and nothing reads the wall clock unseen. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** Milliseconds since some moment, which never go back when the clock is set: for how long something took. */
export type Timer = () => number;

export const systemTimer: Timer = () => performance.now();

/** Whole milliseconds that have passed. @param startedAt what the timer said then */
export function millisecondsSince(startedAt: number, timer: Timer): number {
  return Math.max(0, Math.round(timer() - startedAt));
}
