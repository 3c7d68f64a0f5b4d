/** Evens out how long a refusal of a password takes, so that the time does not tell whether the account exists. */
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Runs the work and, when its result is to be evened out, waits until the time since the beginning is a multiple of the step.
 * @param step milliseconds; longer than the work usually takes
 */
export async function evenly<T>(step: number, work: () => Promise<T>, concerns: (result: T) => boolean): Promise<T> {
  const began = performance.now();
  const result = await work();
  if (concerns(result) && step > 0) {
    const took = performance.now() - began;
    await pause(Math.ceil(took / step) * step - took);
  }
  return result;
}
