/** Durations: what is one, and how long it is. */
import { describe, expect, it } from 'vitest';
import { duration, parseDuration } from '../../../src/settings/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['0s', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['1d', 86_400_000],
  ])('%s is %i milliseconds', (text, expected) => expect(parseDuration(text)).toBe(expected));

  it.each(['', '30', 's', '-1s', '1.5s', '1 s', '1w', '99d', '1h30m', ' 1s', '1s\n'])('%j is no duration', (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );
});

describe('duration', () => {
  const schema = duration('1s', '1h');
  it.each([
    ['1s', true],
    ['1h', true],
    ['999ms', false],
    ['61m', false],
  ])('%s between 1s and 1h: %s', (text, accepted) => expect(schema.safeParse(text).success).toBe(accepted));
});
