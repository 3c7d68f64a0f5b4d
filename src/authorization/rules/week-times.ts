/** Hours of the week, as rules name them: days, from and to, by the clock of a time zone. */
import { z } from 'zod';
import type { Decoded } from '../../settings/decoded.ts';

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

const dayNames: readonly string[] = days;
const minutesOfDay = 24 * 60;

const timeOfDay = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, {
  error: "must be a time of day in quotes, such as '08:30', up to '24:00'",
});

/** Undefined where the runtime knows no such zone. */
function zoneFormat(timeZone: string | undefined): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      weekday: 'long',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export const weekTime = z
  .strictObject({
    days: z
      .array(z.enum(days))
      .min(1)
      .max(7)
      .default([...days])
      .describe('Days on which it begins'),
    from: timeOfDay.default('00:00').describe('First minute'),
    to: timeOfDay.default('24:00').describe('First minute no longer in it; before from: of the next day'),
    timeZone: z
      .string()
      .max(64)
      .refine((name) => zoneFormat(name) !== undefined, {
        error: 'must be a time zone of the IANA database, such as Europe/Berlin or UTC',
      })
      .optional()
      .describe('When absent: that of the machine'),
  })
  .refine(({ from, to }) => from !== to && from !== '24:00', {
    error: 'must not begin when it ends, nor begin at 24:00',
    path: ['from'],
  });

export type WeekTime = Decoded<typeof weekTime>;

/** @returns whether one of the times holds at a moment */
export function weekTimes(times: readonly WeekTime[]): (now: Date) => boolean {
  const spans = times.map(({ days: named, from, to, timeZone }) => {
    const [start, end] = [minutesOf(from), minutesOf(to)];
    const length = end > start ? end - start : end + minutesOfDay - start;
    return { clock: zoneClock(timeZone), starts: named.map((day) => days.indexOf(day) * minutesOfDay + start), length };
  });
  return (now) =>
    spans.some(({ clock, starts, length }) => {
      const minute = clock(now);
      return starts.some((start) => (minute - start + minutesOfWeek) % minutesOfWeek < length);
    });
}

const minutesOfWeek = 7 * minutesOfDay;

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

type ZoneClock = (now: Date) => number;

const zoneClocks = new Map<string | undefined, ZoneClock>();

/** Minutes since Monday 00:00 by the clock on the wall. A format takes some microseconds: one minute is asked for once. */
function zoneClock(timeZone: string | undefined): ZoneClock {
  const known = zoneClocks.get(timeZone);
  if (known) return known;
  const format = zoneFormat(timeZone);
  let last = { minute: Number.NaN, ofWeek: Number.NaN };
  const clock = (now: Date) => {
    const minute = Math.floor(now.getTime() / 60_000);
    if (minute !== last.minute) {
      const parts = new Map(format?.formatToParts(now).map(({ type, value }) => [type, value]));
      const day = dayNames.indexOf(parts.get('weekday') ?? '');
      last = { minute, ofWeek: (day * 24 + Number(parts.get('hour'))) * 60 + Number(parts.get('minute')) };
    }
    return last.ofWeek;
  };
  zoneClocks.set(timeZone, clock);
  return clock;
}
