/** Which file of a site log a moment belongs to, as IIS names them. */
import { describe, expect, it } from 'vitest';
import { numberOfFile, type TimedPeriod, timedFileName } from '../../../../src/operations/site-log/log-period.ts';

describe('the file of a moment', () => {
  const cases: readonly (readonly [period: TimedPeriod, at: string, name: string])[] = [
    ['Hourly', '2026-11-28T00:00:00.000Z', 'u_ex26112800.log'],
    ['Hourly', '2026-11-28T23:59:59.999Z', 'u_ex26112823.log'],
    ['Daily', '2026-11-28T23:59:59.999Z', 'u_ex261128.log'],
    ['Daily', '2026-11-29T00:00:00.000Z', 'u_ex261129.log'],
    // 2026-11-01 is a Sunday.
    ['Weekly', '2026-11-01T00:00:00.000Z', 'u_ex261101.log'],
    ['Weekly', '2026-11-07T23:59:59.999Z', 'u_ex261101.log'],
    ['Weekly', '2026-11-08T00:00:00.000Z', 'u_ex261102.log'],
    ['Weekly', '2026-11-30T00:00:00.000Z', 'u_ex261105.log'],
    // 2026-08-01 is a Saturday: a week of one day.
    ['Weekly', '2026-08-01T12:00:00.000Z', 'u_ex260801.log'],
    ['Weekly', '2026-08-02T00:00:00.000Z', 'u_ex260802.log'],
    ['Weekly', '2026-08-31T00:00:00.000Z', 'u_ex260806.log'],
    ['Monthly', '2026-12-31T23:59:59.999Z', 'u_ex2612.log'],
    ['Monthly', '2027-01-01T00:00:00.000Z', 'u_ex2701.log'],
  ];
  it.each(cases)('%s at %s is %s', (period, at, name) => {
    expect(timedFileName(period, new Date(at), 'utc')).toBe(name);
  });

  it('by local time is that of the calendar of the host', () => {
    const noon = new Date(2026, 10, 28, 12);
    expect(timedFileName('Hourly', noon, 'local')).toBe('u_ex26112812.log');
    const midnight = new Date(2026, 10, 29);
    expect(timedFileName('Daily', midnight, 'local')).toBe('u_ex261129.log');
    expect(timedFileName('Daily', new Date(midnight.getTime() - 1), 'local')).toBe('u_ex261128.log');
  });
});

describe('the number of a file', () => {
  it.each([
    ['u_extend1.log', 1],
    ['u_extend120.log', 120],
    ['u_extend0.log', undefined],
    ['u_extend01.log', undefined],
    ['u_extend1.log.gz', undefined],
    ['extend1.log', undefined],
    ['u_extend99999999999999999999.log', undefined],
  ])('of %s is %s', (name, number) => {
    expect(numberOfFile(name)).toBe(number);
  });
});
