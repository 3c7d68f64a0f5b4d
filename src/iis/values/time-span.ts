/** Times as IIS writes them: `hh:mm:ss`, `d.hh:mm:ss` as .NET does, and `d:hh:mm:ss` as its documentation does. */
const pattern = /^(?:(\d{1,8})[.:])?(\d{1,2}):(\d{1,2}):(\d{1,2})$/;

/** @returns milliseconds; undefined for what is no time, such as 25 hours or 60 minutes */
export function readTimeSpan(text: string): number | undefined {
  const [, days = '0', hours, minutes, seconds] = pattern.exec(text) ?? [];
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined;
  const [d, h, m, s] = [days, hours, minutes, seconds].map(Number) as [number, number, number, number];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return (((d * 24 + h) * 60 + m) * 60 + s) * 1000;
}
