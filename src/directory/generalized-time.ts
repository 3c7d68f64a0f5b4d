/** GeneralizedTime as directories write it (RFC 4517 3.3.13), in UTC only; other zones and impossible dates are refused. */

const form = /^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d))?)?(?:[.,]\d{1,9})?Z$/;

/** @returns the time to the second; undefined when the text is not a GeneralizedTime */
export function dateFromGeneralizedTime(text: string): Date | undefined {
  const [, year, month, day, hour, minute = '00', second = '00'] = form.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`);
  // 31 February and 24 o'clock are read by Date as the day after
  return !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day) && date.getUTCHours() === Number(hour)
    ? date
    : undefined;
}
