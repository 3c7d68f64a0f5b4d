/** The time, passed in wherever it matters, so that tests run at a fixed moment and nothing reads the wall clock unseen. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
