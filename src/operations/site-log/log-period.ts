/** How often a site log begins a new file, and what IIS calls that file. */

/** As IIS names them; `MaxSize`: whenever truncateSize is reached. */
export const logPeriods = ['MaxSize', 'Hourly', 'Daily', 'Weekly', 'Monthly'] as const;

type LogPeriod = (typeof logPeriods)[number];

export type TimedPeriod = Exclude<LogPeriod, 'MaxSize'>;

interface Moment {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  /** From 0: Sunday. */
  readonly weekday: number;
}

function momentOf(at: Date, zone: 'local' | 'utc'): Moment {
  if (zone === 'utc') {
    const date = { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
    return { ...date, hour: at.getUTCHours(), weekday: at.getUTCDay() };
  }
  const date = { year: at.getFullYear(), month: at.getMonth() + 1, day: at.getDate() };
  return { ...date, hour: at.getHours(), weekday: at.getDay() };
}

/** A week begins on Sunday, and the first of a month with the month. */
function weekOfMonth({ day, weekday }: Moment): number {
  const weekdayOfFirst = (((weekday - day + 1) % 7) + 7) % 7;
  return Math.floor((day - 1 + weekdayOfFirst) / 7) + 1;
}

const two = (count: number) => String(count % 100).padStart(2, '0');

const stamps: Readonly<Record<TimedPeriod, (moment: Moment) => string>> = {
  Hourly: ({ year, month, day, hour }) => `${two(year)}${two(month)}${two(day)}${two(hour)}`,
  Daily: ({ year, month, day }) => `${two(year)}${two(month)}${two(day)}`,
  Weekly: (moment) => `${two(moment.year)}${two(moment.month)}${two(weekOfMonth(moment))}`,
  Monthly: ({ year, month }) => `${two(year)}${two(month)}`,
};

/** @returns `u_exYYMMDD.log` and the like; `u` says that the file is UTF-8 */
export function timedFileName(period: TimedPeriod, at: Date, zone: 'local' | 'utc'): string {
  return `u_ex${stamps[period](momentOf(at, zone))}.log`;
}

/** @param number from 1 */
export function numberedFileName(number: number): string {
  return `u_extend${number}.log`;
}

/** @returns the number of a file that `numberedFileName` named; undefined for any other */
export function numberOfFile(name: string): number | undefined {
  const [, digits] = /^u_extend([1-9]\d{0,14})\.log$/.exec(name) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
