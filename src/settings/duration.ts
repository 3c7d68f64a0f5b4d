/** Durations as administrators write them: `500ms`, `30s`, `5m`, `12h`, `1d`. */
import { z } from 'zod';
import { type Milliseconds, milliseconds, seconds } from './units.ts';

const lengths = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const pattern = /^(\d{1,9})(ms|s|m|h|d)$/;

/** Node's timers overflow beyond this; longer durations make no sense for anything configured here. */
const longest = 2 ** 31 - 1;

/** @returns undefined when the text is not a duration */
export function parseDuration(text: string): Milliseconds | undefined {
  const [, count, unit] = pattern.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const value = Number(count) * lengths[unit as keyof typeof lengths];
  return value <= longest ? milliseconds(value) : undefined;
}

/** A duration between two others. */
export function duration(least: string, most: string) {
  const minimum = parseDuration(least) ?? 0;
  const maximum = parseDuration(most) ?? longest;
  const error = `must be a duration from ${least} to ${most} with its unit, such as ${least}`;
  return z
    .string({ error })
    .regex(pattern, { error })
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value !== undefined && value >= minimum && value <= maximum) return value;
      context.issues.push({ code: 'custom', message: error, input: text });
      return z.NEVER;
    });
}

export function durationInSeconds(least: string, most: string) {
  return duration(least, most).transform((time) => seconds(time / 1000));
}
