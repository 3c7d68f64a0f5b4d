import { describe, expect, it } from 'vitest';
import type { Logger } from '../../../../src/operations/log.ts';
import { silentLogger } from '../../../../src/operations/log.ts';
import { FailureMemory } from '../../../../src/pki/retrieval/failure-memory.ts';
import { seconds as secondsLong } from '../../../../src/settings/units.ts';

function memory() {
  let seconds = 0;
  const lines: (readonly [string, object | undefined])[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (event, facts) => void lines.push([event, facts]),
    info: (event, facts) => void lines.push([event, facts]),
  };
  const made = new FailureMemory({ longest: secondsLong(10), clock: { now: () => new Date(seconds * 1000) }, logger });
  const pass = (count: number) => {
    seconds += count;
  };
  return { memory: made, pass, lines };
}
const outcome = { outcome: 'failed', problem: 'down' } as const;

describe('a failure is remembered', () => {
  it('for a second, then twice as long each time, and for ten seconds at most', () => {
    const { memory: failures, pass } = memory();
    const waits = Array.from({ length: 7 }, () => {
      failures.remember('a', outcome);
      let waited = 0;
      for (; failures.recall('a'); waited += 0.5) pass(0.5);
      return waited;
    });
    expect(waits).toEqual([1, 2, 4, 8, 10, 10, 10]);
  });

  it('until something is retrieved, which begins anew, or an administrator wants it forgotten', () => {
    const { memory: failures, pass } = memory();
    for (const forget of [() => failures.forget('a'), () => failures.forgetAll()]) {
      for (const _ of [1, 2, 3]) failures.remember('a', outcome);
      forget();
      expect(failures.recall('a')).toBeUndefined();
      failures.remember('a', outcome);
      pass(1);
      expect(failures.recall('a')).toBeUndefined();
    }
  });
});

it('an outage is one line at its beginning and one at its end, for each source', () => {
  const { memory: failures, pass, lines } = memory();
  for (const _ of [1, 2, 3]) {
    failures.outageOf('a', 'connection refused');
    pass(20);
  }
  failures.outageOf('b', 'not found');
  failures.answered('a');
  failures.answered('a');
  failures.answered('c');
  expect(lines).toEqual([
    ['retrieval-outage-began', { source: 'a', reason: 'connection refused' }],
    ['retrieval-outage-began', { source: 'b', reason: 'not found' }],
    ['retrieval-outage-ended', { source: 'a', durationMilliseconds: 60_000, failures: 3 }],
  ]);
});
