/** A flood of strangers costs the log a few lines a minute, and none of it goes untold. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CountedWarnings } from '../../../src/operations/counted-warnings.ts';
import { type Logger, silentLogger } from '../../../src/operations/log.ts';

beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-06-01T12:00:00Z') }));
afterEach(() => void vi.useRealTimers());

function recording() {
  const lines: unknown[][] = [];
  const logger: Logger = { ...silentLogger, warn: (...line) => void lines.push(line) };
  return { lines, logger };
}

describe('warnings that strangers cause', () => {
  it('are written in full a few times a minute, then counted and told in one line', () => {
    const { lines, logger } = recording();
    const warnings = new CountedWarnings(2);
    for (let index = 0; index < 1000; index += 1) warnings.warn(logger, 'connection-refused', { index });
    vi.advanceTimersByTime(60_000);
    const firstAt = '2026-06-01T12:00:00.000Z';
    expect(lines).toEqual([
      ['connection-refused', { index: 0 }],
      ['connection-refused', { index: 1 }],
      ['connection-refused-again', { count: 998, firstAt, lastAt: firstAt }],
    ]);
    warnings.warn(logger, 'connection-refused', { index: 1000 });
    expect(lines).toHaveLength(4);
  });

  it('are counted for each event, and a few need no count', () => {
    const { lines, logger } = recording();
    const warnings = new CountedWarnings(1);
    for (const event of ['connection-refused', 'descriptors-exhausted', 'descriptors-exhausted'] as const)
      warnings.warn(logger, event, {});
    warnings.endWindow();
    expect(lines.map(([event]) => event)).toEqual([
      'connection-refused',
      'descriptors-exhausted',
      'descriptors-exhausted-again',
    ]);
  });
});
