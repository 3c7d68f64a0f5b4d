/** Rechecks every session of a site once, soon: spread over some seconds and few at a time, so that no directory is flooded. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RecheckOutcome, Watch } from './session.ts';

/** A round of many sessions takes this long at least, when every answer comes at once. */
const spreadMilliseconds = 5000;
/** Sessions that are rechecked at the same time. */
const maximumAtOnce = 16;

export type RecheckCounts = Readonly<Record<RecheckOutcome, number>>;

/**
 * @param signal gives the round up: sessions that were not reached are not counted, and keep their own interval
 * @param spread milliseconds over which the beginnings are spread
 */
export async function recheckAll(
  watches: readonly Watch[],
  signal: AbortSignal,
  spread = spreadMilliseconds,
): Promise<RecheckCounts> {
  const counts = { confirmed: 0, withdrawn: 0, undecided: 0, over: 0 };
  const startedAt = performance.now();
  let next = 0;
  const worker = async () => {
    while (!signal.aborted) {
      const index = next;
      next += 1;
      const watch = watches[index];
      if (!watch) return;
      const due = startedAt + (spread * index) / watches.length - performance.now();
      if (due > 0) await delay(due, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) counts[await watch.recheck()] += 1;
    }
  };
  await Promise.all(Array.from({ length: maximumAtOnce }, worker));
  return counts;
}
