/** Time as RFC 5280 wants it in certificates and CRLs. */
import { Time, TimeType } from 'pkijs';

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime after, never fractions of a second. */
export function encodeTime(date: Date): Time {
  const value = new Date(Math.floor(date.getTime() / 1000) * 1000);
  return new Time({ type: value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime, value });
}
