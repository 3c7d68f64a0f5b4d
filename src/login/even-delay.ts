/** Evens out how long a refusal of a password takes, so that the time does not tell whether the account exists. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Milliseconds } from '../settings/units.ts';

/**
 * Runs the work and, when its result is to be evened out, waits until the time since the beginning is a multiple of the step.
 * @param step longer than the work usually takes; undefined: nothing is evened out
 */
export async function evenly<T>(
  step: Milliseconds | undefined,
  work: () => Promise<T>,
  concerns: (result: T) => boolean,
): Promise<T> {
  const began = performance.now();
  const result = await work();
  if (step !== undefined && step > 0 && concerns(result)) {
    const took = performance.now() - began;
    await pause(Math.ceil(took / step) * step - took);
  }
  return result;
}
